//! What no event tells: bytes that passed on connections now silent, ports that were listened on before the agent came.

use super::{Probe, Program};
use crate::loader::Attach::Iterator;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "socket_iterators",
    gives: "end of long responses without waiting for the next request, side of connections older than the agent",
    without: "such spans come with the next request or at the connection's end",
    programs: &[
        Program { name: FLUSH, optional: None, attach: Iterator("bpf_sk_storage_map") },
        Program {
            name: LISTENERS,
            optional: Some("the side of connections older than the agent is told from their bytes"),
            attach: Iterator("task_file"),
        },
    ],
};

pub(crate) const FLUSH: &str = "us_flush_conns";
pub(crate) const LISTENERS: &str = "us_find_listeners";
