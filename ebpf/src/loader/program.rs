//! One program of the object -> the kernel.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use aya_obj::Object;
use aya_obj::btf::{Btf, BtfKind};
use aya_obj::generated::{bpf_attach_type, bpf_prog_type};

use super::{kernel_calls, kprobe, sys};

/// Where a program goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attach {
    /// A tracepoint with typed arguments (`tp_btf`).
    TypedTracepoint(&'static str),
    /// Run by user space over the kernel's objects of a kind.
    Iterator {
        /// The kind.
        target: &'static str,
        /// Those that it visits.
        over: Over,
    },
    /// Where kernel functions begin, by a trampoline (`fentry`).
    Entry(Functions),
    /// Where they return (`fexit`); the program sees arguments and result.
    Exit(Functions),
    /// Where they begin, by a breakpoint or what the kernel makes of it.
    Kprobe(Functions),
    /// Where they return.
    Kretprobe(Functions),
    /// Code of a process; which, and where in it, is told later ([`crate::uprobes::Uprobes`]).
    Uprobe,
}

/// Which of the kernel's objects of a kind an iterator visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// All there are.
    All,
    /// The elements of this map of ours.
    Map(&'static str),
    /// What belongs to the processes that are named with each run.
    Processes,
}

/// Kernel functions with the same parameters, for one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Functions {
    /// All of these ...
    pub(crate) names: &'static [&'static str],
    /// ... and those of these that the kernel has: without them it has no use for the probe either.
    pub(crate) where_present: &'static [&'static str],
}

impl Functions {
    pub(crate) const fn all(names: &'static [&'static str]) -> Self {
        Self { names, where_present: &[] }
    }

    pub(crate) const fn present(where_present: &'static [&'static str]) -> Self {
        Self { names: &[], where_present }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'static str> {
        self.names.iter().chain(self.where_present).copied()
    }
}

impl Attach {
    /// The functions it stands at, if it stands at functions.
    pub(super) fn functions(&self) -> Option<Functions> {
        match self {
            Self::Entry(functions)
            | Self::Exit(functions)
            | Self::Kprobe(functions)
            | Self::Kretprobe(functions) => Some(*functions),
            Self::TypedTracepoint(_) | Self::Iterator { .. } | Self::Uprobe => None,
        }
    }
}

/// Why one program does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// The kernel has no such hook.
    #[error("this kernel has no {0}")]
    NoHook(String),
    /// The kernel refused for want of a privilege, or by policy (lockdown).
    #[error("operation not permitted{}", hint(.0))]
    NotPermitted(String),
    /// The verifier refused.
    #[error("refused by the verifier: {0}")]
    Verifier(String),
    /// Anything else.
    #[error("{step}: {error}")]
    Other {
        /// What was tried.
        step: &'static str,
        /// What the kernel said.
        error: io::Error,
    },
    /// The object does not hold the program.
    #[error("program {0} is not in the object")]
    Missing(String),
}

fn hint(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!(": {log}") }
}

/// Size of the verifier's log, of which the reason and the statistics are asked, not each instruction: before 6.4 it keeps the beginning
/// when it overflows, and the reason comes last.
const LOG_SIZE: usize = 1 << 16;
/// How the statistics behind the reason begin.
const STATISTICS: [&str; 3] = ["processed ", "stack depth ", "verification time "];

/// Loads a program's `copy`, counted from 0; `function` is the one it is for, where the kernel wants to know.
pub(super) fn load(
    object: &Object,
    btf: Option<&OwnedFd>,
    kernel: &Btf,
    name: &str,
    attach: &Attach,
    function: Option<&str>,
    copy: i32,
) -> Result<OwnedFd, ProgramError> {
    let missing = || ProgramError::Missing(name.to_owned());
    let program = object.programs.get(name).ok_or_else(missing)?;
    let code = object.functions.get(&program.function_key()).ok_or_else(missing)?;
    let (kind, attach_type, attach_btf_id) = hook(kernel, attach, function)?;
    let functions = code.func_info.func_info_bytes();
    let lines = code.line_info.line_info_bytes();
    submit(&sys::Program {
        name,
        kind: kind as u32,
        attach_type: attach_type as u32,
        attach_btf_id,
        instructions: &kernel_calls::as_copy(&code.instructions, copy),
        license: &program.license,
        btf: btf.map(AsFd::as_fd),
        functions: (&functions, code.func_info.len(), code.func_info_rec_size),
        lines: (&lines, code.line_info.len(), code.line_info_rec_size),
    })
}

