//! Calls of OpenSSL's functions -> plain text of the connections they belong to.

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;
use crate::placement::Convention;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "openssl",
    gives: "plain text of TLS connections of OpenSSL 1.1 and 3",
    without: "connections with TLS are counted and not read",
    typed_sockets: true,
    programs: &[
        Program { name: ENTER, optional: None, attach: Uprobe },
        Program { name: LEAVE, optional: None, attach: Uprobe },
        Program { name: FREE, optional: None, attach: Uprobe },
        Program { name: CIPHER, optional: None, attach: Uprobe },
    ],
};

/// Runs when one of [`CALLS`] begins.
pub const ENTER: &str = "us_openssl_enter";
/// Runs when one of them returns.
pub const LEAVE: &str = "us_openssl_leave";
/// Runs when `SSL_free` begins.
pub const FREE: &str = "us_openssl_free";
/// Runs when [`OUTPUT`] begins.
pub const CIPHER: &str = "us_openssl_cipher";

const SENDS: u64 = 1;
const INDIRECT: u64 = 2;
const HANDSHAKE: u64 = 4;

/// A function that is seen from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Its name.
    pub function: &'static str,
    /// Without it, no plain text can be had of this library.
    pub required: bool,
    /// What the programs have to know of it (`TLS_*` in `maps.h`).
    pub cookie: u64,
    /// How it is called.
    pub convention: Convention,
}

/// Functions that move plain text, or ciphertext alone. OpenSSL before 1.1.1 has no `_ex` forms; `SSL_connect` and `SSL_accept` go through
/// `SSL_do_handshake`.
pub const CALLS: &[Call] = &[
    call("SSL_read", true, 0, 3),
    call("SSL_write", true, SENDS, 3),
    call("SSL_read_ex", false, INDIRECT, 4),
    call("SSL_write_ex", false, SENDS | INDIRECT, 4),
    call("SSL_do_handshake", true, HANDSHAKE, 1),
];

/// The function that frees a library's object.
pub const RELEASE: (&str, Convention) = ("SSL_free", Convention::C { arguments: 1 });

/// The function by which ciphertext leaves the library. It may be in another file.
pub const OUTPUT: (&str, Convention) = ("BIO_write", Convention::C { arguments: 3 });

const fn call(function: &'static str, required: bool, cookie: u64, arguments: u8) -> Call {
    Call { function, required, cookie, convention: Convention::C { arguments } }
}
