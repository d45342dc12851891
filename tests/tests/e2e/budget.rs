//! A process that costs too much is not traced for a while, which is said everywhere; others are.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use underspan_tests::agent::admin::Admin;
use underspan_tests::agent::binary;
use underspan_tests::oracle::{Books, Kind, Span};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::process::eventually;
use underspan_tests::workload::{Load, Nginx, Shop};

use crate::inside::measured;
use crate::probes::end;
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

/// The target of this process, as the status has it.
fn target(admin: &Admin, pid: u32) -> Value {
    let status = admin.status();
    let targets = status["targets"].as_array().unwrap();
    targets.iter().find(|target| target["pid"] == pid).cloned().unwrap_or_default()
}

/// Places of the only declared probe.
fn places(admin: &Admin) -> u64 {
    admin.status()["declared"][0]["places"].as_u64().unwrap()
}

/// What the audit log says was done to the shop.
fn audited(audit: &Path) -> Vec<String> {
    let lines = std::fs::read_to_string(audit).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.filter(|line| line.to_string().contains("/shop"));
    lines.map(|line| line["action"].as_str().unwrap().to_owned()).collect()
}

/// A process that talks to nobody: all its cost is that of a probe inside it.
#[test]
fn who_passes_a_probe_too_often_has_none_for_a_while() {
    let Some(_turn) = enter("budget::who_passes_a_probe_too_often_has_none_for_a_while") else { return };
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit.jsonl");
    let mut shop = Shop::start(&Shop::compile(folder.path(), false));
    let pid = shop.pid();
    let function = json!({ "path": "shop", "symbol": "descend" });
    let more = json!({
        "probes": [{ "name": "steps", "function": function, "counter": { "name": "shop.steps" } }],
        "budget": { "target": "0.5%", "initial_pause": "1s", "max_pause": "8s" },
        "admin": { "audit_log": audit },
    });
    let session = Session::with(&[pid], more);
    let admin = session.agent.admin();
    eventually("the probe is attached", || places(&admin) == 1);
    assert_eq!(shop.order("descend 10"), 10);

    let mut passed = 0;
    eventually("it is over budget", || {
        assert_eq!(shop.order("descend 5000"), 5000);
        passed += 5000;
        !target(&admin, pid)["budget"]["paused"].is_null()
    });
    let budget = target(&admin, pid)["budget"].clone();
    assert!(budget["probes_percent"].as_f64().unwrap() > 0.0, "{budget}");
    assert!(budget["paused"]["reason"].as_str().unwrap().contains("limit is 0.5 %"), "{budget}");
    assert_eq!(places(&admin), 0, "it is taken back");
    assert_eq!(shop.order("descend 5000"), 5000);

    eventually("it is back", || places(&admin) == 1);
    assert!(target(&admin, pid)["budget"]["paused"].is_null());
    assert_eq!(shop.order("descend 9"), 9);
    let status = admin.status();
    assert!(status["budget"]["hit_nanoseconds"].as_u64() > Some(0), "{status}");
    let (audited, log) = (audited(&audit), session.agent.log());
    assert_eq!(audited, ["attach", "select", "detach", "pause", "attach", "resume"], "{log}");
    let (seen, _) = measured(&end(session), Some(pid), "shop.steps");
    assert!((10 + 9..=10 + 9 + passed).contains(&seen), "{seen} of {passed} and some that were seen: {log}");
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
