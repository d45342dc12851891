//! Servers in Go that ask another one to answer, which is the same program, as is its client.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ask::{Ask, serve};
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
    /// HTTP/1.1, many requests at a time on a connection: a build of `fast`.
    Pipelined,
}

/// A running build of `relay`, `pool`, `rpc`, `fast`, `proxy`, `store` or `shelf`.
#[derive(Debug)]
pub struct Relay {
    program: PathBuf,
    speech: Speech,
    keys: [PathBuf; 2],
    process: Process,
    address: SocketAddr,
    backend: Option<Process>,
}

impl Relay {
    /// Starts `program` before another one of it, with at most so many connections to that, 0 for any number. Keys go to `folder`.
    /// `pool` makes seven calls for each request: `/fan/1`, `/fan/2`, `/dep/1`, `/own/1`, `/own/2`, `/job/1` and `/job/2`, each followed by its
    /// path; the answer to its first one waits for those to 60 others. `relay`, `rpc` and `fast` make four: `/seq/1`, `/seq/2`, `/fan/1` and
    /// `/fan/2`; `proxy` makes one, of the same path.
    pub fn start(program: &Path, speech: Speech, connections: u32, folder: &Path) -> Self {
        let keys = certificate::write(folder);
        let (backend, asked) = serve(&mut command(program, speech, &keys, 0));
        let (process, address) = serve(command(program, speech, &keys, connections).arg(asked.to_string()));
        Self { program: program.to_owned(), speech, keys, process, address, backend: Some(backend) }
    }

    /// Starts a build of `store` or `shelf`, by plain HTTP. The former uses this driver for its database, which the environment tells. For the
    /// latter it is the file of the database within it, and the environment may tell of another one.
    pub fn before_database(
        program: &Path,
        driver: &str,
        environment: &[(&'static str, String)],
        connections: u32,
        folder: &Path,
    ) -> Self {
        let (keys, speech) = (certificate::write(folder), Speech::Http);
        let mut command = command(program, speech, &keys, connections);
        let (process, address) = serve(command.arg(driver).envs(environment.iter().cloned()));
        Self { program: program.to_owned(), speech, keys, process, address, backend: None }
    }

    /// Starts its backend alone, a server that just answers. Gives back where it listens.
    pub fn backend(program: &Path, speech: Speech, folder: &Path) -> (Process, SocketAddr) {
        serve(&mut command(program, speech, &certificate::write(folder), 0))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// That of the server it asks.
    pub fn backend_pid(&self) -> u32 {
        self.backend.as_ref().expect("it has one of the same program").pid()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client that asks for `/r/0` and on, so many at a time.
    pub fn client(&self, clients: u64, requests: u64) -> Ask {
        let mut command = Command::new(&self.program);
        command.args(["ask", self.speech.name()]).arg(&self.keys[0]);
        command.args([self.address.to_string(), clients.to_string(), requests.to_string()]);
        Ask::start(&mut command)
    }

    /// Lets such a client ask. Every answer must be right.
    pub fn ask(&self, clients: u64, requests: u64) {
        let mut client = self.client(clients, requests);
        client.begin();
        assert!(client.wait().success(), "an answer was wrong");
    }
}

impl Speech {
    /// What the programs call it.
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Http2 => "h2",
            Self::Grpc => "grpc",
            Self::Pipelined => "pipelined",
        }
    }
}

fn command(program: &Path, speech: Speech, keys: &[PathBuf; 2], connections: u32) -> Command {
    let mut command = Command::new(program);
    command.args(["serve", speech.name()]).args(keys).arg(connections.to_string());
    command
}
