//! Where state of connections and threads can be kept: tried once at start -> switches of the other programs.

use super::{Probe, Program};
use crate::loader::Attach::TypedTracepoint;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "storage",
    gives: "state of connections and threads that the kernel frees with its owner",
    without: "tables of fixed size stand in and forget the least used",
    typed_sockets: true,
    programs: &[
        Program {
            name: SOCKETS,
            optional: Some("a table of 8192 connections stands in and forgets the least used"),
            attach: TypedTracepoint("inet_sock_set_state"),
        },
        Program {
            name: TASKS,
            optional: Some("a table of 8192 threads stands in and forgets the least used"),
            attach: TypedTracepoint("sched_process_exec"),
        },
    ],
};

pub(crate) const SOCKETS: &str = "us_try_socket_storage";
pub(crate) const TASKS: &str = "us_try_task_storage";
