//! Tier T3 on kernels without the socket tracepoints: system calls -> `Data` and `Run` records, sockets found by file descriptor.

use super::{Probe, Program};
use crate::loader::Attach::TypedTracepoint;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "socket_syscalls",
    gives: "plaintext of TCP and unix stream sockets (tier T3, by system calls)",
    without: "no payload where the tiers above do not work either",
    typed_sockets: false,
    programs: &[
        Program { name: "us_sys_enter", optional: None, attach: TypedTracepoint("sys_enter") },
        Program { name: "us_sys_exit", optional: None, attach: TypedTracepoint("sys_exit") },
    ],
};
