//! Tier T3: socket calls -> `Data` and `Run` records, by the tracepoints at the end of every socket send and receive.

use super::{Probe, Program};
use crate::loader::Attach::TypedTracepoint;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "socket_tracepoints",
    gives: "plaintext of TCP and unix stream sockets (tier T3)",
    without: "the system calls serve, which slows them all a little",
    typed_sockets: true,
    programs: &[
        Program { name: "us_sock_send_length", optional: None, attach: TypedTracepoint("sock_send_length") },
        Program { name: "us_sock_recv_length", optional: None, attach: TypedTracepoint("sock_recv_length") },
        Program {
            name: "us_tcp_sendmsg_locked",
            optional: Some("sends are timed by their end"),
            attach: TypedTracepoint("tcp_sendmsg_locked"),
        },
    ],
};
