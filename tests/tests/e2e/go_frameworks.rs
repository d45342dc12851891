//! What services in Go are made of besides `net/http`: a reverse proxy, `database/sql`, `fasthttp`.

use std::collections::HashMap;
use std::path::Path;

use underspan_tests::oracle::{Books, Family, Kind, Span, by_path};
use underspan_tests::workload::go::{Build, Relay, Speech, Toolchain};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::{Postgres, scale};

use crate::go::{KINDS, begin, modules, relay};
use crate::stage::Session;

/// Requests at a time.
const CLIENTS: u64 = 30;
const REQUESTS: u64 = 300;

fn spans_of(books: &Books, pid: u32, kind: Kind) -> Vec<&Span> {
    books.of(kind).into_iter().filter(|span| span.pid() == Some(pid)).collect()
}

/// Each hangs below that of the same path. So many at the most do not: below nothing, or below one that was lost.
fn follow(children: &[&Span], parents: &[&Span], kind: Kind, missed: u64) {
    let mut family = Family::compare(children, &by_path(parents, kind), |path| path);
    family.wrong.retain(|(_, found)| found != "an unknown span");
    assert_eq!(family.wrong, []);
    assert!(children.len() as u64 - family.right <= missed, "{family:?}");
}

/// From the client through the proxy to the server behind it, everything is in one trace.
fn proxy(toolchain: &Toolchain, program: &Path, front: Speech, connections: u32) {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Relay::start(program, front, connections, folder.path());
    let requests = scale::down(REQUESTS);
    let mut client = proxy.client(CLIENTS, requests);
    let session = Session::trace(&[client.pid(), proxy.pid(), proxy.backend_pid()]);
    client.begin();
    assert!(client.wait().success(), "an answer was wrong");
    let pids = (client.pid(), proxy.pid(), proxy.backend_pid());
    drop(proxy);
    let books = session.finish(4 * requests);
    println!("{}, {front:?}, {connections} connections", toolchain.version);
    books.perfect(4 * requests);
    let asked = spans_of(&books, pids.0, Kind::Client);
    let taken = spans_of(&books, pids.1, Kind::Server);
    let passed = spans_of(&books, pids.1, Kind::Client);
    let answered = spans_of(&books, pids.2, Kind::Server);
    assert!(asked.iter().all(|span| span.parent.is_empty()));
    assert!([&asked, &taken, &passed, &answered].iter().all(|spans| spans.len() as u64 == requests));
    follow(&taken, &asked, Kind::Client, 0);
    follow(&passed, &taken, Kind::Server, 0);
    follow(&answered, &passed, Kind::Client, 0);
}

#[test]
fn a_reverse_proxy() {
    let Some((_turn, toolchains)) = begin("go_frameworks::a_reverse_proxy") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle().skip(2)) {
        let program = toolchain.build("proxy", build, folder.path());
        for (front, connections) in [(Speech::Http, 5), (Speech::Https, 0), (Speech::Http2, 5)] {
            proxy(toolchain, &program, front, connections);
        }
    }
}

/// Of requests that are under way together on one connection, each finds its other end.
#[test]
fn both_ends_of_grpc() {
    let Some((_turn, toolchains)) = begin("go_frameworks::both_ends_of_grpc") else { return };
    let folder = tempfile::tempdir().unwrap();
    let requests = scale::down(REQUESTS);
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle()) {
        let program = toolchain.build_with(modules(toolchain), "rpc", build, folder.path());
        let rpc = Relay::start(&program, Speech::Grpc, 0, folder.path());
        let mut client = rpc.client(CLIENTS, requests);
        let pids = [client.pid(), rpc.pid(), rpc.backend_pid()];
        let session = Session::trace(&pids);
        client.begin();
        assert!(client.wait().success(), "an answer was wrong");
        drop(rpc);
        let books = session.finish(10 * requests);
        books.perfect(10 * requests);
        println!("{}", toolchain.version);
        for (client, server, lost) in [(pids[0], pids[1], requests), (pids[1], pids[2], 4 * requests)] {
            let asked = spans_of(&books, client, Kind::Client);
            let lost = lost - asked.len() as u64;
            assert!(lost <= books.lost());
            follow(&spans_of(&books, server, Kind::Server), &asked, Kind::Client, lost);
        }
    }
}

const TRACE: &str = "12345678901234567890123456789012";

/// The proxy sends on what it was sent, a context as well: it names who called the proxy, and still the proxy is between the two.
#[test]
fn a_context_that_a_proxy_passes_on() {
    let Some((_turn, toolchains)) = begin("go_frameworks::a_context_that_a_proxy_passes_on") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let requests = scale::down(100);
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle()) {
        let program = toolchain.build("proxy", build, folder.path());
        let proxy = Relay::start(&program, Speech::Http, 0, folder.path());
        let (front, back) = (proxy.pid(), proxy.backend_pid());
        let session = Session::trace(&[front, back]);
        let mut connections = [(); 4].map(|()| Connection::open(proxy.address()).unwrap());
        for number in 0..requests {
            let connection = &mut connections[usize::try_from(number).unwrap() % 4];
            let context = format!("traceparent: 00-{TRACE}-{:016x}-01\r\ntracestate: a=b\r\n", number + 1);
            assert_eq!(connection.get(&format!("/r/{number}"), &context).unwrap().status, 200);
        }
        drop((connections, proxy));
        let books = session.finish(3 * requests);
        books.perfect(3 * requests);
        let taken = spans_of(&books, front, Kind::Server);
        let passed = spans_of(&books, front, Kind::Client);
        assert_eq!((taken.len() as u64, passed.len() as u64), (requests, requests));
        for span in &taken {
            let number: u64 = span.path()["/r/".len()..].parse().unwrap();
            assert_eq!(span.parent, format!("{:016x}", number + 1));
        }
        follow(&passed, &taken, Kind::Server, 0);
        follow(&spans_of(&books, back, Kind::Server), &passed, Kind::Client, 0);
        assert!(books.spans.iter().all(|span| span.trace == TRACE && span.state == "a=b"));
    }
}

