//! A server in Go that asks another one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::workload::process::Process;

/// A server that makes four calls for each request: `/seq/1`, `/seq/2`, `/fan/1` and `/fan/2`, each followed by the request's path.
#[derive(Debug)]
pub struct Relay {
    process: Process,
    address: SocketAddr,
}

impl Relay {
    /// Starts `program`, a build of `relay`, with at most so many connections to `backend`, 0 for any number.
    pub fn start(program: &Path, backend: SocketAddr, connections: u32) -> Self {
        let mut child = Command::new(program)
            .args([backend.to_string(), connections.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a pipe");
        let address = line.trim().parse().unwrap_or_else(|_| panic!("no address: {line:?}"));
        Self { process: Process::new(child), address }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
