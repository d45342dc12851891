//! First bytes of a connection, or of a run -> is this `MySQL`?

use super::client::{EXECUTE, FETCH, INIT_DB, PING, PREPARE, QUERY, RESET, STATISTICS};
use super::packet;
use crate::decoder::Detection;
use crate::message::Direction;

/// Longest first command that is believed.
const BELIEVED: usize = 1 << 23;

pub(super) fn detect(bytes: &[u8]) -> Detection {
    let (Some(header), Some(first)) = (bytes.first_chunk::<4>(), bytes.get(4)) else {
        // A length below 2^16 and the number 0.
        let possible = bytes.get(2..).is_none_or(|rest| rest.iter().all(|byte| *byte == 0));
        return if possible { Detection::More } else { Detection::No };
    };
    if header[3] != 0 {
        return Detection::No;
    }
    if *first == 0x0a {
        return if is_greeting(bytes) { Detection::Yes(Direction::Response) } else { Detection::No };
    }
    if is_command(bytes) { Detection::Yes(Direction::Request) } else { Detection::No }
}

fn length(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) | usize::from(bytes[1]) << 8 | usize::from(bytes[2]) << 16
}

/// Protocol version 10, a printable version, and the 0 behind the first part of the challenge.
fn is_greeting(bytes: &[u8]) -> bool {
    let body = &bytes[5..];
    let Some((version, rest)) = packet::text(body) else { return false };
    let printable = (3..80).contains(&version.len()) && version.iter().all(u8::is_ascii_graphic);
    printable && rest.get(12) == Some(&0) && bytes.len() <= 4 + length(bytes)
}

/// Is this a command, as far as it can be told? The client waits for the answer, so nothing follows.
pub(super) fn is_command(bytes: &[u8]) -> bool {
    let (Some([_, _, _, 0]), Some((command, body))) =
        (bytes.first_chunk::<4>(), bytes.get(4..).and_then(<[u8]>::split_first))
    else {
        return false;
    };
    let length = length(bytes);
    if length == 0 || length > BELIEVED || bytes.len() > 4 + length {
        return false;
    }
    match *command {
        QUERY => is_text(body.strip_prefix(&[0, 1]).unwrap_or(body)),
        PREPARE => is_text(body),
        INIT_DB => !body.is_empty() && body.iter().all(|byte| *byte > b' '),
        EXECUTE => body.len() >= 9 && body[4] < 16 && body[5..9] == [1, 0, 0, 0],
        FETCH => length == 9,
        PING | RESET | STATISTICS => length == 1,
        _ => false,
    }
}

/// The beginning of a statement.
fn is_text(text: &[u8]) -> bool {
    let begins = text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || b" \t\r\n(/-#".contains(byte));
    begins && text.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace() || *byte == 0x1a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        let request = Detection::Yes(Direction::Request);
        for (bytes, verdict) in [
            (&b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff"[..], Detection::Yes(Direction::Response)),
            (b"\x09\0\0\0\x03SELECT 1", request),
            (b"\x0b\0\0\0\x03\0\x01SELECT 1", request),
            (b"\0\x20\0\0\x03SELECT 1", request),
            (b"\x09\0\0\0\x03SELECT 1 and more", Detection::No),
            (b"\x0a\0\0\0\x17\x01\0\0\0\0\x01\0\0\0", request),
            (b"\x01\0\0\0\x0e", request),
            (b"\x09\0", Detection::More),
            (b"GET / HTTP/1.1\r\n", Detection::No),
            (b"Q\0\0\0\x0dSELECT 1\0", Detection::No),
            (b"\0\0\0\x08\x04\xd2\x16\x2f", Detection::No),
            (b"\x16\x03\x01\x02\0\x01\0", Detection::No),
        ] {
            assert_eq!(detect(bytes), verdict, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
