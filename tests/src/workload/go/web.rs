//! A server and a client of HTTPS in Go.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::ask::{Ask, serve};
use crate::workload::certificate;
use crate::workload::process::Process;

/// A server that answers every path with text made of it.
#[derive(Debug)]
pub struct Web {
    process: Process,
    address: SocketAddr,
    keys: [PathBuf; 2],
    _folder: TempDir,
}

impl Web {
    /// Starts `program`, a build of `web`, with a certificate of its own.
    pub fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let keys = certificate::write(folder.path());
        let (process, address) = serve(Command::new(program).arg("serve").args(&keys).stderr(Stdio::null()));
        Self { process, address, keys, _folder: folder }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A client, the same or another build of `web`: requests to `PREFIX/CLIENT/NUMBER`, those of each client over one connection.
    pub fn client(&self, program: &Path, prefix: &str, clients: u64, requests: u64) -> Ask {
        let mut command = Command::new(program);
        command.arg("ask").arg(&self.keys[0]);
        command.args([&self.address.to_string(), prefix, &clients.to_string(), &requests.to_string()]);
        Ask::start(&mut command)
    }
}
