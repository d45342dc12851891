//! Where to put probes in a function so that they cost least.
//!
//! A uprobe replaces one byte of an instruction. When the process runs into it, the kernel either *emulates* that instruction, or executes
//! a copy of it elsewhere with the processor in single-step mode, which costs several times as much (fifteen times in a virtual machine).
//! On `x86_64` it emulates few: a one-byte nop, push of a register, and relative jumps and calls. So the *entry* probe goes to the first
//! of these that every call passes, once, with the arguments still in their registers. The *exit* probe goes to one that every return
//! passes with the result already in place, where there is one. There is no return probe then, which would replace the return address on the
//! process's stack. What cannot be proven falls back to the function's first instruction and a return probe.
//!
//! aarch64 has instructions of one length and gains nothing by this; there it is always the first instruction and a return probe.

mod aarch64;
mod x86_64;

use std::collections::HashSet;
use std::fmt;

use crate::elf::{Arch, Function, Image, ImageError, Names};

/// What must still be untouched at the entry probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The platform's C calls, with this many arguments in registers.
    C {
        /// At most 6 on `x86_64`, 8 on aarch64.
        arguments: u8,
    },
    /// Go's own calls (1.17 and later): every argument register, and the goroutine.
    Go,
    /// Go's before: everything on the stack.
    GoStack,
}

/// Where the probe for the beginning of a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In the file, bytes.
    pub offset: u64,
    /// From the function's first byte, bytes.
    pub distance: u64,
    /// The kernel emulates the instruction there.
    pub emulated: bool,
    /// Bytes by which the stack pointer is lower there than when the function was called.
    pub depth: u32,
    /// The instruction.
    pub instruction: String,
}

/// Where the probe for the end of a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// An ordinary probe on an emulated instruction that every return passes, with the result in its register.
    Site {
        /// In the file, bytes.
        offset: u64,
        /// From the function's first byte, bytes.
        distance: u64,
        /// The instruction.
        instruction: String,
    },
    /// A return probe, set at an instruction where the return address is on top of the stack.
    Probe {
        /// In the file, bytes.
        offset: u64,
        /// From the function's first byte, bytes.
        distance: u64,
        /// The kernel emulates the instruction there.
        emulated: bool,
        /// Why there is no site.
        why: String,
    },
}

/// Where the probes of a function go. `Display` explains it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The function.
    pub function: Function,
    /// For calls.
    pub entry: Entry,
    /// For returns.
    pub exit: Exit,
    /// Why the entry is not on an emulated instruction.
    pub entry_why: Option<String>,
}

/// Plans probes in one image. Holds its symbols, so drop it when done.
#[derive(Debug)]
pub struct Planner<'a> {
    image: &'a Image,
    names: Names,
    /// Slots through which functions are called that do not return.
    deadly: HashSet<u64>,
}

/// Functions that end the program. What stands behind a call of them is not what is executed next.
const DEADLY: &[&str] = &[
    "__stack_chk_fail",
    "abort",
    "exit",
    "_exit",
    "_Exit",
    "quick_exit",
    "__assert_fail",
    "__assert_perror_fail",
    "__fortify_fail",
    "__chk_fail",
    "__longjmp_chk",
    "longjmp",
    "siglongjmp",
    "pthread_exit",
    "__cxa_throw",
    "__cxa_rethrow",
    "__cxa_bad_cast",
    "__cxa_throw_bad_array_new_length",
    "_Unwind_Resume",
    "_ZSt9terminatev",
    "_ZSt17__throw_bad_allocv",
    "_ZSt20__throw_length_errorPKc",
    "_ZSt20__throw_out_of_rangePKc",
    "_ZSt24__throw_out_of_range_fmtPKcz",
    "_ZSt19__throw_logic_errorPKc",
];

/// Whether the kernel emulates the instruction that these bytes begin with.
pub(crate) fn is_emulated(arch: Arch, code: &[u8]) -> bool {
    match arch {
        Arch::X86_64 => x86_64::is_emulated(code),
        Arch::Aarch64 => aarch64::is_emulated(code),
    }
}

