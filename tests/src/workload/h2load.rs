//! h2load of nghttp2: HTTP/2 with as many streams at once as one likes, each request with a path of its own.

use std::path::Path;

use tempfile::TempDir;

use super::{Gated, Nginx};

/// A run of h2load that has not begun: one connection.
#[derive(Debug)]
pub struct H2Load {
    gated: Gated,
    requests: u64,
    _directory: TempDir,
}

impl H2Load {
    /// Requests for the first `requests` of [`H2Load::path`], so many `streams` at once; with `rate`, no more of them per second.
    pub fn new(nginx: &Nginx, requests: u64, streams: u32, rate: Option<u32>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let list = directory.path().join("paths");
        write_paths(&list, nginx, requests);
        let list = list.to_str().expect("a path of ours");
        let (requests_text, streams) = (requests.to_string(), streams.to_string());
        let mut arguments = vec!["-c1", "-t1", "-n", &requests_text, "-m", &streams, "-i", list];
        let rate = rate.map(|rate| format!("--rps={rate}"));
        arguments.extend(rate.as_deref());
        Self { gated: Gated::new("h2load", &arguments), requests, _directory: directory }
    }

    /// What the request of this number asks for, and the status of the answer: in every fifth case a file that is not there.
    pub fn path(number: u64) -> (String, &'static str) {
        match number % 5 {
            0 => (format!("/file/{number}"), "404"),
            _ => (format!("/r/{number}"), "200"),
        }
    }

    /// Its process id, before and after it begins.
    pub fn pid(&self) -> u32 {
        self.gated.pid()
    }

    /// Lets it begin and waits for its end: every request must have been answered as it should.
    pub fn run(self) {
        let said = self.gated.complete();
        let missing = (0..self.requests).filter(|number| Self::path(*number).1 == "404").count() as u64;
        let expected = format!("status codes: {} 2xx, 0 3xx, {missing} 4xx, 0 5xx", self.requests - missing);
        assert!(said.contains(&expected), "{expected}, but: {said}");
    }
}

fn write_paths(file: &Path, nginx: &Nginx, requests: u64) {
    let scheme = if nginx.is_encrypted() { "https" } else { "http" };
    let line = |number| format!("{scheme}://{}{}", nginx.address(), H2Load::path(number).0);
    let lines: Vec<_> = (0..requests).map(line).collect();
    std::fs::write(file, lines.join("\n")).expect("own directory");
}
