//! Bodies of packets -> what they say.

/// More results of the same command follow.
pub(super) const MORE_RESULTS: u16 = 0x0008;
/// The rows will be fetched by a command of their own.
pub(super) const CURSOR_EXISTS: u16 = 0x0040;
/// Backslashes in strings mean nothing.
pub(super) const NO_BACKSLASH_ESCAPES: u16 = 0x0200;

/// Takes an integer of variable length off the front.
pub(super) fn integer(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let size = match first {
        0..=0xfa => return Some((u64::from(*first), rest)),
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        _ => return None,
    };
    let value = rest.get(..size)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    Some((value, &rest[size..]))
}

/// Takes a text that ends with NUL off the front.
pub(super) fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn short(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.first_chunk::<2>()?))
}

/// The packet that ends a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Final {
    /// Success, with the number of rows changed where the packet has it.
    Ok { affected: u64, status: u16 },
    /// Failure and its code.
    Error(u16),
}

/// Reads `OK`, as an answer (first byte 0) or at the end of rows (0xfe), or `EOF`. `length` is that of the whole packet.
pub(super) fn success(body: &[u8], length: u64) -> Option<Final> {
    let (first, rest) = body.split_first()?;
    match first {
        0xfe if length == 5 => Some(Final::Ok { affected: 0, status: short(rest.get(2..)?)? }),
        0x00 | 0xfe if (7..0xff_ffff).contains(&length) => {
            let (affected, rest) = integer(rest)?;
            let (_, rest) = integer(rest)?;
            Some(Final::Ok { affected, status: short(rest)? })
        }
        _ => None,
    }
}

/// Reads `ERR`.
pub(super) fn failure(body: &[u8]) -> Option<u16> {
    short(body.strip_prefix(&[0xff])?)
}

/// Finds the packet that ends an answer in the last bytes of it.
pub(super) fn last(tail: &[u8]) -> Option<Final> {
    (0..tail.len().saturating_sub(4)).find_map(|at| {
        let (header, body) = tail[at..].split_at(4);
        let length = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
        if length != body.len() {
            return None;
        }
        match body[0] {
            0xfe if body.len() == 5 => success(body, 5),
            // It ends rows, or is the answer to a command; no rows change while rows are returned.
            0xfe => success(body, length as u64)
                .filter(|last| matches!(last, Final::Ok { affected: 0, .. }) && body.len() < 60),
            0x00 => success(body, length as u64).filter(|_| body.len() == 7),
            0xff if body.get(3) == Some(&b'#') => failure(body).map(Final::Error),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_answer_is_found_in_its_last_bytes() {
        assert_eq!(last(b"row \x05\0\0\x07\xfe\0\0\x02\0"), Some(Final::Ok { affected: 0, status: 2 }));
        assert_eq!(
            last(b"row \x07\0\0\x07\xfe\0\0\x22\0\0\0"),
            Some(Final::Ok { affected: 0, status: 0x22 })
        );
        assert_eq!(last(b"row \x0b\0\0\x07\xff\x2d\x05#70100no"), Some(Final::Error(1325)));
        assert_eq!(last(b"some row or other"), None);
    }

    #[test]
    fn integers_of_variable_length() {
        assert_eq!(integer(b"\x05x"), Some((5, &b"x"[..])));
        assert_eq!(integer(b"\xfc\x01\x02"), Some((0x201, &b""[..])));
        assert_eq!(integer(b"\xfd\x01\x02"), None);
        assert_eq!(integer(b"\xfb"), None);
    }
}
