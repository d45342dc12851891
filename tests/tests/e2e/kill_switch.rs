//! Everything detached within a second, by whatever means, and a line for each in the audit log.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use underspan_tests::workload::process::{Process, eventually};
use underspan_tests::workload::{Load, Nginx};

use crate::stage::{Session, enter};

/// Selected besides nginx.
const TARGETS: usize = 50;

fn sleepers() -> Vec<Process> {
    let start = || Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
    (0..TARGETS).map(|_| Process::new(start())).collect()
}

/// Lines of the audit log.
fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn of<'a>(lines: &'a [Value], action: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["action"] == action).collect()
}

#[test]
fn fifty_targets_are_let_go_within_a_second_by_any_means() {
    let Some(_turn) = enter("kill_switch::fifty_targets_are_let_go_within_a_second_by_any_means") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (folder.path().join("detach"), folder.path().join("audit.jsonl"));
    let (nginx, sleepers) = (Nginx::start(false), sleepers());
    let pids: Vec<u32> = nginx.pids().into_iter().chain(sleepers.iter().map(Process::pid)).collect();
    let mut session = Session::with(&pids, json!({ "admin": { "kill_switch": file, "audit_log": log } }));
    let admin = session.agent.admin();
    let mut requests = 0;
    for (round, means) in ["signal", "file", "endpoint"].into_iter().enumerate() {
        let load = Load::new(nginx.address(), 50).below(&format!("/by/{means}"));
        load.run().complete(&load);
        requests += 50;
        session.settle(requests);
        assert_eq!(admin.status()["targets"].as_array().unwrap().len(), pids.len());
        let objects = session.agent.objects();
        assert!(objects.programs.len() > 3 && !objects.links.is_empty(), "{objects:?}");

        match means {
            "signal" => session.agent.signal(Signal::USR1),
            "file" => std::fs::write(&file, "").unwrap(),
            _ => assert_eq!(admin.post("/detach").status, 200),
        }
        // What is asked for is a second, not soon.
        sleep(Duration::from_secs(1));
        let left = objects.left();
        assert!(left.is_empty(), "a second after the {means}: {left:?}\n{}", session.agent.log());
        assert_eq!(admin.get("/healthz").status, 200, "the agent lives");
        assert_eq!(admin.get("/readyz").status, 503);
        let status = admin.status();
        assert_eq!(status["agent"]["state"], "detached");
        let reason = status["agent"]["reasons"][0].as_str().unwrap().to_owned();
        let word = match means {
            "signal" => "SIGUSR1",
            "file" => "detach exists",
            _ => "endpoint",
        };
        assert!(reason.contains(word), "{reason}");
        // Nobody is traced, and nobody notices.
        let load = Load::new(nginx.address(), 20).below("/unseen");
        load.run().complete(&load);
        match means {
            "signal" => session.agent.signal(Signal::USR2),
            "file" => {
                assert_eq!(admin.post("/attach").status, 409, "the file still says no");
                std::fs::remove_file(&file).unwrap();
            }
            _ => assert_eq!(admin.post("/attach").status, 200),
        }
        eventually("attached again", || admin.get("/readyz").status == 200);
        eventually("the audit log is written", || {
            of(&lines(&log), "select").len() == pids.len() * (round + 2)
        });
    }
    let load = Load::new(nginx.address(), 50).below("/last");
    load.run().complete(&load);
    requests += 50;
    let books = session.finish(requests);
    books.perfect(requests);
    assert!(books.spans.iter().all(|span| !span.attribute("url.path").starts_with("/unseen")));

    // Three times detached, and the end.
    let lines = lines(&log);
    for (action, times) in [("select", 4), ("deselect", 4)] {
        for pid in &pids {
            let found = of(&lines, action).into_iter().filter(|line| line["pid"] == *pid).count();
            assert_eq!(found, times, "{action} of {pid}");
        }
    }
    let programs = |action| -> Vec<_> {
        let mut hooks: Vec<_> =
            of(&lines, action).iter().map(|line| format!("{} {}", line["program"], line["hook"])).collect();
        hooks.sort();
        hooks
    };
    let (attached, detached) = (programs("attach"), programs("detach"));
    assert_eq!(attached, detached, "each program that came has gone");
    assert_eq!(attached.len(), 4 * attached.iter().collect::<BTreeSet<_>>().len());
    for line in &lines {
        assert!(line["build_id"].as_str().is_some_and(|id| id.len() >= 16), "{line}");
        assert!(line["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{line}");
    }
}

#[test]
fn a_file_that_is_there_keeps_the_agent_from_attaching() {
    let Some(_turn) = enter("kill_switch::a_file_that_is_there_keeps_the_agent_from_attaching") else {
        return;
    };
    let nginx = Nginx::start(false);
    let file = tempfile::NamedTempFile::new().unwrap();
    let receiver =
        underspan_tests::receiver::Receiver::start(underspan_tests::receiver::Script::ok()).unwrap();
    let mut all = underspan_tests::agent::configuration(&nginx.pids(), &receiver.http_endpoint());
    underspan_tests::agent::overlay(&mut all, json!({ "admin": { "kill_switch": file.path() } }));
    let agent = underspan_tests::agent::Agent::start_held(&all);
    let session = Session { agent, receiver };
    let admin = session.agent.admin();
    assert_eq!((admin.get("/healthz").status, admin.get("/readyz").status), (200, 503));
    assert!(session.agent.objects().is_empty(), "nothing was loaded");
    drop(file);
    eventually("attached", || admin.get("/readyz").status == 200);
    let load = Load::new(nginx.address(), 20);
    load.run().complete(&load);
    session.finish(20).perfect(20);
}
