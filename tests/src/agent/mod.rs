//! a configuration -> the running agent, and what it leaves in the kernel
//!
//! Starts the binary as an operator would and waits for it to say that it is ready. Drops nothing: its log is kept and shown when a
//! test fails.

pub mod admin;
pub mod audit;
pub mod kernel;
pub mod privilege;

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::workload::process::{Process, eventually};
use admin::Admin;
use kernel::Objects;

/// Names the hooks every agent is told to use.
pub const TIER: &str = "UNDERSPAN_E2E_TIER";

/// Path of the binary under test: `UNDERSPAN_BIN`, or `underspan` beside the test in the build directory.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("UNDERSPAN_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().expect("this program has a path");
    let found =
        own.ancestors().skip(1).take(2).map(|folder| folder.join("underspan")).find(|path| path.exists());
    found.expect("build the agent first: cargo build -p underspan, with the same profile")
}

/// Hooks that every agent shall use, by the name the configuration knows them by: `UNDERSPAN_E2E_TIER`, such as `t3`. `None`: its choice.
pub fn tier() -> Option<String> {
    std::env::var(TIER).ok().filter(|tier| !tier.is_empty())
}

/// The agent with `underspan run`.
#[derive(Debug)]
pub struct Agent {
    process: Process,
    log: Arc<Mutex<String>>,
    _configuration: NamedTempFile,
}

impl Agent {
    /// Starts it with this configuration, and the tier that is forced, and waits until it is ready.
    pub fn start(configuration: &Value) -> Self {
        Self::launch(Command::new(binary()), configuration, "ready")
    }

    /// The same when a file keeps it from attaching: waits until it has said so.
    pub fn start_held(configuration: &Value) -> Self {
        Self::launch(Command::new(binary()), configuration, "detached from the start")
    }

    /// Has `command`, to which the arguments are appended, start it, perhaps as another user.
    pub fn start_by(command: Command, configuration: &Value) -> Self {
        Self::launch(command, configuration, "ready")
    }

    fn launch(mut command: Command, configuration: &Value, begun: &str) -> Self {
        let mut configuration = configuration.clone();
        if let Some(tier) = tier() {
            overlay(&mut configuration, json!({ "capture": { "tier": tier } }));
        }
        let file = NamedTempFile::new().expect("a temporary file");
        // YAML contains JSON.
        std::fs::write(file.path(), configuration.to_string()).expect("own file");
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o644)).expect("own file");
        let mut child = command
            .args(["run", "-c"])
            .arg(file.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the agent can be started");
        let log = collect(child.stderr.take().expect("piped"));
        let mut agent = Self { process: Process::new(child), log, _configuration: file };
        eventually("the agent is ready", || {
            let log = agent.log();
            assert!(agent.process.status().is_none(), "the agent ended before it was ready:\n{log}");
            log.lines().any(|line| line.contains(begun))
        });
        agent
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it has written to standard error.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its admin endpoint.
    pub fn admin(&self) -> Admin {
        let mut address = None;
        eventually("the admin endpoint listens", || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains("admin endpoint"));
            address = line.and_then(|line| line.split("address=").nth(1)?.trim().parse().ok());
            address.is_some()
        });
        Admin::new(address.expect("just seen"))
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the agent ends by itself", || {
            status = self.process.status();
            status.is_some()
        });
        status.expect("just seen")
    }

    /// What it holds in the kernel now.
    pub fn objects(&self) -> Objects {
        Objects::of(self.pid())
    }

    /// Asks it to end and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        let mut status = None;
        eventually("the agent ends when told to", || {
            status = self.process.status();
            status.is_some()
        });
        status.expect("just seen")
    }

    /// Lets it stand still, as if it got no CPU.
    pub fn suspend(&mut self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&mut self) {
        self.process.signal(Signal::CONT);
    }

    /// Kills it without a chance to clean up.
    pub fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait();
    }
}

/// Configuration that traces these processes and exports over OTLP/HTTP to `endpoint`, soon.
pub fn configuration(pids: &[u32], endpoint: &str) -> Value {
    json!({
        "select": pids.iter().map(|pid| json!({ "pid": pid })).collect::<Vec<_>>(),
        "traces": { "sampler": "always_on", "schedule_delay": "200ms" },
        "metrics": { "interval": "1s" },
        "admin": { "listen": "127.0.0.1:0" },
        "export": { "otlp": { "endpoint": endpoint, "protocol": "http/protobuf" } },
    })
}

/// Lays `more` over `configuration`, key by key.
pub fn overlay(configuration: &mut Value, more: Value) {
    match (configuration, more) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                overlay(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

/// Reads a pipe to its end in the background.
fn collect(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&text);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut text = shared.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlays_reach_into_sections() {
        let mut base = configuration(&[7], "http://e");
        overlay(&mut base, json!({ "export": { "otlp": { "protocol": "grpc" } }, "select": [] }));
        assert_eq!(base["export"]["otlp"], json!({ "endpoint": "http://e", "protocol": "grpc" }));
        assert_eq!(base["select"], json!([]));
        assert_eq!(base["metrics"]["interval"], "1s");
    }
}
