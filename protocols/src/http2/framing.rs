//! What of HTTP/2 has to be captured: every header, every header block, and of content no more than counting gRPC
//! messages takes.

use super::frame::{flag, kind};
use crate::framing::{Framing, Keep, Signature};
use crate::message::Direction;

/// Of the payload of `DATA`: padding length, and a gRPC message's prefix of 5 bytes.
const CONTENT: u16 = 8;
/// Of a header block. A frame has 16 KiB unless both sides agree on more.
const BLOCK: u16 = 65_533;
/// What is said at the end of a stream or of the connection: stream and code.
const CODES: u16 = 8;

pub(super) static FRAMING: Framing = Framing {
    keep,
    // With trailers, a request has a second one.
    opens: &[kind::HEADERS],
    signatures: &[Signature { bytes: *b"PRI * HT", mask: [0xff; 8] }],
    speaks_first: Direction::Request,
    midway: MIDWAY,
    runs: false,
    preface: 24,
    header: 9,
    length_at: 0,
    length_size: 3,
    length_counts: 0,
    big_endian: true,
    longest: 1 << 20,
    kind_at: [3, 3],
    bare: None,
};

/// `HEADERS` with a whole block, `WINDOW_UPDATE` and `PING`: by the length or the flags they have to have, and streams below 2^24.
const MIDWAY: &[Signature] = &[
    Signature {
        bytes: [0, 0, 0, kind::HEADERS, flag::END_HEADERS, 0, 0, 0],
        mask: [0xff, 0, 0, 0xff, !(flag::END_STREAM | flag::PADDED | flag::PRIORITY), 0xff, 0, 0],
    },
    Signature {
        bytes: [0, 0, 4, kind::WINDOW_UPDATE, 0, 0, 0, 0],
        mask: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
    },
    Signature {
        bytes: [0, 0, 8, kind::PING, 0, 0, 0, 0],
        mask: [0xff, 0xff, 0xff, 0xff, !flag::ACK, 0xff, 0xff, 0xff],
    },
];

fn keep(_: Direction, frame: u8) -> Keep {
    match frame {
        kind::DATA => Keep::Body(CONTENT),
        kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION => Keep::Body(BLOCK),
        kind::RST_STREAM | kind::GOAWAY => Keep::Body(CODES),
        // Registered extensions lie below 0x20; RFC 8701 reserves one kind in 31 to keep receivers honest.
        _ if frame < 0x20 || (frame - 0x0b).is_multiple_of(0x1f) => Keep::Body(0),
        _ => Keep::Invalid,
    }
}
