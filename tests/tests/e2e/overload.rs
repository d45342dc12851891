//! More than fits: losses happen, and each one is counted.

use serde_json::json;
use underspan_tests::oracle::{Kind, by_path};
use underspan_tests::workload::{Load, Nginx, Wrk};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 50_000;

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
    let session = Session::with(&nginx.pids(), json!({ "capture": { "ring_buffer": "64KiB" } }));
    let load = shape(Load { connections: 64, ..Load::new(nginx.address(), REQUESTS) });
    load.run().complete(&load);
    let books = session.finish(REQUESTS);
    books.balance(REQUESTS);
    let servers = books.of(Kind::Server);
    by_path(&servers, Kind::Server);
}

#[test]
fn wrk_against_a_small_ring() {
    let Some(_turn) = enter("overload::wrk_against_a_small_ring") else { return };
    let nginx = Nginx::start(true);
    let session = Session::with(&nginx.pids(), json!({ "capture": { "ring_buffer": "64KiB" } }));
    Wrk::run(nginx.address(), 64, 2);
    let requests = nginx.requests();
    let books = session.finish(requests);
    assert!(books.lost() > 0, "nothing was lost, so this has shown nothing: {books}");
    books.balance(requests);
}