/// Its servers have a pool of goroutines, and its clients one of connections.
#[test]
fn fasthttp() {
    let Some((_turn, toolchains)) = begin("go_frameworks::fasthttp") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle().skip(3)) {
        let program = toolchain.build_with(modules(toolchain), "fast", build, folder.path());
        for speech in [Speech::Http, Speech::Https] {
            for connections in [0, 5] {
                relay(toolchain, &program, speech, connections, REQUESTS);
            }
        }
    }
}

/// Whose calls these are, nobody can tell who only sees the goroutine that writes all of them.
#[test]
fn pipelines_of_fasthttp() {
    let Some((_turn, toolchains)) = begin("go_frameworks::pipelines_of_fasthttp") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle()) {
        let program = toolchain.build_with(modules(toolchain), "fast", build, folder.path());
        let fast = Relay::start(&program, Speech::Pipelined, 2, folder.path());
        let session = Session::trace(&[fast.pid()]);
        let requests = scale::down(REQUESTS);
        fast.ask(4, requests);
        drop(fast);
        let books = session.finish(5 * requests);
        // Of responses that are sent together, the beginning is captured.
        books.balance(5 * requests);
        let calls = books.of(Kind::Client);
        let servers = books.of(Kind::Server);
        let family =
            Family::compare(&calls, &by_path(&servers, Kind::Server), |path| &path["/seq/1".len()..]);
        assert_eq!(family.wrong, [], "{}", toolchain.version);
        assert_eq!((family.right, family.none), (0, calls.len() as u64), "{}", toolchain.version);
    }
}

/// Statements of a request, in the order of the alphabet.
fn statements(number: u64) -> Vec<String> {
    let mut all = vec!["SELECT $1::int AS kept".to_owned(), "COMMIT".to_owned(), "ROLLBACK".to_owned()];
    all.push(format!("SELECT ? AS plain_r_{number}"));
    for name in ["given", "prepared", "prepared", "fan_1", "fan_2"] {
        all.push(format!("SELECT $1::int AS {name}_r_{number}"));
    }
    for _ in 0..2 {
        all.push("BEGIN".to_owned());
        all.push("INSERT INTO t (n) VALUES ($1)".to_owned());
        all.push(format!("SELECT ? AS within_r_{number}"));
    }
    all.sort();
    all
}

/// Of a transaction's first and last statement, which drivers write in their own way, the first word.
fn normal(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default().to_uppercase();
    if matches!(&*word, "BEGIN" | "COMMIT" | "ROLLBACK") { word } else { text.to_owned() }
}

/// By a pool of five connections, each request makes simple and prepared statements, two transactions, and statements at the same time.
fn store(toolchain: &Toolchain, build: Build, driver: &str, postgres: &Postgres) {
    let folder = tempfile::tempdir().unwrap();
    let program = toolchain.build_with(modules(toolchain), "store", build, folder.path());
    let environment = postgres.environment(false);
    let store = Relay::before_database(&program, driver, &environment, 5, folder.path());
    let (pid, requests) = (store.pid(), scale::down(REQUESTS));
    let session = Session::trace(&[pid, postgres.pid()]);
    store.ask(CLIENTS, requests);
    drop(store);
    let made = statements(0).len() as u64 * requests;
    let books = session.finish(2 * made + requests);
    println!("{}, {build:?}, {driver}", toolchain.version);
    let mut texts: HashMap<&str, Vec<String>> = HashMap::new();
    for call in spans_of(&books, pid, Kind::Client) {
        assert!(!call.failed, "{call:?}");
        texts.entry(&call.parent).or_default().push(normal(call.attribute("db.query.text")));
    }
    for texts in texts.values_mut() {
        texts.sort();
    }
    let served = spans_of(&books, pid, Kind::Server);
    for span in &served {
        let number = span.path()["/r/".len()..].parse().unwrap();
        assert_eq!(texts.remove(&*span.id).unwrap_or_default(), statements(number), "{span:?}");
    }
    assert!(texts.is_empty(), "{texts:?}");
    // The database's own spans hang below those.
    let calls: HashMap<_, _> = books.of(Kind::Client).into_iter().map(|span| (&*span.id, span)).collect();
    for span in books.of(Kind::Server).iter().filter(|span| span.pid() != Some(pid)) {
        let call = calls.get(&*span.parent).unwrap_or_else(|| panic!("{span:?} has no parent"));
        assert_eq!(call.attribute("db.query.text"), span.attribute("db.query.text"));
    }
    books.perfect(2 * made + requests);
}

#[test]
fn databases() {
    let Some((_turn, toolchains)) = begin("go_frameworks::databases") else { return };
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE t (n int)");
    let mut kinds = KINDS.into_iter().cycle();
    for toolchain in &toolchains {
        let drivers: &[_] = if toolchain.is_since(24) { &["postgres", "pgx"] } else { &["postgres"] };
        for (driver, build) in drivers.iter().zip(kinds.by_ref()) {
            store(toolchain, build, driver, &postgres);
        }
    }
}
