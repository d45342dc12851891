//! Life of TCP sockets -> who opened a connection, who listens, `End` records.

use super::{Probe, Program};
use crate::loader::Attach::TypedTracepoint;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "socket_state",
    gives: "side and end of TCP connections",
    without: "sides are told from the bytes, ends from silence",
    typed_sockets: true,
    programs: &[Program {
        name: "us_inet_sock_set_state",
        optional: None,
        attach: TypedTracepoint("inet_sock_set_state"),
    }],
};
