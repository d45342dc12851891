//! `MariaDB` as Debian ships it, with a data directory of its own.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use super::certificate;
use super::dialogue::Dialogue;
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
        Self::start_with(false)
    }

    /// The same with a certificate.
    pub fn start_tls() -> Self {
        Self::start_with(true)
    }

    fn start_with(tls: bool) -> Self {
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
        let mut command = Command::new(SERVER);
        command
            .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1", "--skip-log-bin"])
            .arg(&data)
            .arg(format!("--port={}", address.port()))
            .arg(format!("--socket={}/socket", folder.path().display()))
            .arg(format!("--pid-file={}/pid", folder.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if tls {
            let [certificate, key] = certificate::write(folder.path());
            command.arg(format!("--ssl-cert={}", certificate.display()));
            command.arg(format!("--ssl-key={}", key.display()));
        }
        let child = command.spawn().expect("MariaDB is installed");
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

impl MariaDb {
    /// The command line client over TLS, which is told what to do; it is connected.
    pub fn dialogue(&self) -> Dialogue {
        let port = format!("--port={}", self.address.port());
        let arguments = ["--no-defaults", "--user=root", "--batch", "--unbuffered", "--skip-column-names"];
        let where_to = ["--protocol=tcp", "--host=127.0.0.1", &port, "--ssl", "test"];
        let mut client = Dialogue::start("mariadb", &[&arguments[..], &where_to].concat());
        client.say("SELECT 4711;");
        client.hear("4711");
        client
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.process.signal(Signal::TERM);
        self.process.wait();
    }
}
