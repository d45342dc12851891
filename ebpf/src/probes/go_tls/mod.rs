//! Calls of Go's `crypto/tls` -> plain text of the connections they belong to.

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "go_tls",
    gives: "plain text of TLS connections of Go programs (Go 1.16 and later)",
    without: "connections of Go programs with TLS are counted and not read",
    typed_sockets: true,
    programs: &[
        Program { name: ENTER, optional: None, attach: Uprobe },
        Program { name: LEAVE, optional: None, attach: Uprobe },
    ],
};

/// Runs when one of [`CALLS`] begins.
pub const ENTER: &str = "us_go_tls_enter";
/// Runs where one of them returns.
pub const LEAVE: &str = "us_go_tls_leave";
/// Added to the cookies of programs that pass arguments on the stack (`TLS_STACK` in `maps.h`).
pub const STACK: u64 = 8;

const SENDS: u64 = 1;
const HANDSHAKE: u64 = 4;

/// Functions that move plain text, or ciphertext alone, and what the programs have to know of them (`TLS_*` in `maps.h`). A client alone has
/// no `serverHandshake`, and the other way round.
pub const CALLS: &[(&str, u64)] = &[
    ("crypto/tls.(*Conn).Read", 0),
    ("crypto/tls.(*Conn).Write", SENDS),
    ("crypto/tls.(*Conn).clientHandshake", HANDSHAKE),
    ("crypto/tls.(*Conn).serverHandshake", HANDSHAKE),
];
