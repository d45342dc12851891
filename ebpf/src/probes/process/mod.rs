//! Life of processes -> `Process` records; keeps the `targets` map true across fork and exit.

use super::{Probe, Program};
use crate::loader::Attach::TypedTracepoint;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "process",
    gives: "children of selected processes, new programs, exits",
    without: "only processes that run when the agent starts are traced",
    typed_sockets: true,
    programs: &[
        Program { name: "us_process_fork", optional: None, attach: TypedTracepoint("sched_process_fork") },
        Program { name: "us_process_exec", optional: None, attach: TypedTracepoint("sched_process_exec") },
        Program { name: "us_process_exit", optional: None, attach: TypedTracepoint("sched_process_exit") },
    ],
};
