//! First bytes of a chunk -> does HTTP/2 begin here, or go on?

use super::frame::{HEADER, Header, PREFACE, flag, kind, way_of_block};
use crate::decoder::Detection;
use crate::message::Direction;

/// Settings a server's first frame may hold at most to be believed.
const MAX_SETTINGS: u32 = 16;

/// Knows a client's preface, a server's first `SETTINGS`, and where a connection is joined in the middle, a header
/// block that begins as they do.
pub(super) fn detect(bytes: &[u8]) -> Detection {
    let known = bytes.len().min(PREFACE.len());
    if bytes[..known] == PREFACE[..known] {
        let full = known == PREFACE.len();
        return if full { Detection::Yes(Direction::Request) } else { Detection::More };
    }
    let Some(header) = bytes.first_chunk::<HEADER>().map(|bytes| Header::parse(*bytes)) else {
        return if may_be_frame(bytes) { Detection::More } else { Detection::No };
    };
    match header.kind {
        kind::SETTINGS => settings(&header, &bytes[HEADER..]),
        kind::HEADERS => headers(&header, &bytes[HEADER..]),
        _ => Detection::No,
    }
}

/// Whether the beginning of a frame's header is one of the two that count.
fn may_be_frame(bytes: &[u8]) -> bool {
    let kind = bytes.get(3).is_none_or(|&kind| matches!(kind, kind::HEADERS | kind::SETTINGS));
    bytes[0] == 0 && kind
}

/// A client's are behind its preface, so these are a server's.
fn settings(header: &Header, payload: &[u8]) -> Detection {
    let plausible =
        header.flags == 0 && header.is_usual(Direction::Response) && header.length <= 6 * MAX_SETTINGS;
    if !plausible {
        return Detection::No;
    }
    // Each is an identifier, of which few are in use, and a value.
    let identifiers = payload.chunks(6).take(header.length as usize / 6);
    let known = identifiers.clone().all(|setting| match setting {
        [0] => true,
        [0, id, ..] => (1..=0x10).contains(id),
        _ => false,
    });
    let Some((_, next)) = payload.split_at_checked(header.length as usize).filter(|_| known) else {
        return if known { Detection::More } else { Detection::No };
    };
    // An empty frame is nine bytes of which eight are zero, which may be anything: the next has to be one too.
    match next.first_chunk::<HEADER>() {
        _ if header.length > 0 => Detection::Yes(Direction::Response),
        Some(next) if Header::parse(*next).is_usual(Direction::Response) => {
            Detection::Yes(Direction::Response)
        }
        Some(_) => Detection::No,
        None => Detection::More,
    }
}

fn headers(header: &Header, payload: &[u8]) -> Detection {
    let Some(&first) = payload.get(header.prefix()) else {
        return if header.is_usual(Direction::Response) { Detection::More } else { Detection::No };
    };
    let way = way_of_block(first).filter(|way| header.is_usual(*way) && header.stream % 2 == 1);
    // A block that is not the whole of one could be anything.
    let whole = header.has(flag::END_HEADERS) && header.length as usize > header.prefix();
    way.filter(|_| whole).map_or(Detection::No, Detection::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_what_begins() {
        assert_eq!(detect(PREFACE), Detection::Yes(Direction::Request));
        let settings = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64";
        assert_eq!(detect(settings), Detection::Yes(Direction::Response));
        let empty = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00";
        assert_eq!(detect(empty), Detection::Yes(Direction::Response));
        for cut in 1..settings.len() {
            assert_eq!(detect(&settings[..cut]), Detection::More, "{cut}");
        }
        for cut in 1..PREFACE.len() {
            assert_eq!(detect(&PREFACE[..cut]), Detection::More, "{cut}");
        }
    }

    #[test]
    fn recognises_header_blocks() {
        let frame = |flags: u8, block: &[u8]| {
            let length = u8::try_from(block.len()).expect("it is short");
            [&[0, 0, length, 1, flags, 0, 0, 0, 5], block].concat()
        };
        assert_eq!(detect(&frame(0x5, b"\x82\x86")), Detection::Yes(Direction::Request));
        assert_eq!(detect(&frame(0x25, b"\x00\x00\x00\x00\x10\x83\x86")), Detection::Yes(Direction::Request));
        assert_eq!(detect(&frame(0x4, b"\x88\xbe")), Detection::Yes(Direction::Response));
        assert_eq!(detect(&frame(0x4, b"\x48\x03302")), Detection::Yes(Direction::Response));
        assert_eq!(detect(&frame(0x4, b"\xbe\xbf")), Detection::No, "either way");
        assert_eq!(detect(&frame(0x0, b"\x82\x86")), Detection::No, "not the whole block");
        assert_eq!(detect(&frame(0x44, b"\x82\x86")), Detection::No, "no such flag");
    }

    #[test]
    fn leaves_other_protocols_alone() {
        let others: &[&[u8]] = &[
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"POST / HTTP/1.1\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
            b"\x00\x00\x00\x54\x00\x03\x00\x00user\x00",
            b"\x00\x00\x00\x23\x00\x12\x00\x04\x00\x00\x00\x01\x00\x07console",
            b"\x00\x00\x01\x01\x00\x03\x00\x09\x00\x00\x00\x01",
            b"Q\x00\x00\x00\x0dselect 1\x00",
            b"*1\r\n$4\r\nPING\r\n",
            b"\x4a\x00\x00\x00\x0a8.0.36\x00",
            &[0; 64],
            &[1; 64],
        ];
        for bytes in others {
            assert_eq!(detect(bytes), Detection::No, "{:?}", bytes.escape_ascii().to_string());
        }
    }
}
