//! One program of the object -> the kernel.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use aya_obj::Object;
use aya_obj::btf::{Btf, BtfKind};
use aya_obj::generated::{bpf_attach_type, bpf_prog_type};

use super::sys;

/// Where a program goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attach {
    /// A tracepoint with typed arguments (`tp_btf`).
    TypedTracepoint(&'static str),
    /// Run by user space over the kernel's objects of a kind.
    Iterator {
        /// The kind.
        target: &'static str,
        /// Our map whose elements it visits.
        over: Option<&'static str>,
    },
    /// Code of a process; which, and where in it, is told later ([`crate::uprobes::Uprobes`]).
    Uprobe,
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

/// Size of the verifier's log; it keeps the end when it overflows.
const LOG_SIZE: usize = 1 << 20;

pub(super) fn load(
    object: &Object,
    btf: Option<&OwnedFd>,
    kernel: &Btf,
    name: &str,
    attach: &Attach,
) -> Result<OwnedFd, ProgramError> {
    let missing = || ProgramError::Missing(name.to_owned());
    let program = object.programs.get(name).ok_or_else(missing)?;
    let function = object.functions.get(&program.function_key()).ok_or_else(missing)?;
    let (attach_type, attach_btf_id) = hook(kernel, attach)?;
    let functions = function.func_info.func_info_bytes();
    let lines = function.line_info.line_info_bytes();
    submit(&sys::Program {
        name,
        kind: bpf_prog_type::BPF_PROG_TYPE_TRACING as u32,
        attach_type: attach_type as u32,
        attach_btf_id,
        instructions: &function.instructions,
        license: &program.license,
        btf: btf.map(AsFd::as_fd),
        functions: (&functions, function.func_info.len(), function.func_info_rec_size),
        lines: (&lines, function.line_info.len(), function.line_info_rec_size),
    })
}

/// Gives a program to the kernel.
pub(super) fn submit(program: &sys::Program<'_>) -> Result<OwnedFd, ProgramError> {
    // The log costs time and memory, so it is asked for only when a program was refused.
    sys::load_program(program, None).or_else(|first| {
        let mut log = vec![0; LOG_SIZE];
        sys::load_program(program, Some(&mut log)).map_err(|_| refusal(first, &log))
    })
}

fn hook(kernel: &Btf, attach: &Attach) -> Result<(bpf_attach_type, u32), ProgramError> {
    let (attach_type, symbol, kind, hook) = match attach {
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
        Ok(id) => Ok((attach_type, id)),
        Err(_) => Err(ProgramError::NoHook(hook)),
    }
}

fn refusal(error: io::Error, log: &[u8]) -> ProgramError {
    let log = String::from_utf8_lossy(log);
    let log = log.trim_end_matches('\0').trim();
    // The last lines hold the reason, the statistics after them do not.
    let reason =
        log.lines().rev().find(|line| !line.starts_with("processed ") && !line.is_empty()).unwrap_or("");
    match error.raw_os_error() {
        Some(libc::EPERM) => ProgramError::NotPermitted(reason.to_owned()),
        _ if !log.is_empty() => ProgramError::Verifier(reason.to_owned()),
        _ => ProgramError::Other { step: "loading", error },
    }
}
