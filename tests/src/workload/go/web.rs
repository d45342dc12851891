//! A server and a client of HTTPS in Go.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::workload::process::Process;

/// A server that answers every path with text made of it.
#[derive(Debug)]
pub struct Web {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
}

/// A client that waits for its start.
#[derive(Debug)]
pub struct Ask(Process);

impl Web {
    /// Starts `program`, a build of `web`, with a certificate of its own.
    pub fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let key = rcgen::KeyPair::generate().expect("keys");
        let parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        std::fs::write(folder.path().join("tls.pem"), certificate.pem()).expect("own directory");
        std::fs::write(folder.path().join("tls.key"), key.serialize_pem()).expect("own directory");
        let mut child = Command::new(program)
            .arg("serve")
            .args(["tls.pem", "tls.key"].map(|name| folder.path().join(name)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a pipe");
        let address = line.trim().parse().unwrap_or_else(|_| panic!("no address: {line:?}"));
        Self { process: Process::new(child), address, folder }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A client, the same or another build of `web`: requests to `PREFIX/CLIENT/NUMBER`, those of each client over one connection.
    pub fn client(&self, program: &Path, prefix: &str, clients: u64, requests: u64) -> Ask {
        let child = Command::new(program)
            .arg("ask")
            .arg(self.folder.path().join("tls.pem"))
            .args([&self.address.to_string(), prefix, &clients.to_string(), &requests.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a program");
        Ask(Process::new(child))
    }
}

impl Ask {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Lets it begin.
    pub fn begin(&mut self) {
        let mut input = self.0.child().stdin.take().expect("it begins once");
        input.write_all(b"\n").expect("it waits for this");
    }

    /// Whether it has not ended yet.
    pub fn is_at_work(&mut self) -> bool {
        self.0.status().is_none()
    }

    /// Waits for its end. It fails unless every answer was right.
    pub fn wait(&mut self) -> ExitStatus {
        self.0.wait()
    }
}
