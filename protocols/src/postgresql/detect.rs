//! Bytes -> do messages of `PostgreSQL` begin, or end, here?

use crate::decoder::Detection;
use crate::message::Direction;

/// Codes in the place of a protocol version.
pub(super) const CANCEL: u32 = 80_877_102;
pub(super) const SSL: u32 = 80_877_103;
pub(super) const GSS: u32 = 80_877_104;
/// Longest message that is believed, of those that must be recognised.
const BELIEVED: u32 = 1 << 24;
/// Longest startup message the server takes.
pub(super) const MAX_STARTUP: u32 = 10_000;

pub(super) fn detect(bytes: &[u8]) -> Detection {
    if bytes.len() < 5 {
        let possible = match bytes {
            [] => true,
            [0, rest @ ..] => rest.first().is_none_or(|byte| *byte == 0),
            [kind, rest @ ..] => b"QPBSFEDCH12T".contains(kind) && rest.first().is_none_or(|byte| *byte == 0),
        };
        return if possible { Detection::More } else { Detection::No };
    }
    if bytes[0] == 0 {
        return startup(bytes);
    }
    if is_request(bytes) {
        return Detection::Yes(Direction::Request);
    }
    if is_response(bytes) { Detection::Yes(Direction::Response) } else { Detection::No }
}

fn startup(bytes: &[u8]) -> Detection {
    let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    if !(8..=MAX_STARTUP).contains(&length) {
        return Detection::No;
    }
    let Some(code) = bytes.get(4..8) else {
        return if matches!(bytes[4], 0 | 4) { Detection::More } else { Detection::No };
    };
    match u32::from_be_bytes([code[0], code[1], code[2], code[3]]) {
        SSL | GSS if length == 8 => Detection::Yes(Direction::Request),
        CANCEL if length >= 16 => Detection::Yes(Direction::Request),
        version if version >> 16 == 3 && version & 0xffff < 10_000 && length > 8 => {
            Detection::Yes(Direction::Request)
        }
        _ => Detection::No,
    }
}

/// Is this a type of message that the direction has, with a length it can have?
pub(super) fn is_header(direction: Direction, header: &[u8]) -> bool {
    let [kind, a, b, c, d] = *header else { return false };
    let length = u32::from_be_bytes([a, b, c, d]);
    let fits = match direction {
        Direction::Request => match kind {
            b'S' | b'H' | b'X' | b'c' => length == 4,
            b'Q' | b'f' => length >= 5,
            b'P' => length >= 8,
            b'B' | b'F' => length >= 12,
            b'E' => length >= 9,
            b'D' | b'C' => length >= 6,
            b'd' | b'p' => length >= 4,
            _ => false,
        },
        Direction::Response => match kind {
            b'1' | b'2' | b'3' | b'n' | b's' | b'I' | b'c' => length == 4,
            b'Z' => length == 5,
            b'd' => length >= 4,
            b'C' | b'E' | b'N' => length >= 5,
            b'T' | b't' | b'D' | b'S' => length >= 6,
            b'G' | b'H' | b'W' => length >= 7,
            b'A' | b'K' | b'R' | b'V' | b'v' => length >= 8,
            _ => false,
        },
    };
    fits && length < 1 << 31
}

/// One message of a chain.
struct Link<'a> {
    kind: u8,
    /// The body, as far as it is there.
    body: &'a [u8],
    /// Length of the whole message.
    length: usize,
    whole: bool,
}

fn link(direction: Direction, bytes: &[u8]) -> Option<Link<'_>> {
    let header = bytes.get(..5)?;
    let size = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
    if !is_header(direction, header) || size > BELIEVED {
        return None;
    }
    let length = 1 + size as usize;
    let whole = bytes.len() >= length;
    Some(Link { kind: header[0], body: &bytes[5..length.min(bytes.len())], length, whole })
}

/// Number of whole messages that `bytes` consist of; the last may be cut. `None`: they do not.
fn chain(direction: Direction, mut bytes: &[u8]) -> Option<usize> {
    let mut count = 0;
    while bytes.len() >= 5 {
        let link = link(direction, bytes)?;
        if !link.whole {
            return Some(count);
        }
        count += 1;
        bytes = &bytes[link.length..];
    }
    Some(count)
}

/// Does a client's message begin here? Only those that open or close an exchange count.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    let Some(first) = link(Direction::Request, bytes) else { return false };
    let body = first.body;
    let content = match first.kind {
        b'Q' => is_text(body, first.whole),
        b'P' => name(body).is_some_and(|rest| {
            let text = if first.whole { rest.split(|byte| *byte == 0).next().unwrap_or(rest) } else { rest };
            printable(text.split(|byte| *byte == 0).next().unwrap_or(text))
        }),
        b'B' => name(body).and_then(name).is_some(),
        b'E' => name(body).is_some_and(|rest| rest.len() == 4),
        b'D' | b'C' => {
            matches!(body.first(), Some(b'S' | b'P')) && name(&body[1..]).is_some_and(<[u8]>::is_empty)
        }
        b'S' | b'H' => true,
        _ => false,
    };
    content && chain(Direction::Request, bytes).is_some()
}

