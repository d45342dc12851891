//! What of `PostgreSQL` has to be captured: headers of all messages but rows and data of `COPY`, which nobody needs to see pass, and the
//! beginnings of some bodies.

use super::detect::{GSS, SSL};
use super::{backend, frontend};
use crate::framing::{Bare, Framing, Keep, Signature};
use crate::message::Direction;

/// Types of messages of the client, and of the server.
const CLIENT: &[u8] = b"QPBFEDCSHXcfdp";
const SERVER: &[u8] = b"1234CDEGHIKNRSTVWZcdnstvA";

pub(super) static FRAMING: Framing = Framing {
    keep,
    // A simple query may hold several statements, or none.
    opens: b"QEF",
    signatures: &[encryption(SSL), encryption(GSS), STARTUP],
    speaks_first: Direction::Request,
    // A letter and a length say too little.
    midway: &[],
    runs: true,
    preface: 0,
    header: 5,
    length_at: 1,
    length_size: 4,
    length_counts: 4,
    big_endian: true,
    // The longest the server takes.
    longest: 1 << 30,
    kind_at: [0, 0],
    // Startup, and what comes before it: a request for encryption, which one byte answers.
    bare: Some(Bare { first: 0, keep: small(frontend::KEEP_STARTUP), answered: 4 }),
};

/// A message of less than 64 KiB that asks for version 3.
const STARTUP: Signature =
    Signature { bytes: [0, 0, 0, 0, 0, 3, 0, 0], mask: [0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0] };

const fn encryption(code: u32) -> Signature {
    let [a, b, c, d] = code.to_be_bytes();
    Signature { bytes: [0, 0, 0, 8, a, b, c, d], mask: [0xff; 8] }
}

fn keep(direction: Direction, kind: u8) -> Keep {
    let (known, bytes) = match direction {
        Direction::Request => (CLIENT, frontend::keep(kind)),
        Direction::Response => (SERVER, backend::keep(kind)),
    };
    match kind {
        _ if !known.contains(&kind) => Keep::Invalid,
        b'd' => Keep::Silent,
        b'D' if direction == Direction::Response => Keep::Silent,
        _ => Keep::Body(small(bytes)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked in the line before")]
const fn small(bytes: usize) -> u16 {
    assert!(bytes < 1 << 15, "what is kept of a message is short");
    bytes as u16
}
