//! A process that costs too much is not traced for a while, which is said everywhere; others are.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use underspan_tests::agent::binary;
use underspan_tests::oracle::{Books, Kind, Span};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::process::eventually;
use underspan_tests::workload::{Load, Nginx};

use crate::stage::{Session, enter};

/// Requests between two looks at the status.
const ROUND: u32 = 200;
/// Requests that pass while the process is paused, and after it.
const SOME: u32 = 50;

fn ask(connection: &mut Connection, below: &str, requests: u32) {
    for id in 0..requests {
        assert_eq!(connection.get(&format!("{below}/{id}"), "").unwrap().status, 200);
    }
}

/// Paths of its servers' spans below this one.
fn below<'a>(books: &'a Books, prefix: &str) -> BTreeSet<&'a str> {
    books.of(Kind::Server).into_iter().map(Span::path).filter(|path| path.starts_with(prefix)).collect()
}

/// The paused target, if there is one.
fn paused(status: &Value) -> Option<Value> {
    let targets = status["targets"].as_array().unwrap();
    targets.iter().find(|target| !target["budget"]["paused"].is_null()).cloned()
}

#[test]
fn the_dear_one_goes_and_comes_back_and_others_stay() {
    let Some(_turn) = enter("budget::the_dear_one_goes_and_comes_back_and_others_stay") else { return };
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit.jsonl");
    let (dear, cheap) = (Nginx::start(false), Nginx::start(false));
    let pids: Vec<u32> = dear.pids().into_iter().chain(cheap.pids()).collect();
    let more = json!({
        "budget": { "target": "0.05%", "initial_pause": "1s", "max_pause": "8s" },
        "admin": { "audit_log": audit },
    });
    let session = Session::with(&pids, more);
    let admin = session.agent.admin();
    let aside = |round: &str| {
        let load = Load::new(cheap.address(), 5).below(&format!("/cheap/{round}"));
        load.run().complete(&load);
    };
    assert_eq!(admin.status()["budget"]["target_percent"], 0.05);
    assert_ne!(admin.status()["budget"]["measured_by"], "assumed", "{}", session.agent.log());
    aside("before");

    let mut kept = Connection::open(dear.address()).unwrap();
    let mut target = None;
    eventually("it is over budget", || {
        ask(&mut kept, "/busy", ROUND);
        target = paused(&admin.status());
        target.is_some()
    });
    let target = target.unwrap();
    let pid = target["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap();
    assert!(dear.workers().contains(&pid), "{target}");
    let pause = &target["budget"]["paused"];
    assert!(pause["since"].as_str() < pause["until"].as_str(), "{pause}");
    assert!(target["finding"].as_str().unwrap().contains("over budget until"), "{target}");
    let shown = Command::new(binary()).args(["status", "--endpoint", &admin.url()]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("over budget until") && shown.contains("limits: 0.05 %"), "{shown}");

    ask(&mut kept, "/unseen", SOME);
    aside("during");
    eventually("it is traced again", || paused(&admin.status()).is_none());
    ask(&mut kept, "/after", SOME);
    aside("after");
    let metrics = admin.get("/metrics").body;
    assert!(metrics.contains("underspan_budget_pauses_total"), "{metrics}");
    let log = session.agent.log();
    assert!(log.contains("over budget, not traced") && log.contains("traced again"), "{log}");

    let books = session.finish(u64::MAX);
    assert_eq!(below(&books, "/cheap").len(), 15, "{books}");
    assert_eq!(below(&books, "/unseen").len(), 0, "{books}");
    let after = below(&books, "/after");
    assert_eq!(after.len(), SOME as usize, "{after:?}: {books}");
    assert!(!below(&books, "/busy").is_empty(), "{books}");
    assert!(books.counter("underspan.budget.pauses") >= 1, "{books}");
    let lost = books.reasons("underspan.calls.lost");
    assert!(lost.get("over_budget").is_some_and(|calls| *calls >= u64::from(2 * SOME)), "{lost:?}");
    let audit = std::fs::read_to_string(audit).unwrap();
    let lines: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for action in ["pause", "resume"] {
        let line = lines.iter().find(|line| line["action"] == action && line["pid"] == pid);
        assert!(
            line.is_some_and(|line| line["reason"].as_str().is_some_and(|why| !why.is_empty())),
            "{audit}"
        );
    }
    assert!(lines.iter().all(|line| line["action"] != "pause" || line["pid"] == pid), "{audit}");
}
