//! Where the probes on a Go function go.

use super::{Abi, GoError, Program};
use crate::elf::{Arch, Function, Image};
use crate::placement::{Convention, Entry, Planner};

/// A function that was looked for.
#[derive(Debug)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Where its probes go, or why there are none.
    pub places: Result<Places, Refusal>,
}

/// Where the probes on a function go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The function.
    pub function: Function,
    /// For calls: where the frame begins, behind the check of the stack's size, from which a call may start anew.
    pub entry: Entry,
    /// For calls: where the check of the stack's size ends. A call passes it once more when its stack has grown.
    pub check: Entry,
    /// For returns: offsets of all return instructions in the file. There are no return probes on Go.
    pub returns: Vec<u64>,
}

/// Why a function has no probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The linker leaves out what nobody calls, the compiler may put it into its callers.
    #[error("not in the program")]
    Absent,
    /// Several are called so.
    #[error("several functions of this name")]
    Ambiguous,
    /// How it gets its arguments is not known.
    #[error("built by an unknown version of Go, so its way of passing arguments is not known")]
    UnknownAbi,
    /// It does not begin as Go's functions do, or its instruction set is not supported.
    #[error("it does not begin with a check of the stack's size, as x86_64 code of Go's compiler does")]
    Beginning,
    /// Its code was not understood to the last instruction.
    #[error("its return instructions cannot be told for certain")]
    Returns,
}

impl Program {
    /// Places probes on functions by name, in the order of `names`.
    pub fn hooks(&self, image: &Image, names: &[&str]) -> Result<Vec<Hook>, GoError> {
        let functions = self.functions(image, |name| names.iter().any(|wanted| wanted.as_bytes() == name))?;
        let abi = self.abi(image);
        let planner = Planner::of_go(image, functions.starts);
        let hook = |name: &&str| {
            let mut same = functions.found.iter().filter(|function| function.name == *name);
            let places = match (same.next(), same.next(), abi) {
                (None, ..) => Err(Refusal::Absent),
                (Some(_), Some(_), _) => Err(Refusal::Ambiguous),
                (Some(_), None, None) => Err(Refusal::UnknownAbi),
                (Some(function), None, Some(abi)) => places(image, &planner, function, abi)?,
            };
            Ok(Hook { name: (*name).to_owned(), places })
        };
        names.iter().map(hook).collect()
    }

    /// Offset in the file of the only call of `last` in `function`, where that comes behind the only call of `first`. `None` unless all three
    /// are in the program, each once, and `function` is understood.
    pub fn call_behind(
        &self,
        image: &Image,
        function: &str,
        first: &str,
        last: &str,
    ) -> Result<Option<u64>, GoError> {
        let names = [function, first, last];
        let functions = self.functions(image, |name| names.iter().any(|wanted| wanted.as_bytes() == name))?;
        let planner = Planner::of_go(image, functions.starts);
        let only = |name: &str| {
            let mut same = functions.found.iter().filter(|function| function.name == name);
            same.next().filter(|_| same.next().is_none())
        };
        let (Some(function), Some(first), Some(last)) = (only(function), only(first), only(last)) else {
            return Ok(None);
        };
        let calls = [first, last].map(|callee| planner.calls(function, callee.address));
        Ok(match (&*calls[0], &*calls[1]) {
            ([first], [last]) if first < last => Some(*last),
            _ => None,
        })
    }
}

fn places(
    image: &Image,
    planner: &Planner<'_>,
    function: &Function,
    abi: Abi,
) -> Result<Result<Places, Refusal>, GoError> {
    let convention = match abi {
        Abi::Stack => Convention::GoStack,
        Abi::Registers => Convention::Go,
    };
    let plan = planner.place(function.clone(), convention)?;
    let Some(entry) = behind_check(image, &plan.entry) else { return Ok(Err(Refusal::Beginning)) };
    let returns = planner.returns(function);
    if returns.is_empty() {
        return Ok(Err(Refusal::Returns));
    }
    Ok(Ok(Places { function: plan.function, entry, check: plan.entry, returns }))
}

/// The instruction that makes the frame. Arguments are still where they were passed. On `x86_64` the first emulated instruction of a function
/// is the jump that ends the check.
fn behind_check(image: &Image, check: &Entry) -> Option<Entry> {
    const LONGEST: usize = 15;
    if image.arch() != Arch::X86_64 {
        return None;
    }
    let jump = image.at_offset(check.offset, LONGEST);
    let length = match *jump.as_slice() {
        [0x76, ..] => 2,
        [0x0f, 0x86, ..] => 6,
        _ => return None,
    };
    let (instruction, emulated) = match image.at_offset(check.offset + length, 4)[..] {
        [0x55, ..] => ("push %rbp", true),
        [0x48, 0x83 | 0x81, 0xec, _] => ("sub $…,%rsp", false),
        // 128 does not fit into one byte with a sign; -128 does.
        [0x48, 0x83, 0xc4, 0x80] => ("add $-0x80,%rsp", false),
        _ => return None,
    };
    (check.depth == 0).then(|| Entry {
        offset: check.offset + length,
        distance: check.distance + length,
        emulated,
        depth: 0,
        instruction: instruction.to_owned(),
    })
}
