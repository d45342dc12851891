//! Databases within Go programs: what these ask passes no socket.

use std::collections::HashMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::json;
use underspan_tests::oracle::{Books, Kind, Span};
use underspan_tests::workload::go::{Build, Relay};
use underspan_tests::workload::{Postgres, scale};

use crate::go::begin;
use crate::stage::Session;

/// The driver is C.
const KINDS: [Build; 3] = {
    let plain = Build { cgo: true, ..Build::PLAIN };
    let stripped = Build { stripped: true, ..plain };
    [stripped, plain, Build { pie: true, ..stripped }]
};
const CLIENTS: u64 = 30;
const REQUESTS: u64 = 100;
/// Connections to the database, of which there is one for all that write.
const CONNECTIONS: u32 = 5;
/// What the system of a database is called.
const SYSTEM: &str = "db.system.name";

/// What a request asks the database within the program, in the order of the alphabet.
fn statements(number: u64) -> Vec<String> {
    let mut all: Vec<_> = ["COMMIT", "ROLLBACK", "UPDATE t SET n = ? WHERE n = ?", "SELECT ? AS kept"]
        .into_iter()
        .map(str::to_owned)
        .collect();
    all.push("UPDATE t SET n = ? WHERE n = ?; DELETE FROM t WHERE n = ?".to_owned());
    all.push(format!("SELECT ? AS plain_r_{number} WHERE ? <> ?"));
    all.extend(failing(number));
    for name in ["given", "bounded", "prepared", "prepared", "fan_1", "fan_2"] {
        all.push(format!("SELECT ? AS {name}_r_{number}"));
    }
    for _ in 0..2 {
        all.push("BEGIN".to_owned());
        all.push("INSERT INTO t (n) VALUES (?)".to_owned());
        all.push(format!("SELECT ? AS within_r_{number}"));
        all.push("SELECT ? AS kept".to_owned());
    }
    all.sort();
    all
}

/// Those of them that fail.
fn failing(number: u64) -> [String; 2] {
    [format!("INSERT INTO nowhere_r_{number} VALUES (?)"), format!("SELECT wrong_r_{number}")]
}

fn number(server: &Span) -> u64 {
    server.path()["/r/".len()..].parse().unwrap()
}

/// Builds it and starts it before a new database; what is far away is what the environment says.
fn start(program: &Path, folder: &Path, far: &[(&'static str, String)]) -> Relay {
    let file = folder.join("database");
    Relay::before_database(program, file.to_str().unwrap(), far, CONNECTIONS, folder)
}

/// Each request's spans are its own, of its own statements, near and far.
fn compare(books: &Books, requests: u64, far: u64) {
    let mut near: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut others: HashMap<&str, Vec<&str>> = HashMap::new();
    let servers: HashMap<_, _> =
        books.of(Kind::Server).into_iter().map(|span| (&*span.id, number(span))).collect();
    assert_eq!(servers.len() as u64, requests);
    for call in books.of(Kind::Client) {
        let text = call.attribute("db.query.text");
        let number = *servers.get(&*call.parent).unwrap_or_else(|| panic!("nobody asked: {call:?}"));
        if call.attribute(SYSTEM) == "postgresql" {
            others.entry(&call.parent).or_default().push(text);
            continue;
        }
        assert_eq!(call.attribute(SYSTEM), "sqlite", "{call:?}");
        assert_eq!(call.failed, failing(number).iter().any(|failing| failing == text), "{call:?}");
        assert_eq!(call.attribute("error.type"), if call.failed { "_OTHER" } else { "" });
        assert_eq!((call.attribute("server.address"), call.attribute("network.peer.address")), ("", ""));
        assert!(call.attributes.values().all(|value| !value.contains("secret")), "{call:?}");
        assert!(call.end > call.start, "{call:?}");
        near.entry(&call.parent).or_default().push(text);
    }
    for (span, number) in servers {
        let mut texts = near.remove(span).unwrap_or_default();
        texts.sort_unstable();
        assert_eq!(texts, statements(number));
        let expected = vec![format!("SELECT $1::int AS far_r_{number}"); usize::try_from(far).unwrap()];
        assert_eq!(others.remove(span).unwrap_or_default(), expected);
    }
    let made = (statements(0).len() as u64 + far) * requests;
    assert_eq!(books.measured("db.client.operation.duration"), made);
}

/// With a database that is asked over a socket beside it, of which there is one span for each statement as well.
fn shelf(program: &Path, postgres: Option<&Postgres>) {
    let folder = tempfile::tempdir().unwrap();
    let environment = postgres.map(|postgres| postgres.environment(false));
    let shelf = start(program, folder.path(), environment.as_ref().map_or(&[], |all| all.as_slice()));
    let requests = scale::down(REQUESTS);
    let far = u64::from(postgres.is_some());
    let session = Session::trace(&[shelf.pid()]);
    shelf.ask(CLIENTS, requests);
    drop(shelf);
    let all = (1 + statements(0).len() as u64 + far) * requests;
    let books = session.finish(all);
    books.perfect(all);
    compare(&books, requests, far);
}

#[test]
fn sqlite() {
    let Some((_turn, toolchains)) = begin("go_embedded::sqlite") else { return };
    let postgres = Postgres::start();
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle()) {
        let folder = tempfile::tempdir().unwrap();
        let program = toolchain.build("shelf", build, folder.path());
        for far in [Some(&postgres), None] {
            println!("{}, {build:?}, {} far", toolchain.version, usize::from(far.is_some()));
            shelf(&program, far);
        }
    }
}

/// More than fits the ring buffer, and nobody reads it for a while.
#[test]
fn sqlite_with_a_small_ring() {
    let Some((_turn, toolchains)) = begin("go_embedded::sqlite_with_a_small_ring") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = toolchains[0].build("shelf", KINDS[0], folder.path());
    let shelf = start(&program, folder.path(), &[]);
    let mut session = Session::with(&[shelf.pid()], json!({ "capture": { "ring_buffer": "64KiB" } }));
    let all = |requests| (1 + statements(0).len() as u64) * requests;
    let (calm, storm) = (scale::down(20), scale::down(200));
    shelf.ask(1, calm);
    session.settle(all(calm));
    session.agent.suspend();
    let mut client = shelf.client(CLIENTS, storm);
    client.begin();
    thread::sleep(Duration::from_secs(2));
    session.agent.resume();
    assert!(client.wait().success(), "an answer was wrong");
    session.settle(all(calm + storm));
    shelf.ask(1, calm);
    drop(shelf);
    let books = session.finish(all(calm + storm + calm));
    assert!(books.lost() > 0, "nothing was lost, so this has shown nothing: {books}");
    books.balance(all(calm + storm + calm));
}
