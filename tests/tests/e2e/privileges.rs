//! The agent with exactly the capabilities it names, and with one less.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;
use underspan_tests::agent::{Agent, binary, configuration, overlay};
use underspan_tests::receiver::{Receiver, Script};
use underspan_tests::workload::{Load, Nginx};

use crate::stage::{Session, enter};

/// As `underspan check` and the systemd unit have them.
const ALL: [&str; 4] = ["bpf", "perfmon", "sys_ptrace", "dac_read_search"];
const OPTIONAL: [&str; 2] = ["sys_ptrace", "dac_read_search"];
/// `nobody`.
const USER: u32 = 65534;
const REQUESTS: u64 = 50;

/// The binary where any user may start it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        fs::copy(binary(), place.binary()).unwrap();
        for path in [place.folder.path(), &place.binary()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        place
    }

    fn binary(&self) -> PathBuf {
        self.folder.path().join("underspan")
    }

    /// `nobody` with just these capabilities.
    fn with(&self, capabilities: &[&str]) -> Command {
        let list = capabilities.iter().fold("-all".to_owned(), |list, name| format!("{list},+{name}"));
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={USER}")).arg(format!("--regid={USER}")).arg("--clear-groups");
        for set in ["inh-caps", "ambient-caps", "bounding-set"] {
            command.arg(format!("--{set}={list}"));
        }
        command.args(["--no-new-privs", "--"]).arg(self.binary());
        command
    }
}

fn session(command: Command, select: &serde_json::Value) -> Session {
    let receiver = Receiver::start(Script::ok()).unwrap();
    let mut all = configuration(&[], &receiver.http_endpoint());
    overlay(&mut all, json!({ "select": select }));
    Session { agent: Agent::start_by(command, &all), receiver }
}

fn capability(name: &str) -> String {
    format!("CAP_{}", name.to_uppercase())
}

#[test]
fn the_capabilities_that_check_lists_are_enough() {
    let Some(_turn) = enter("privileges::the_capabilities_that_check_lists_are_enough") else { return };
    let (place, nginx) = (Place::new(), Nginx::start(false));
    let port = nginx.address().port();
    let session = session(place.with(&ALL), &json!([{ "port": port, "exe": "nginx" }]));
    let status = session.agent.admin().status();
    assert_eq!(status["agent"]["missing_capabilities"], json!({}));
    assert!(status["targets"].as_array().unwrap().len() >= nginx.pids().len() - 1, "{status}");
    let load = Load::new(nginx.address(), REQUESTS);
    load.run().complete(&load);
    let books = session.finish(REQUESTS);
    books.perfect(REQUESTS);
    assert!(books.spans.iter().all(|span| span.resource["service.name"] == "nginx"), "{books}");
}

#[test]
fn without_one_of_them_the_rest_works_and_it_is_named() {
    let Some(_turn) = enter("privileges::without_one_of_them_the_rest_works_and_it_is_named") else { return };
    let (place, nginx) = (Place::new(), Nginx::start(false));
    for missing in OPTIONAL {
        let rest: Vec<_> = ALL.into_iter().filter(|name| *name != missing).collect();
        let select = nginx.pids().iter().map(|pid| json!({ "pid": pid })).collect();
        let session = session(place.with(&rest), &select);
        let name = capability(missing);
        let log = session.agent.log();
        let status = session.agent.admin().status();
        assert!(log.contains(&format!("{name} is missing; without it")), "{log}");
        let without = status["agent"]["missing_capabilities"][&name].as_str().unwrap_or_default();
        assert!(without.len() > 20, "what is off without {name}: {status}");
        assert_eq!(status["agent"]["missing_capabilities"].as_object().unwrap().len(), 1);
        let load = Load::new(nginx.address(), REQUESTS).below(&format!("/without/{missing}"));
        load.run().complete(&load);
        session.finish(REQUESTS).perfect(REQUESTS);
    }
}

#[test]
fn without_those_it_cannot_do_without_it_says_so_and_ends() {
    let Some(_turn) = enter("privileges::without_those_it_cannot_do_without_it_says_so_and_ends") else {
        return;
    };
    let place = Place::new();
    for (missing, named) in [(&["bpf"][..], "CAP_BPF"), (&["perfmon"], "CAP_PERFMON"), (&ALL, "CAP_BPF")] {
        let rest: Vec<_> = ALL.into_iter().filter(|name| !missing.contains(name)).collect();
        for arguments in [&["trace", "--pid", "1"][..], &["check"]] {
            let output = place.with(&rest).args(arguments).output().unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(3), "without {missing:?}: {message}");
            assert!(message.contains(named), "without {missing:?}: {message}");
        }
    }
}