/// Do messages of a server begin here? A single one is not believed.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    let Some(first) = link(Direction::Response, bytes) else { return false };
    let plausible = match first.kind {
        b'1' | b'2' | b'3' | b'n' | b's' | b'I' | b't' | b'T' | b'G' | b'H' => true,
        b'C' => first.whole && tag(first.body).is_some(),
        b'E' | b'N' => matches!(first.body, [b'S', ..]),
        b'Z' => matches!(first.body, [b'I' | b'T' | b'E']),
        _ => false,
    };
    plausible && chain(Direction::Response, bytes).is_some_and(|count| count >= 2)
}

/// Can what a server says begin here, where it begins to speak?
pub(super) fn may_respond(bytes: &[u8]) -> bool {
    link(Direction::Response, bytes).is_some() && chain(Direction::Response, bytes).is_some()
}

/// A text with its NUL, if it is whole.
fn is_text(body: &[u8], whole: bool) -> bool {
    match body.split_last() {
        Some((0, text)) if whole => printable(text),
        _ => !whole && printable(body),
    }
}

fn printable(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c))
}

/// Takes a name that ends with NUL off the front.
fn name(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().take(256).position(|byte| *byte == 0)?;
    printable(&bytes[..end]).then(|| &bytes[end + 1..])
}

/// The tag of a `CommandComplete`.
pub(super) fn tag(body: &[u8]) -> Option<&str> {
    let (0, tag) = body.split_last()? else { return None };
    let known = tag.first().is_some_and(u8::is_ascii_uppercase)
        && tag.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ');
    known.then(|| std::str::from_utf8(tag).ok()).flatten()
}

/// How the last bytes of a run of responses end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// Where the last result begins, or else what follows it.
    pub(super) at: usize,
    /// Whether it succeeded; `None`: there is none.
    pub(super) done: Option<bool>,
}

/// Finds the results and the `ReadyForQuery` at the end of a run, of which only the last bytes are there.
pub(super) fn ending(tail: &[u8]) -> Option<Ending> {
    (0..tail.len()).find_map(|at| results(tail, at))
}

/// The messages from `at` on, if they are nothing but results to the very end.
fn results(tail: &[u8], at: usize) -> Option<Ending> {
    let mut ending = Ending { at, done: None };
    let mut next = at;
    let mut last = 0;
    while next < tail.len() {
        let link = link(Direction::Response, &tail[next..]).filter(|link| link.whole)?;
        last = link.kind;
        let done = match link.kind {
            b'C' => Some(tag(link.body).map(|_| true)?),
            b's' | b'I' => Some(true),
            b'E' => Some(matches!(link.body, [b'S', .., 0, 0]).then_some(false)?),
            b'Z' if matches!(link.body, [b'I' | b'T' | b'E']) => None,
            b'3' | b'c' | b'n' | b'1' | b'2' => None,
            b'S' if printable(link.body.split(|byte| *byte == 0).next().unwrap_or_default()) => None,
            _ => return None,
        };
        if done.is_some() {
            ending = Ending { at: next, done };
        }
        next += link.length;
    }
    matches!(last, b'Z' | b'C' | b's').then_some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YES: Detection = Detection::Yes(Direction::Request);

    #[test]
    fn the_first_bytes_tell() {
        for (bytes, verdict) in [
            (&b"\0\0\0\x08\x04\xd2\x16\x2f"[..], YES),
            (b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02", YES),
            (b"\0\0\0\x0f\0\x03\0\0user\0a\0", YES),
            (b"\0\0\0", Detection::More),
            (b"Q\0\0\0\x0dSELECT 1\0", YES),
            (b"Q\0\0\x10\0SELECT 1", YES),
            (b"B\0\0\0\x10\0ps\0\0\0\0\0\0\0\x01E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04", Detection::No),
            (b"B\0\0\0\x0e\0ps\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04", YES),
            (b"P\0\0\0\x10\0SELECT 1\0\0\0", YES),
            (b"POST / HTTP/1.1\r\n", Detection::No),
            (b"\x16\x03\x01\x02\0\x01\0", Detection::No),
            // MySQL: a packet of 0x51 bytes.
            (b"Q\0\0\0\x03SELECT 1", Detection::No),
            (b"P\0\0\0\x16SELECT 1 FROM a WHERE b", Detection::No),
            (b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I", Detection::Yes(Direction::Response)),
        ] {
            assert_eq!(detect(bytes), verdict, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn the_end_of_a_run_is_found_in_its_last_bytes() {
        let tail = b"some of a row C\0\0\0\x0dSELECT 7\0Z\0\0\0\x05I";
        assert_eq!(ending(tail), Some(Ending { at: 14, done: Some(true) }));
        assert_eq!(ending(b"of an error\0\0Z\0\0\0\x05E"), Some(Ending { at: 13, done: None }));
        assert_eq!(ending(b"\0\0\0\x05I"), None);
        assert_eq!(ending(b"row after row"), None);
    }
}