/// Whether the program is one that may have copies.
pub(super) fn has_copies(object: &Object, name: &str) -> bool {
    let code = object.programs.get(name).and_then(|program| object.functions.get(&program.function_key()));
    code.is_some_and(|code| kernel_calls::has_copies(&code.instructions))
}

/// Gives a program to the kernel.
pub(super) fn submit(program: &sys::Program<'_>) -> Result<OwnedFd, ProgramError> {
    // The log costs time and memory, so it is asked for only when a program was refused.
    sys::load_program(program, None).or_else(|first| {
        let mut log = vec![0; LOG_SIZE];
        sys::load_program(program, Some(&mut log)).map_err(|_| refusal(first, &log))
    })
}

/// Whether the kernel takes any program at these hooks: one that does nothing is tried, which costs next to nothing.
pub(super) fn try_hooks(kernel: &Btf, attach: &Attach) -> Result<(), ProgramError> {
    if matches!(attach, Attach::Kprobe(_) | Attach::Kretprobe(_)) {
        return kprobe::unit().map(drop).map_err(|error| ProgramError::Other { step: "attaching", error });
    }
    for function in attach.functions().map_or(&[""][..], |functions| functions.names) {
        let (kind, attach_type, attach_btf_id) = hook(kernel, attach, Some(function))?;
        let program = sys::Program {
            name: "us_try",
            kind: kind as u32,
            attach_type: attach_type as u32,
            attach_btf_id,
            instructions: &sys::NOTHING,
            license: c"Dual BSD/GPL",
            btf: None,
            functions: (&[], 0, 0),
            lines: (&[], 0, 0),
        };
        sys::load_program(&program, None).map_err(|error| refusal(error, &[]))?;
    }
    Ok(())
}

fn hook(
    kernel: &Btf,
    attach: &Attach,
    function: Option<&str>,
) -> Result<(bpf_prog_type, bpf_attach_type, u32), ProgramError> {
    let function = function.unwrap_or_default();
    let at_function = |attach_type| (attach_type, function.to_owned(), BtfKind::Func, no_function(function));
    let (attach_type, symbol, kind, hook) = match attach {
        Attach::Entry(_) => at_function(bpf_attach_type::BPF_TRACE_FENTRY),
        Attach::Exit(_) => at_function(bpf_attach_type::BPF_TRACE_FEXIT),
        // The first of the attach types is 0, which stands for none here.
        Attach::Kprobe(_) | Attach::Kretprobe(_) => {
            return Ok((bpf_prog_type::BPF_PROG_TYPE_KPROBE, bpf_attach_type::BPF_CGROUP_INET_INGRESS, 0));
        }
        Attach::TypedTracepoint(name) => (
            bpf_attach_type::BPF_TRACE_RAW_TP,
            format!("btf_trace_{name}"),
            BtfKind::Typedef,
            format!("tracepoint {name}"),
        ),
        Attach::Iterator { target, .. } => (
            bpf_attach_type::BPF_TRACE_ITER,
            format!("bpf_iter_{target}"),
            BtfKind::Func,
            format!("iterator {target}"),
        ),
        Attach::Uprobe => return Err(ProgramError::NoHook("place yet for this program".to_owned())),
    };
    match kernel.id_by_type_name_kind(&symbol, kind) {
        Ok(id) => Ok((bpf_prog_type::BPF_PROG_TYPE_TRACING, attach_type, id)),
        Err(_) => Err(ProgramError::NoHook(hook)),
    }
}

pub(super) fn no_function(name: &str) -> String {
    format!("function {name}")
}

fn refusal(error: io::Error, log: &[u8]) -> ProgramError {
    // Before 6.4, what was written earlier may stand behind the end.
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let log = String::from_utf8_lossy(&log[..end]);
    let log = log.trim();
    let says = |line: &&str| !line.is_empty() && !STATISTICS.iter().any(|start| line.starts_with(start));
    let reason = log.lines().rev().find(says).unwrap_or("");
    match error.raw_os_error() {
        Some(libc::EPERM) => ProgramError::NotPermitted(reason.to_owned()),
        _ if !reason.is_empty() => ProgramError::Verifier(reason.to_owned()),
        _ => ProgramError::Other { step: "loading", error },
    }
}
