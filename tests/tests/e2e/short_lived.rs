//! Processes that live for one request, children of a traced parent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use underspan_tests::oracle::{Kind, by_path};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::{Backend, Nginx, Script, scale, script};

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

/// Programs that are started for one encrypted request each.
const CURLS: u64 = 50;

#[test]
fn fifty_programs_of_one_encrypted_request() {
    let Some(_turn) = enter("short_lived::fifty_programs_of_one_encrypted_request") else { return };
    let nginx = Nginx::start_tls(false);
    let mut parent = Script::start(script::CURLS, &json!({}));
    let mut pids = nginx.pids();
    pids.push(parent.pid());
    let session = Session::trace(&pids);

    let url = |path: &str| format!("https://{}{path}", nginx.address());
    let paths: Vec<_> = (0..CURLS).map(|number| format!("/c/{number}")).collect();
    let mut ports = BTreeMap::new();
    for path in &paths {
        let said = parent.go(&json!({ "urls": [url(path)] }));
        ports.insert(path.as_str(), said[0].to_string());
    }

    let books = session.finish(2 * CURLS);
    let (served, made) = (books.of(Kind::Server), books.of(Kind::Client));
    let (served, made) = (by_path(&served, Kind::Server), by_path(&made, Kind::Client));
    assert_eq!(served.len() as u64, CURLS, "nginx was there before");
    let unread = books.counter("underspan.connections.unread");
    books.balance(2 * CURLS - unread);
    // The first may have spoken before their probes were there.
    let late = paths[paths.len() / 2..].iter().filter(|path| made.contains_key(path.as_str())).count();
    assert_eq!(late, paths.len() - paths.len() / 2, "{books}");
    let mut joined = 0;
    for (path, span) in served {
        assert_eq!(span.attribute("network.peer.port"), ports[path], "{span:?}");
        let Some(client) = made.get(path) else { continue };
        // The ends of one connection. While probes of a process's own give way to shared ones, it may not be known where the two stand.
        let is_child = (&span.parent, &span.trace) == (&client.id, &client.trace);
        assert!(is_child || span.parent.is_empty(), "{span:?}");
        joined += u64::from(is_child);
        assert_eq!(client.attribute("network.peer.port"), nginx.address().port().to_string());
        assert_eq!(client.resource["service.name"], "curl");
    }
    assert!(joined >= CURLS / 2, "{joined} pairs: {books}");
}
