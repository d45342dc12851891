//! Bytes after a head -> where the message ends.

/// How the rest of a message is told from the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// This many bytes are still to come.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked(Chunked),
    /// Whatever comes until the connection ends.
    UntilClose,
    /// Not known, or no longer: the message ends where the other side begins to speak.
    Unframed(Unframed),
    /// A `CONNECT` was sent: what follows is not HTTP unless it is refused.
    Tunnel,
}

/// What is known of a body without framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unframed {
    /// Its bytes are body bytes; behind a head that was cut they may as well be headers.
    pub(super) counted: bool,
    /// It is a chunked body, whose last bytes can be recognised.
    pub(super) chunked: bool,
}

/// Place in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the size of a chunk, with this many digits read.
    Size { size: u64, digits: u8 },
    /// Behind the size, before the end of its line.
    Extension { size: u64 },
    /// In the chunk's data.
    Data { left: u64 },
    /// Behind the data, before the end of that line.
    DataEnd,
    /// In the trailers.
    Trailer { line_empty: bool },
}

/// What was found in a piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes that belong to the message.
    pub(super) used: usize,
    /// Those of them that are the body's own, without framing.
    pub(super) data: u64,
    /// The message is complete.
    pub(super) done: bool,
}

impl Body {
    /// A chunked body from its beginning.
    pub(super) const CHUNKED: Self = Self::Chunked(Chunked::Size { size: 0, digits: 0 });

    /// Follows the body through `bytes`, up to its end at most.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Step {
        let all = |data| Step { used: bytes.len(), data, done: false };
        match self {
            Self::Length(left) => {
                let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= used as u64;
                Step { used, data: used as u64, done: *left == 0 }
            }
            Self::Chunked(place) => match place.advance(bytes) {
                Ok(step) => step,
                Err(followed) => {
                    *self = Self::Unframed(Unframed { counted: true, chunked: true });
                    all(followed)
                }
            },
            Self::UntilClose => all(bytes.len() as u64),
            Self::Unframed(unframed) => all(if unframed.counted { bytes.len() as u64 } else { 0 }),
            Self::Tunnel => all(0),
        }
    }

    /// Follows the body through `skipped` bytes nobody captured. `used` is not meaningful; returns with the step how
    /// many bytes lie beyond the message's end.
    pub(super) fn skip(&mut self, skipped: u64) -> (Step, u64) {
        let all = |data| (Step { used: 0, data, done: false }, 0);
        match self {
            Self::Length(left) => {
                let taken = skipped.min(*left);
                *left -= taken;
                (Step { used: 0, data: taken, done: *left == 0 }, skipped - taken)
            }
            Self::Chunked(Chunked::Data { left }) if skipped < *left => {
                *left -= skipped;
                all(skipped)
            }
            Self::Chunked(place @ Chunked::Data { .. }) if *place == (Chunked::Data { left: skipped }) => {
                *place = Chunked::DataEnd;
                all(skipped)
            }
            Self::Chunked(_) => {
                *self = Self::Unframed(Unframed { counted: true, chunked: true });
                all(skipped)
            }
            Self::UntilClose => all(skipped),
            Self::Unframed(unframed) => all(if unframed.counted { skipped } else { 0 }),
            Self::Tunnel => all(0),
        }
    }
}

impl Chunked {
    /// As [`Body::advance`]; the error holds the body bytes found before the framing broke.
    fn advance(&mut self, bytes: &[u8]) -> Result<Step, u64> {
        let mut data = 0;
        let mut used = 0;
        while let Some(&byte) = bytes.get(used) {
            match self {
                Self::Data { left } => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len() - used);
                    *left -= taken as u64;
                    used += taken;
                    data += taken as u64;
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    continue;
                }
                Self::Size { size, digits } => *self = size_digit(*size, *digits, byte).ok_or(data)?,
                Self::Extension { size } if byte == b'\n' => *self = after_size(*size),
                Self::Extension { .. } => {}
                Self::DataEnd => match byte {
                    b'\r' => {}
                    b'\n' => *self = Self::Size { size: 0, digits: 0 },
                    _ => return Err(data),
                },
                Self::Trailer { line_empty } => match byte {
                    b'\n' if *line_empty => return Ok(Step { used: used + 1, data, done: true }),
                    b'\n' => *line_empty = true,
                    b'\r' => {}
                    _ => *line_empty = false,
                },
            }
            used += 1;
        }
        Ok(Step { used, data, done: false })
    }
}

/// The place after one more byte of a size; `None` when it cannot be one.
fn size_digit(size: u64, digits: u8, byte: u8) -> Option<Chunked> {
    let digit = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        b'\n' if digits > 0 => return Some(after_size(size)),
        b'\r' | b';' | b' ' | b'\t' if digits > 0 => return Some(Chunked::Extension { size }),
        _ => return None,
    };
    let fits = size.leading_zeros() >= 4 && digits < 32;
    fits.then(|| Chunked::Size { size: size << 4 | u64::from(digit), digits: digits + 1 })
}

fn after_size(size: u64) -> Chunked {
    if size == 0 { Chunked::Trailer { line_empty: true } } else { Chunked::Data { left: size } }
}

/// Do these last captured bytes look like the end of a chunked body?
pub(super) fn ends_chunked(last: &[u8]) -> bool {
    last.ends_with(b"\r\n0\r\n\r\n") || last == b"0\r\n\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunked_bodies_end_after_their_trailers() {
        let bytes = b"4;name=value\r\nWiki\r\n0A \r\n0123456789\r\n0\r\nSum: 1\r\n\r\nNEXT";
        for cut in 0..bytes.len() - 4 {
            let mut body = Body::CHUNKED;
            let first = body.advance(&bytes[..cut]);
            assert_eq!((first.used, first.done), (cut, false), "cut at {cut}");
            let second = body.advance(&bytes[cut..]);
            assert_eq!(cut + second.used, bytes.len() - 4, "cut at {cut}");
            assert!(second.done);
            assert_eq!(first.data + second.data, 14);
        }
    }

    #[test]
    fn a_gap_inside_a_chunk_is_counted_through() {
        let mut body = Body::CHUNKED;
        assert_eq!(body.advance(b"64\r\nabcd").data, 4);
        assert_eq!(body.skip(90).0, Step { used: 0, data: 90, done: false });
        assert_eq!(body.advance(b"uvwxyz\r\n0\r\n\r\n"), Step { used: 13, data: 6, done: true });
    }

    #[test]
    fn a_gap_across_chunks_loses_the_framing() {
        let mut body = Body::CHUNKED;
        body.advance(b"4\r\nab");
        body.skip(90);
        assert_eq!(body, Body::Unframed(Unframed { counted: true, chunked: true }));
    }

    #[test]
    fn impossible_sizes_lose_the_framing() {
        for bytes in [&b"x\r\n"[..], b"\r\n", b"10000000000000000\r\n", b"1\r\nab"] {
            let mut body = Body::CHUNKED;
            body.advance(bytes);
            assert!(matches!(body, Body::Unframed(_)), "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn a_gap_may_reach_beyond_the_body() {
        let mut body = Body::Length(10);
        assert_eq!(body.skip(25), (Step { used: 0, data: 10, done: true }, 15));
    }
}
