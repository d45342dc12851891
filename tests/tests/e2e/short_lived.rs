//! Processes that live for one request, children of a traced parent.

use std::collections::BTreeSet;

use serde_json::json;
use underspan_tests::oracle::{Kind, by_path};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::{Backend, Script, scale, script};

use crate::stage::{Session, enter};

/// Of each kind.
const PROCESSES: u64 = 100;

#[test]
fn two_hundred_processes_of_one_request() {
    let Some(_turn) = enter("short_lived::two_hundred_processes_of_one_request") else { return };
    let processes = scale::down(PROCESSES);
    let backend = Backend::start(|_| std::time::Duration::ZERO);
    let arguments =
        json!({ "backend": backend.address().port(), "clients": processes, "servers": processes });
    let mut parent = Script::start(script::SHORT, &arguments);
    let session = Session::trace(&[parent.pid()]);

    let clients = parent.go(&json!("clients"));
    assert_eq!(backend.served(), processes);
    parent.order(&json!("servers"));
    for number in 0..processes {
        let mut connection = Connection::open(parent.address()).unwrap();
        assert_eq!(connection.get(&format!("/s/{number}"), "").unwrap().status, 200);
    }
    let servers: serde_json::Value = serde_json::from_str(&parent.line()).unwrap();
    for lives in [&clients, &servers] {
        let longest = lives["lives"].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64);
        println!("longest life: {:.0} ms", longest.fold(0.0, f64::max) * 1000.0);
    }

    let books = session.finish(2 * processes);
    books.perfect(2 * processes);
    let (served, made) = (books.of(Kind::Server), books.of(Kind::Client));
    assert_eq!(by_path(&served, Kind::Server).len() as u64, processes);
    assert_eq!(by_path(&made, Kind::Client).len() as u64, processes);
    let pids: BTreeSet<_> = books.spans.iter().map(|span| span.pid().unwrap()).collect();
    assert_eq!(pids.len() as u64, 2 * processes, "each process has a resource of its own");
    // Odd clients are curl, an executable of its own below the traced parent.
    let curls = made.iter().filter(|span| span.resource["service.name"] == "curl").count() as u64;
    assert_eq!(curls, processes / 2, "children that exec are named after what they became");
}
