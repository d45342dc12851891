//! What no event tells: bytes that passed on connections now silent, ports that were listened on before the agent came.

use super::{Probe, Program};
use crate::loader::Attach::Iterator;
use crate::loader::Over;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "socket_iterators",
    gives: "end of long responses without waiting for the next request, side of connections older than the agent",
    without: "such spans come with the next request or at the connection's end",
    typed_sockets: true,
    programs: &[
        Program {
            name: FLUSH,
            optional: None,
            attach: Iterator { target: "bpf_sk_storage_map", over: Over::Map("conns") },
        },
        Program {
            name: FLUSH_FILES,
            optional: None,
            attach: Iterator { target: "task_file", over: Over::Processes },
        },
        Program {
            name: FLUSH_BY_SOCKET,
            optional: None,
            attach: Iterator { target: "bpf_map_elem", over: Over::Map("conns_by_socket") },
        },
        Program {
            name: LISTENERS,
            optional: Some("the side of connections older than the agent is told from their bytes"),
            attach: Iterator { target: "task_file", over: Over::All },
        },
    ],
};

/// Where connections are kept in socket storage, ...
pub(crate) const FLUSH: &str = "us_flush_conns";
/// ... which the kernel frees under whoever visits it, ...
pub(crate) const FLUSH_FILES: &str = "us_flush_files";
/// ... and where they are kept by the address of their socket.
pub(crate) const FLUSH_BY_SOCKET: &str = "us_flush_by_socket";
pub(crate) const LISTENERS: &str = "us_find_listeners";
