//! Tier T1: socket functions of the kernel, entered and left -> `Data` and `Run` records.

use super::{Probe, Program};
use crate::loader::Attach::{Entry, Exit};
use crate::loader::Functions;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "socket_trampolines",
    gives: "plaintext of TCP and unix stream sockets (tier T1), io_uring included",
    without: "the next tier serves, at a higher cost",
    typed_sockets: true,
    // Exits first: an entry whose exit is not told would be a loss.
    programs: &[
        Program { name: "us_fexit_send", optional: None, attach: Exit(Functions::all(SEND)) },
        Program { name: "us_fexit_receive", optional: None, attach: Exit(Functions::all(RECEIVE)) },
        Program { name: "us_fexit_send_page", optional: None, attach: Exit(Functions::present(SEND_PAGE)) },
        Program {
            name: "us_fexit_splice_read",
            optional: None,
            attach: Exit(Functions::present(SPLICE_READ)),
        },
        Program { name: "us_fentry_send", optional: None, attach: Entry(Functions::all(SEND)) },
        Program { name: "us_fentry_receive", optional: None, attach: Entry(Functions::all(RECEIVE)) },
        Program {
            name: "us_fentry_unix_release",
            optional: Some("the end of unix sockets is told from silence"),
            attach: Entry(Functions::all(&["unix_release"])),
        },
    ],
};

/// One level above TCP: what passes here is plaintext where the kernel itself does TLS.
pub(super) const SEND: &[&str] = &["inet_sendmsg", "inet6_sendmsg", "unix_stream_sendmsg"];
pub(super) const RECEIVE: &[&str] = &["inet_recvmsg", "inet6_recvmsg", "unix_stream_recvmsg"];
/// `sendfile` until 6.5, when it became a `sendmsg`.
pub(super) const SEND_PAGE: &[&str] = &["inet_sendpage", "unix_stream_sendpage"];
pub(super) const SPLICE_READ: &[&str] = &["tcp_splice_read", "unix_stream_splice_read"];
