//! First bytes of a chunk -> does an HTTP/1 message begin here?

use memchr::memchr;

use crate::decoder::Detection;
use crate::http::is_token;
use crate::message::Direction;

/// Longest method considered; the longest registered one (`UPDATEREDIRECTREF`) has 17 characters.
const MAX_METHOD: usize = 24;

/// Bytes after which a request line without its end is believed for its beginning alone.
const LONG_LINE: usize = 256;

/// Methods that are believed with a long line whose end is not there.
const COMMON_METHODS: &[&[u8]] =
    &[b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"QUERY", b"CONNECT", b"TRACE"];

/// Judges by the status line or by the whole request line: other text protocols (RTSP, SIP, Redis' inline commands,
/// HTTP/2's preface) differ only in its last word.
pub(super) fn detect(bytes: &[u8]) -> Detection {
    match begins(Direction::Response, bytes) {
        Detection::No => begins(Direction::Request, bytes),
        verdict => verdict,
    }
}

/// The same where the direction is known, which matters while there are too few bytes: any word may be a method.
pub(super) fn begins(direction: Direction, bytes: &[u8]) -> Detection {
    match direction {
        _ if bytes.is_empty() => Detection::More,
        Direction::Request => request_line(bytes),
        Direction::Response => status_line(bytes),
    }
}

/// Is this a request line in full, of a method that is not the end of another word?
pub(super) fn is_common_request(bytes: &[u8]) -> bool {
    let method = bytes.split(|&byte| byte == b' ').next().unwrap_or_default();
    COMMON_METHODS.contains(&method) && matches!(request_line(bytes), Detection::Yes(_))
}

/// `HTTP/1.` minor, space, three digits.
fn status_line(bytes: &[u8]) -> Detection {
    const PATTERN: &[u8; 12] = b"HTTP/1.m ddd";
    let fits = bytes.iter().zip(PATTERN).all(|(&byte, &pattern)| match pattern {
        b'm' => matches!(byte, b'0' | b'1'),
        b'd' => byte.is_ascii_digit(),
        _ => byte == pattern,
    });
    match (fits, bytes.len() < PATTERN.len()) {
        (false, _) => Detection::No,
        (true, true) => Detection::More,
        (true, false) => Detection::Yes(Direction::Response),
    }
}

/// Method, space, target, space, `HTTP/1.` minor, line end.
fn request_line(bytes: &[u8]) -> Detection {
    let method = bytes.iter().take(MAX_METHOD + 1).position(|&byte| !is_token(byte)).unwrap_or(bytes.len());
    if method == 0 || method > MAX_METHOD {
        return Detection::No;
    }
    let target = match &bytes[method..] {
        [] | [b' '] => return Detection::More,
        [b' ', target @ ..] if target[0].is_ascii_graphic() => target,
        _ => return Detection::No,
    };
    let line_end = memchr(b'\n', target);
    let line = &target[..line_end.unwrap_or(target.len())];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.iter().take(LONG_LINE).all(|&byte| byte >= b' ' && byte != 0x7f) {
        return Detection::No;
    }
    let space = memchr(b' ', line);
    let (target, version) = line.split_at(space.unwrap_or(line.len()));
    let version = version.trim_ascii_start();
    let usual = COMMON_METHODS.contains(&&bytes[..method])
        && (target[0] == b'/' || target.starts_with(b"http://") || target.starts_with(b"https://"));
    match line_end {
        Some(_) if matches!(version, b"HTTP/1.0" | b"HTTP/1.1") => Detection::Yes(Direction::Request),
        None if !b"HTTP/1.0".starts_with(version) && !b"HTTP/1.1".starts_with(version) => Detection::No,
        None if line.len() < LONG_LINE => Detection::More,
        None if usual => Detection::Yes(Direction::Request),
        _ => Detection::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_both_directions() {
        for request in [
            "GET / HTTP/1.1\r\n",
            "POST /a?b HTTP/1.0\n",
            "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
            "CONNECT example.com:443 HTTP/1.1\r\n",
            "GET http://example.com/ HTTP/1.1\r\n",
            "M-SEARCH * HTTP/1.1\r\n",
            "HEAD / HTTP/1.1\r\n",
            "brew /pot HTTP/1.1\r\n",
            &format!("GET /{}", "x".repeat(300)),
        ] {
            assert_eq!(detect(request.as_bytes()), Detection::Yes(Direction::Request), "{request:?}");
        }
        for response in ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 404", "HTTP/1.1 204\r\n"] {
            assert_eq!(detect(response.as_bytes()), Detection::Yes(Direction::Response), "{response:?}");
        }
    }

    #[test]
    fn waits_for_the_end_of_the_first_line() {
        for line in ["GET /index.html HTTP/1.1\r\n", "HTTP/1.1 200"] {
            for cut in 0..line.len() {
                assert_eq!(detect(&line.as_bytes()[..cut]), Detection::More, "{:?}", &line[..cut]);
            }
        }
    }

    #[test]
    fn words_are_no_responses() {
        assert_eq!(begins(Direction::Request, b"some more words"), Detection::No);
        assert_eq!(begins(Direction::Request, b"some"), Detection::More);
        assert_eq!(begins(Direction::Response, b"some"), Detection::No);
        assert!(is_common_request(b"GET / HTTP/1.1\r\n"));
        assert!(!is_common_request(b"ET / HTTP/1.1\r\n"));
    }

    #[test]
    fn leaves_other_protocols_alone() {
        let others: &[&[u8]] = &[
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
            b"Q\x00\x00\x00\x0dselect 1\x00",
            b"*1\r\n$4\r\nPING\r\n",
            b"+OK\r\n",
            b"GET key\r\n",
            b"get key\r\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"EHLO example.com\r\n",
            b"220 mail ready\r\n",
            b"OPTIONS rtsp://example.com RTSP/1.0\r\n",
            b"INVITE sip:bob@example.com SIP/2.0\r\n",
            b"HTTP/2 200\r\n",
            b"HTTP/1.1 abc",
            b"{\"json\": true}\r\n",
            b" GET / HTTP/1.1\r\n",
            b"three words of prose",
            b"\x4a\x00\x00\x00\x0a8.0.36\x00",
        ];
        for bytes in others {
            assert_eq!(detect(bytes), Detection::No, "{:?}", bytes.escape_ascii().to_string());
        }
    }
}
