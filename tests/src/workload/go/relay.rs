//! A server in Go that asks another one, which is the same program, as is its client.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workload::certificate;
use crate::workload::process::Process;

/// What they speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// HTTP/1.1.
    Http,
    /// The same over TLS.
    Https,
    /// HTTP/2 over TLS.
    Http2,
    /// gRPC: a build of `rpc`.
    Grpc,
}

/// A server that makes four calls for each request: `/seq/1`, `/seq/2`, `/fan/1` and `/fan/2`, each followed by the request's path.
#[derive(Debug)]
pub struct Relay {
    program: PathBuf,
    speech: Speech,
    keys: [PathBuf; 2],
    process: Process,
    address: SocketAddr,
    _backend: Process,
}

impl Relay {
    /// Starts `program`, a build of `relay` or `rpc`, with at most so many connections to its backend, 0 for any number. Keys go to `folder`.
    pub fn start(program: &Path, speech: Speech, connections: u32, folder: &Path) -> Self {
        let keys = certificate::write(folder);
        let server = |more: &[String]| {
            let mut command = Command::new(program);
            command.arg("serve");
            if let Some(name) = speech.name() {
                command.arg(name).args(&keys);
            }
            serve(command.args(more))
        };
        let (backend, asked) = server(&[]);
        let limit = speech.name().map(|_| connections.to_string());
        let (process, address) = server(&limit.into_iter().chain([asked.to_string()]).collect::<Vec<_>>());
        Self { program: program.to_owned(), speech, keys, process, address, _backend: backend }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Asks for `/r/0` and on, so many at a time. Every answer must be right.
    pub fn ask(&self, clients: u64, requests: u64) {
        let mut command = Command::new(&self.program);
        command.arg("ask");
        if let Some(name) = self.speech.name() {
            command.arg(name).arg(&self.keys[0]);
        }
        command.args([self.address.to_string(), clients.to_string(), requests.to_string()]);
        let mut client = Process::new(command.stdin(Stdio::piped()).spawn().expect("a program"));
        let mut input = client.child().stdin.take().expect("piped");
        input.write_all(b"\n").expect("it waits for this");
        assert!(client.wait().success(), "an answer was wrong");
    }
}

impl Speech {
    /// What `relay` calls it.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Http => Some("http"),
            Self::Https => Some("https"),
            Self::Http2 => Some("h2"),
            Self::Grpc => None,
        }
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
