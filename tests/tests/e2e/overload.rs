//! More than fits: losses happen, and each one is counted.

use std::thread;
use std::time::Duration;

use serde_json::json;
use underspan_tests::oracle::{Kind, by_path};
use underspan_tests::workload::{Load, Nginx, Wrk, scale};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 50_000;
/// Asked before and after the agent stands still; nothing of these may be lost.
const CALM: u64 = 100;
/// How long the agent stands still.
const STOPPED: Duration = Duration::from_secs(2);

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
    let calm = |prefix| shape(Load::new(nginx.address(), CALM).below(prefix));
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

/// Traces it through a ring buffer that is far too small.
fn trace(nginx: &Nginx) -> Session {
    Session::with(&nginx.pids(), json!({ "capture": { "ring_buffer": "64KiB" } }))
}