impl<'a> Planner<'a> {
    /// Reads the image's symbols.
    pub fn new(image: &'a Image) -> Result<Self, ImageError> {
        Ok(Self { image, names: image.names()?, deadly: image.slots_of(DEADLY)? })
    }

    /// For a Go program, whose functions begin at `starts`, ascending.
    pub fn of_go(image: &'a Image, starts: Vec<u64>) -> Self {
        Self { image, names: Names::of_starts(starts), deadly: HashSet::new() }
    }

    /// Finds a function by `NAME` or `NAME@VERSION`.
    pub fn function(&self, name: &str) -> Result<Function, ImageError> {
        self.names.function(name).filter(|function| self.image.is_code(function.address)).ok_or_else(|| {
            ImageError::NoFunction { path: self.image.path().to_owned(), name: name.to_owned() }
        })
    }

    /// Places the probes of a function of that name.
    pub fn plan(&self, name: &str, convention: Convention) -> Result<Plan, ImageError> {
        self.place(self.function(name)?, convention)
    }

    /// Places the probes of a function found by other means.
    pub fn place(&self, function: Function, convention: Convention) -> Result<Plan, ImageError> {
        let offset = self.offset(function.address)?;
        let (entry, entry_why, exit) = match self.image.arch() {
            Arch::X86_64 => x86_64::place(self, &function, convention),
            Arch::Aarch64 => aarch64::place(self, &function),
        };
        let absolute = |distance: u64| offset + distance;
        Ok(Plan {
            entry: Entry { offset: absolute(entry.distance), ..entry },
            exit: match exit {
                Exit::Site { distance, instruction, .. } => {
                    Exit::Site { offset: absolute(distance), distance, instruction }
                }
                Exit::Probe { distance, emulated, why, .. } => {
                    Exit::Probe { offset: absolute(distance), distance, emulated, why }
                }
            },
            entry_why,
            function,
        })
    }

    /// File offsets of all return instructions of a function, for languages in which a return probe is fatal: Go moves its stacks and
    /// checks its return addresses. Empty when they cannot be found for certain.
    pub fn returns(&self, function: &Function) -> Vec<u64> {
        let addresses = match self.image.arch() {
            Arch::X86_64 => x86_64::returns(self, function),
            Arch::Aarch64 => aarch64::returns(self, function),
        };
        addresses.into_iter().filter_map(|address| self.image.offset_of(address)).collect()
    }

    /// File offsets of the direct calls of the function at `callee` in another one, all of them emulated. Empty when they cannot be found for
    /// certain, or the kernel emulates no calls (aarch64: where a probe costs the same anywhere).
    pub fn calls(&self, function: &Function, callee: u64) -> Vec<u64> {
        let addresses = match self.image.arch() {
            Arch::X86_64 => x86_64::calls(self, function, callee),
            Arch::Aarch64 => Vec::new(),
        };
        addresses.into_iter().filter_map(|address| self.image.offset_of(address)).collect()
    }

    fn offset(&self, address: u64) -> Result<u64, ImageError> {
        self.image.offset_of(address).ok_or_else(|| self.image.damaged("a function outside the file"))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Function { name, address, size } = &self.function;
        writeln!(f, "{name} at {address:#x}, {size} bytes")?;
        let cost = |emulated: bool| if emulated { "emulated" } else { "single-stepped" };
        let Entry { offset, distance, emulated, instruction, .. } = &self.entry;
        writeln!(
            f,
            "  entry   +{distance:#x} (file offset {offset:#x})  {instruction:<28} {}",
            cost(*emulated)
        )?;
        if let Some(why) = &self.entry_why {
            writeln!(f, "          {why}")?;
        }
        match &self.exit {
            Exit::Site { offset, distance, instruction } => {
                writeln!(
                    f,
                    "  return  +{distance:#x} (file offset {offset:#x})  {instruction:<28} emulated"
                )?;
                writeln!(f, "          every return passes it with the result in place; no return probe")
            }
            Exit::Probe { offset, distance, emulated, why } => {
                writeln!(
                    f,
                    "  return  +{distance:#x} (file offset {offset:#x})  {:<28} {}",
                    "return probe",
                    cost(*emulated)
                )?;
                writeln!(f, "          {why}")
            }
        }
    }
}
