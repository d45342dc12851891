//! A client that does exactly what it is told: bytes out, one answer in.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code of the final response.
    pub status: u16,
    /// Length of its body.
    pub body: u64,
    /// The server will close the connection.
    pub close: bool,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// `GET path` with these header lines, each ending in CRLF.
    pub fn get(&mut self, path: &str, headers: &str) -> io::Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").as_bytes())?;
        self.answer(false)
    }

    /// Sends these bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads one answer, interim ones skipped; `headless` when the request was HEAD.
    pub fn answer(&mut self, headless: bool) -> io::Result<Answer> {
        loop {
            let head = Head::read(&mut self.stream)?;
            if (102..200).contains(&head.status) || head.status == 100 {
                continue;
            }
            let empty = headless || matches!(head.status, 101 | 204 | 304);
            let body = match (empty, head.chunked, head.length) {
                (true, ..) => 0,
                (false, true, _) => skip_chunks(&mut self.stream)?,
                (false, false, Some(length)) => skip(&mut self.stream, length)?,
                (false, false, None) => skip(&mut self.stream, u64::MAX)?,
            };
            return Ok(Answer { status: head.status, body, close: head.close });
        }
    }

    /// Reads whatever comes until the other end closes.
    pub fn drain(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest)?;
        Ok(rest)
    }

    /// Reads exactly this many bytes.
    pub fn exactly(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut data = vec![0; bytes];
        self.stream.read_exact(&mut data)?;
        Ok(data)
    }
}

struct Head {
    status: u16,
    length: Option<u64>,
    chunked: bool,
    close: bool,
}

impl Head {
    fn read(stream: &mut impl BufRead) -> io::Result<Self> {
        let first = line(stream)?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {first:?}")))?;
        let mut head = Self { status, length: None, chunked: false, close: first.starts_with("HTTP/1.0") };
        loop {
            let text = line(stream)?;
            let Some((name, value)) = text.split_once(':') else { return Ok(head) };
            match (name.to_ascii_lowercase().as_str(), value.trim()) {
                ("content-length", value) => head.length = value.parse().ok(),
                ("transfer-encoding", value) => head.chunked = value.eq_ignore_ascii_case("chunked"),
                ("connection", value) => head.close = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
    }
}

/// One line without its CRLF.
fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    if stream.read_line(&mut text)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}

fn skip(stream: &mut impl BufRead, length: u64) -> io::Result<u64> {
    let skipped = io::copy(&mut stream.take(length), &mut io::sink())?;
    if skipped < length && length != u64::MAX {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(skipped)
}

/// A chunked body and its trailers; only the data counts.
fn skip_chunks(stream: &mut impl BufRead) -> io::Result<u64> {
    let mut body = 0;
    loop {
        let size = line(stream)?;
        let digits = size.split(';').next().unwrap_or("").trim();
        let size = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
        if size == 0 {
            while !line(stream)?.is_empty() {}
            return Ok(body);
        }
        body += skip(stream, size)?;
        line(stream)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_every_kind() {
        let mut chunks = &b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nrest"[..];
        assert_eq!(skip_chunks(&mut chunks).expect("well formed"), 13);
        assert_eq!(chunks, b"rest");
        assert!(skip(&mut &b"ab"[..], 3).is_err(), "cut short");
        let head = Head::read(&mut &b"HTTP/1.1 404 No\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"[..]);
        let head = head.expect("well formed");
        assert_eq!((head.status, head.length, head.close, head.chunked), (404, Some(7), true, false));
    }
}
