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
use super::script::PYTHON;

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
        gated(&self.command(&program(name).display().to_string(), arguments, unix))
    }

    /// A script in Python with these arguments, whose driver finds the server, over TCP.
    pub fn script(&self, source: &str, arguments: &[&str]) -> Gated {
        gated(&self.command(PYTHON, &[&["-c", source], arguments].concat(), false))
    }

    /// The command line that runs psql with these arguments.
    pub fn psql(&self, arguments: &[&str]) -> Vec<String> {
        self.command(&program("psql").display().to_string(), arguments, false)
    }

    fn command(&self, program: &str, arguments: &[&str], unix: bool) -> Vec<String> {
        let host = if unix { self.folder.path().display().to_string() } else { "127.0.0.1".to_owned() };
        let mut words = ["env", "PGSSLMODE=disable", "PGDATABASE=postgres", "PGUSER=postgres"]
            .map(str::to_owned)
            .to_vec();
        words.extend([
            format!("PGHOST={host}"),
            format!("PGPORT={}", self.address.port()),
            program.to_owned(),
        ]);
        words.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        words
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

/// The first word is `env`, which becomes the program without another process.
fn gated(command: &[String]) -> Gated {
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    Gated::new(words[0], &words[1..])
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
