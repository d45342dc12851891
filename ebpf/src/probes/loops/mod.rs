//! Whether the kernel has loops that its verifier goes through just once: tried once at start -> a switch of the other programs.

use super::{Probe, Program};
use crate::loader::Attach::TypedTracepoint;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "loops",
    gives: "the frames of HTTP/2 and of databases followed in the kernel",
    without: "what the budget of a run allows is captured of them",
    typed_sockets: false,
    programs: &[Program {
        name: LOOPS,
        optional: Some(
            "of HTTP/2 and databases, the beginning of each run is captured instead of every frame's",
        ),
        attach: TypedTracepoint("sched_process_exec"),
    }],
};

pub(crate) const LOOPS: &str = "us_try_loops";
