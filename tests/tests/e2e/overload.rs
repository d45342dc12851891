//! More than fits: losses happen, and each one is counted.

use std::thread;
use std::time::Duration;

use serde_json::json;
use underspan_tests::oracle::{Kind, by_path};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::process::eventually;
use underspan_tests::workload::{Load, Nginx, Wrk, scale};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 50_000;
/// Asked before and after the agent stands still; nothing of these may be lost.
const CALM: u64 = 100;
/// How long the agent stands still.
const STOPPED: Duration = Duration::from_secs(2);
/// So long that the programs give up on it, which they do after 5 s.
const DEAD: Duration = Duration::from_secs(7);

#[test]
fn a_small_ring_loses_and_counts_kept_connections() {
    let Some(_turn) = enter("overload::a_small_ring_loses_and_counts_kept_connections") else { return };
    small_ring(|load| load);
}

#[test]
fn a_small_ring_loses_and_counts_new_connections() {
    let Some(_turn) = enter("overload::a_small_ring_loses_and_counts_new_connections") else { return };
    small_ring(Load::over_new_connections);
}

fn small_ring(shape: impl Fn(Load) -> Load) {
    let nginx = Nginx::start(false);
    let session = trace(&nginx);
    let load = shape(Load { connections: 64, ..Load::new(nginx.address(), scale::down(REQUESTS)) });
    load.run().complete(&load);
    let books = session.finish(load.requests);
    books.balance(load.requests);
    let servers = books.of(Kind::Server);
    by_path(&servers, Kind::Server);
}

#[test]
fn wrk_against_a_small_ring() {
    let Some(_turn) = enter("overload::wrk_against_a_small_ring") else { return };
    let nginx = Nginx::start(true);
    let session = trace(&nginx);
    Wrk::run(nginx.address(), 64, 2);
    let requests = nginx.requests();
    let books = session.finish(requests);
    assert!(books.lost() > 0, "nothing was lost, so this has shown nothing: {books}");
    books.balance(requests);
}

#[test]
fn a_reader_that_stops_loses_counts_and_recovers_on_kept_connections() {
    let name = "overload::a_reader_that_stops_loses_counts_and_recovers_on_kept_connections";
    let Some(_turn) = enter(name) else { return };
    stopped_reader(|load| load);
}

#[test]
fn a_reader_that_stops_loses_counts_and_recovers_on_new_connections() {
    let name = "overload::a_reader_that_stops_loses_counts_and_recovers_on_new_connections";
    let Some(_turn) = enter(name) else { return };
    stopped_reader(Load::over_new_connections);
}

/// The agent stands still under load for as long as it takes to fill the ring many times.
fn stopped_reader(shape: impl Fn(Load) -> Load) {
    let nginx = Nginx::start(false);
    let mut session = trace(&nginx);
    let calm = |prefix| shape(Load::new(nginx.address(), CALM).below(prefix).paced(scale::rate(500)));
    let (before, after) = (calm("/before"), calm("/after"));
    let storm = shape(Load::new(nginx.address(), u64::MAX).below("/storm"));
    before.run().complete(&before);
    session.settle(CALM);

    session.agent.suspend();
    let ((), report) = storm.during(|| {
        thread::sleep(STOPPED);
        session.agent.resume();
    });
    assert!(report.failed.is_empty(), "requests failed: {:?}", report.failed);
    let stormy = report.total();
    session.settle(CALM + stormy);

    after.run().complete(&after);
    let requests = CALM + stormy + CALM;
    let books = session.finish(requests);
    assert!(books.lost() > 0, "nothing was lost, so this has shown nothing: {books}");
    books.balance(requests);
    let servers = books.of(Kind::Server);
    let spans = by_path(&servers, Kind::Server);
    for path in before.paths().chain(after.paths()) {
        assert!(spans.contains_key(path.as_str()), "{path} is missing: {books}");
    }
}

/// The programs stop by themselves. How many exchanges passed then nobody knows, but how many calls, and nothing of what comes after is
/// taken for a part of what came before.
#[test]
fn calls_after_the_deadline_are_counted_and_kept_connections_recover() {
    let name = "overload::calls_after_the_deadline_are_counted_and_kept_connections_recover";
    let Some(_turn) = enter(name) else { return };
    let nginx = Nginx::start(false);
    let mut session = Session::trace(&nginx.pids());
    let admin = session.agent.admin();
    let mut kept = Connection::open(nginx.address()).unwrap();
    let mut ask = |path: &str| assert_eq!(kept.get(path, "").unwrap().status, 200);
    ask("/kept/before");
    let calm = |prefix| Load::new(nginx.address(), CALM).below(prefix);
    let (before, after) = (calm("/before"), calm("/after"));
    let storm = Load::new(nginx.address(), u64::MAX).paced(200).below("/storm");
    before.run().complete(&before);
    session.settle(1 + CALM);

    session.agent.suspend();
    let ((), report) = storm.during(|| {
        thread::sleep(DEAD);
        ask("/kept/unseen");
        session.agent.resume();
        eventually("it has noticed", || admin.status()["totals"]["calls_lost"]["expired"].is_u64());
        ask("/kept/after");
    });
    assert!(report.failed.is_empty(), "requests failed: {:?}", report.failed);
    let findings = admin.status()["findings"].to_string();
    assert!(findings.contains("while the agent stood still"), "{findings}");
    after.run().complete(&after);
    let requests = 3 + CALM + report.total() + CALM;
    let books = session.finish(requests);
    let unseen = books.reasons("underspan.calls.lost").get("expired").copied().unwrap_or_default();
    let missing = requests.saturating_sub(books.accounted());
    // At least a request and its response, each in a call of its own.
    assert!(missing > 0 && unseen >= missing, "{missing} missing, {unseen} calls unseen: {books}");
    let servers = books.of(Kind::Server);
    let spans = by_path(&servers, Kind::Server);
    for path in before.paths().chain(after.paths()).chain(["/kept/before", "/kept/after"].map(str::to_owned))
    {
        assert!(spans.contains_key(path.as_str()), "{path} is missing: {books}");
    }
    assert!(!spans.contains_key("/kept/unseen"), "{books}");
}

/// Traces it through a ring buffer that is far too small.
fn trace(nginx: &Nginx) -> Session {
    Session::with(&nginx.pids(), json!({ "capture": { "ring_buffer": "64KiB" } }))
}
