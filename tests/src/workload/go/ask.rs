//! What servers and clients in Go have in common: one says where it listens, the other waits for its start.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Command, ExitStatus, Stdio};

use crate::workload::process::Process;

/// A client that waits for its start.
#[derive(Debug)]
pub struct Ask(Process);

impl Ask {
    pub(super) fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a program");
        Self(Process::new(child))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Lets it begin.
    pub fn begin(&mut self) {
        let mut input = self.0.child().stdin.take().expect("it begins once");
        input.write_all(b"\n").expect("it waits for this");
    }

    /// Waits for its end. It fails unless every answer was right.
    pub fn wait(&mut self) -> ExitStatus {
        self.0.wait()
    }
}

/// Starts a server that says where it listens.
pub(super) fn serve(command: &mut Command) -> (Process, SocketAddr) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a program");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a pipe");
    let address = line.trim().parse().unwrap_or_else(|_| panic!("no address: {line:?}"));
    (Process::new(child), address)
}
