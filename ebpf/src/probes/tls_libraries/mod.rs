//! Calls of TLS libraries' functions -> plain text of the connections they belong to.

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;
use crate::placement::Convention;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "tls_libraries",
    gives: "plain text of TLS connections of OpenSSL 1.1 and 3, and of GnuTLS",
    without: "connections with TLS are counted and not read",
    typed_sockets: true,
    programs: &[
        Program { name: ENTER, optional: None, attach: Uprobe },
        Program { name: LEAVE, optional: None, attach: Uprobe },
        Program { name: FREE, optional: None, attach: Uprobe },
        Program { name: CIPHER, optional: None, attach: Uprobe },
    ],
};

/// Runs when one of [`Library::calls`] begins.
pub const ENTER: &str = "us_tls_enter";
/// Runs when one of them returns.
pub const LEAVE: &str = "us_tls_leave";
/// Runs when [`Library::release`] begins.
pub const FREE: &str = "us_tls_free";
/// Runs when [`OUTPUT`] begins.
pub const CIPHER: &str = "us_tls_cipher";

const SENDS: u64 = 1;
const INDIRECT: u64 = 2;
const HANDSHAKE: u64 = 4;

/// Functions of a library.
#[derive(Debug)]
pub struct Library {
    /// With what the name of its file begins.
    pub file: &'static str,
    /// Those that move plain text, or ciphertext alone.
    pub calls: &'static [Call],
    /// The one that frees the library's object.
    pub release: (&'static str, Convention),
}

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

/// OpenSSL and its kin. Before 1.1.1 there are no `_ex` forms; `SSL_connect` and `SSL_accept` go through `SSL_do_handshake`.
pub static OPENSSL: Library = Library {
    file: "libssl",
    calls: &[
        call("SSL_read", true, 0, 3),
        call("SSL_write", true, SENDS, 3),
        call("SSL_read_ex", false, INDIRECT, 4),
        call("SSL_write_ex", false, SENDS | INDIRECT, 4),
        call("SSL_do_handshake", true, HANDSHAKE, 1),
    ],
    release: ("SSL_free", Convention::C { arguments: 1 }),
};

/// `GnuTLS`. Its objects send and receive on their own, unless the program has given them functions for it, which they call.
pub static GNUTLS: Library = Library {
    file: "libgnutls",
    calls: &[
        call("gnutls_record_recv", true, 0, 3),
        call("gnutls_record_send", true, SENDS, 3),
        call("gnutls_handshake", true, HANDSHAKE, 1),
    ],
    release: ("gnutls_deinit", Convention::C { arguments: 1 }),
};

/// The function by which ciphertext leaves OpenSSL. It may be in another file.
pub const OUTPUT: (&str, Convention) = ("BIO_write", Convention::C { arguments: 3 });

const fn call(function: &'static str, required: bool, cookie: u64, arguments: u8) -> Call {
    Call { function, required, cookie, convention: Convention::C { arguments } }
}
