//! `MariaDB` as Debian ships it, with a data directory of its own.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use super::gated::Gated;
use super::process::{Process, eventually};

/// Where Debian puts the server, which is in nobody's PATH.
const SERVER: &str = "/usr/sbin/mariadbd";

/// A running server with a database `test`, where `root` needs no password.
#[derive(Debug)]
pub struct MariaDb {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
}

impl MariaDb {
    /// Makes a data directory, starts the server and waits until it answers.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let address = super::free_address();
        let data = format!("--datadir={}/data", folder.path().display());
        let made = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"])
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(made.expect("MariaDB is installed").success(), "mariadb-install-db failed");
        let child = Command::new(SERVER)
            .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1", "--skip-log-bin"])
            .arg(&data)
            .arg(format!("--port={}", address.port()))
            .arg(format!("--socket={}/socket", folder.path().display()))
            .arg(format!("--pid-file={}/pid", folder.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("MariaDB is installed");
        let server = Self { process: Process::new(child), address, folder };
        eventually("MariaDB answers", || {
            server.client(&["-e", "CREATE DATABASE IF NOT EXISTS test"], false).run().success
        });
        server
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The command line client with these arguments, over TCP or the unix socket.
    pub fn client(&self, arguments: &[&str], unix: bool) -> Gated {
        let port = format!("--port={}", self.address.port());
        let socket = format!("--socket={}/socket", self.folder.path().display());
        let mut all = vec!["--no-defaults", "--user=root", "--batch"];
        if unix {
            all.extend(["--protocol=socket", &socket]);
        } else {
            all.extend(["--protocol=tcp", "--host=127.0.0.1", &port]);
        }
        all.extend(arguments);
        Gated::new("mariadb", &all)
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.process.signal(Signal::TERM);
        self.process.wait();
    }
}
