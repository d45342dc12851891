//! `PostgreSQL` as Debian ships it, with a cluster of its own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use super::certificate;
use super::dialogue::Dialogue;
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
    tls: bool,
}

impl Postgres {
    /// Makes a cluster, starts it and waits until it answers.
    pub fn start() -> Self {
        Self::start_with(false)
    }

    /// The same with a certificate, and a copy of OpenSSL of its own: its children are served by probes that reach all processes with the
    /// same library.
    pub fn start_tls() -> Self {
        Self::start_with(true)
    }

    fn start_with(tls: bool) -> Self {
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
        let mut command = as_user(&program("postgres"));
        command
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "autovacuum=off"])
            .args(["-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if tls {
            encrypt(&mut command, folder.path(), &data);
        }
        let child = command.spawn().expect("postgres is installed");
        let server = Self { process: Process::new(child), address, folder, tls };
        eventually("PostgreSQL answers", || server.client("psql", &["-c", "SELECT 1"], false).run().success);
        server
    }

    /// The process that starts all others.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A client program with these arguments, over TCP, or the unix socket.
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
        let mut words = vec!["env".to_owned()];
        words.extend(self.environment(unix).map(|(name, value)| format!("{name}={value}")));
        words.push(program.to_owned());
        words.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        words
    }

    /// What drivers and programs look for to find the server over TCP, or the unix socket.
    pub fn environment(&self, unix: bool) -> [(&'static str, String); 5] {
        let host = if unix { self.folder.path().display().to_string() } else { "127.0.0.1".to_owned() };
        let mode = if self.tls { "require" } else { "disable" };
        let user = USER.to_owned();
        [
            ("PGSSLMODE", mode.to_owned()),
            ("PGDATABASE", user.clone()),
            ("PGUSER", user),
            ("PGHOST", host),
            ("PGPORT", self.address.port().to_string()),
        ]
    }

    /// psql over TCP, which is told what to do; it is connected.
    pub fn dialogue(&self) -> Dialogue {
        let command = self.psql(&["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        let mut client = Dialogue::start(words[0], &words[1..]);
        client.say("SELECT 4711;");
        client.hear("4711");
        client
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

/// Lets a server that is about to be started offer TLS.
fn encrypt(server: &mut Command, folder: &Path, data: &Path) {
    let owner = fs::metadata(data).expect("just made");
    let [certificate, key] = certificate::write(folder);
    // It does not like a key that others may read.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("own directory");
    chown(&key, Some(owner.uid()), Some(owner.gid())).expect("root may");
    server.args(["-c", "ssl=on"]);
    server.args(["-c", &format!("ssl_cert_file={}", certificate.display())]);
    server.args(["-c", &format!("ssl_key_file={}", key.display())]);
    let libraries = folder.join("lib");
    fs::create_dir(&libraries).expect("own directory");
    fs::copy(library("libssl.so.3"), libraries.join("libssl.so.3")).expect("own directory");
    server.env("LD_LIBRARY_PATH", libraries);
}

/// Where the dynamic linker finds a library.
fn library(name: &str) -> PathBuf {
    let output = Command::new("ldconfig").arg("-p").output().expect("ldconfig is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
    let path = line.and_then(|line| line.split(" => ").nth(1)).map(PathBuf::from);
    path.unwrap_or_else(|| panic!("no {name} is installed"))
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
