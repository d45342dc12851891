//! The agent's admin endpoint, as any HTTP client meets it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// A client of it.
#[derive(Debug, Clone, Copy)]
pub struct Admin {
    address: SocketAddr,
}

/// What it answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Admin {
    /// The endpoint at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// `POST path`.
    pub fn post(&self, path: &str) -> Answer {
        self.ask("POST", path, "")
    }

    /// Any method, with more header lines, each ending in CRLF.
    pub fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the agent listens");
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).expect("the agent reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the agent answers and closes");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// `/status`.
    pub fn status(&self) -> Value {
        let answer = self.get("/status");
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).expect("the status is JSON")
    }
}
