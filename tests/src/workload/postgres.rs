//! `PostgreSQL` as Debian ships it, with a cluster of its own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use super::gated::Gated;
use super::process::{Process, eventually};

/// The user it must run as: it refuses to be root.
const USER: &str = "postgres";

/// A running server with a database `postgres` that trusts everybody on loopback and on its unix socket.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
}

impl Postgres {
    /// Makes a cluster, starts it and waits until it answers.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("own directory");
        let address = super::free_address();
        let data = folder.path().join("data");
        let made = as_user(&program("initdb"))
            .args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("setpriv is installed").success(), "initdb failed");
        let child = as_user(&program("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "autovacuum=off"])
            .args(["-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres is installed");
        let server = Self { process: Process::new(child), address, folder };
        eventually("PostgreSQL answers", || server.client("psql", &["-c", "SELECT 1"], false).run().success);
        server
    }

    /// The process that starts all others.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A client program with these arguments, over TCP or the unix socket. TLS is off.
    pub fn client(&self, name: &str, arguments: &[&str], unix: bool) -> Gated {
        let host = if unix { self.folder.path().display().to_string() } else { "127.0.0.1".to_owned() };
        let port = self.address.port().to_string();
        let mut all = vec!["PGSSLMODE=disable", "PGDATABASE=postgres", "PGUSER=postgres"];
        let (host, port) = (format!("PGHOST={host}"), format!("PGPORT={port}"));
        let program = program(name).display().to_string();
        all.extend([host.as_str(), port.as_str(), program.as_str()]);
        all.extend(arguments);
        // `env` becomes the program without another process.
        Gated::new("env", &all)
    }

    /// Runs SQL with psql, which must succeed.
    pub fn sql(&self, text: &str) -> String {
        self.client("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", text], false).complete()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Ends all connections and processes.
        self.process.signal(Signal::QUIT);
        self.process.wait();
    }
}

fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups"])
        .arg(program)
        .current_dir("/");
    command
}

/// A program of the newest version that is installed.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let programs = versions.flatten().map(|version| version.path().join("bin").join(name));
    programs.filter(|path| path.exists()).max().unwrap_or_else(|| panic!("no {name} is installed"))
}
