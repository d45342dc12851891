//! What programs tell of themselves: as often as it happened, and as long as they say themselves.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use serde_json::{Value, json};
use underspan_tests::receiver::{Point, PointValue, Receiver, Span};
use underspan_tests::semconv;
use underspan_tests::workload::java::Java;
use underspan_tests::workload::process::{Process, eventually};
use underspan_tests::workload::script::COLLECTOR;
use underspan_tests::workload::{Postgres, Script};

use crate::stage::{Session, enter};

/// The latest point of each series of a metric of this process.
pub(crate) fn latest(receiver: &Receiver, pid: Option<u32>, metric: &str) -> Vec<Point> {
    let mut latest: Vec<Point> = Vec::new();
    for point in receiver.points() {
        let of = pid.is_none_or(|pid| point.resource.int("process.pid") == Some(pid.into()));
        if point.metric == metric && of {
            latest.retain(|held| (&held.attributes, &held.resource) != (&point.attributes, &point.resource));
            latest.push(point);
        }
    }
    latest
}

/// Count and sum of a histogram over all series, or sum of a counter.
pub(crate) fn measured(receiver: &Receiver, pid: Option<u32>, metric: &str) -> (u64, f64) {
    let mut all = (0, 0.0);
    for point in latest(receiver, pid, metric) {
        match &point.value {
            PointValue::Histogram(point) => {
                all = (all.0 + point.count, all.1 + point.sum.unwrap_or_default());
            }
            PointValue::Sum(point) => match point.value {
                Some(Number::AsInt(value)) => all.0 += u64::try_from(value).unwrap(),
                other => panic!("{metric}: {other:?}"),
            },
            other => panic!("{metric}: {other:?}"),
        }
    }
    all
}

/// Ends the agent, which must succeed, and gives what it sent.
pub(crate) fn end(session: Session) -> Receiver {
    let Session { mut agent, receiver } = session;
    let status = agent.stop();
    println!("{}", agent.log());
    assert!(status.success(), "the agent ended with {status}");
    semconv::assert_conforms(&receiver);
    receiver
}

/// What the status says of a runtime in a process.
fn inside(session: &Session, pid: u32, runtime: &str) -> Option<Value> {
    let status = session.agent.admin().status();
    let targets = status["targets"].as_array().cloned().unwrap_or_default();
    let target = targets.into_iter().find(|target| target["pid"] == pid)?;
    target["inside"].as_array()?.iter().find(|inside| inside["runtime"] == runtime).cloned()
}

fn wait_for(session: &Session, pid: u32, runtime: &str) {
    eventually("its probes are attached", || {
        inside(session, pid, runtime).is_some_and(|inside| inside["places"].as_u64() > Some(0))
    });
}

/// Fails unless two numbers are within a tenth of each other.
pub(crate) fn close(what: &str, found: f64, truth: f64) {
    println!("{what}: {found}, in truth {truth}");
    assert!((found - truth).abs() <= truth / 10.0, "{what}: {found}, in truth {truth}");
}

fn collections_of_java(collector: &str, name: &str) {
    let mut java = Java::start(collector);
    let before = java.pauses().len();
    let session = Session::trace(&[java.pid()]);
    wait_for(&session, java.pid(), "jvm");
    java.collect(50);
    let pid = java.pid();
    let pauses = java.pauses().split_off(before);
    let receiver = end(session);
    let (count, sum) = measured(&receiver, Some(pid), "jvm.gc.duration");
    assert_eq!((count, pauses.len()), (50, 50));
    close("seconds of pauses", sum, pauses.iter().sum());
    let points = latest(&receiver, Some(pid), "jvm.gc.duration");
    assert!(points.iter().all(|point| point.attributes.text("jvm.gc.action").is_some()));
    assert!(points.iter().any(|point| point.attributes.text("jvm.gc.name") == Some(name)), "{points:?}");
    let pools = latest(&receiver, Some(pid), "jvm.memory.used_after_last_gc");
    let heap = pools.iter().filter(|point| point.attributes.text("jvm.memory.type") == Some("heap"));
    assert_eq!(heap.count(), 3, "young, survivors and old: {pools:?}");
    assert!(measured(&receiver, Some(pid), "underspan.jvm.safepoint.duration").0 > 0);
}

#[test]
fn java() {
    let Some(_turn) = enter_java("inside::java") else { return };
    collections_of_java("-XX:+UseSerialGC", "Copy");
    collections_of_java("-XX:+UseParallelGC", "PS Scavenge");
}

/// Begins a test that needs Java.
fn enter_java(name: &str) -> Option<crate::stage::Turn> {
    match Java::missing() {
        Some(reason) => {
            // Not `eprintln!`, which the harness keeps to itself unless the test fails.
            let mut out = std::io::stderr();
            writeln!(out, "skipped: {name}: {reason}").unwrap();
            None
        }
        None => enter(name),
    }
}

pub(crate) fn get(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("ok"), "{answer}");
}

#[test]
fn python() {
    let Some(_turn) = enter("inside::python") else { return };
    let mut script = Script::start(COLLECTOR, &json!({}));
    let session = Session::trace(&[script.pid()]);
    wait_for(&session, script.pid(), "cpython");
    script.go(&json!({ "collections": 100, "imports": ["sqlite3"] }));
    get(script.address());
    session.settle(1);
    let pid = script.pid();
    let receiver = end(session);
    let collections = latest(&receiver, Some(pid), "cpython.gc.collections");
    assert_eq!(collections.len(), 1, "{collections:?}");
    assert_eq!(collections[0].attributes.int("cpython.gc.generation"), Some(2));
    assert_eq!(measured(&receiver, Some(pid), "cpython.gc.collections").0, 101);
    assert_eq!(measured(&receiver, Some(pid), "underspan.cpython.gc.duration").0, 101);
    assert_eq!(measured(&receiver, Some(pid), "underspan.cpython.import.duration").0, 1);
    let spans = receiver.spans();
    assert_eq!(spans.len(), 1);
    let paused = double(&spans[0], "underspan.time.gc");
    let whole = seconds(&spans[0]);
    assert!(paused > 0.0 && paused <= whole, "{paused} of {whole} s");
    let events: Vec<_> = spans[0].span.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, ["underspan.gc"]);
}

/// How long a span is.
pub(crate) fn seconds(span: &Span) -> f64 {
    Duration::from_nanos(span.span.end_time_unix_nano - span.span.start_time_unix_nano).as_secs_f64()
}

fn double(span: &Span, name: &str) -> f64 {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    match span.attributes.get(name) {
        Some(Any::DoubleValue(value)) => *value,
        other => panic!("{name} is {other:?} in {span:?}"),
    }
}

#[test]
fn built_without_probes() {
    let Some(_turn) = enter("inside::built_without_probes") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("python3.99");
    fs::copy("/bin/sleep", &program).unwrap();
    let child = Command::new(&program).arg("1000").stdin(Stdio::null()).spawn().unwrap();
    let process = Process::new(child);
    let session = Session::trace(&[process.pid()]);
    let found = inside(&session, process.pid(), "cpython").unwrap();
    assert_eq!(found["places"], 0);
    let reason = found["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("without probes") && reason.contains("--with-dtrace"), "{found}");
    end(session);
}

#[test]
fn switched_off() {
    let Some(_turn) = enter("inside::switched_off") else { return };
    let mut script = Script::start(COLLECTOR, &json!({}));
    let session = Session::with(&[script.pid()], json!({ "runtimes": { "cpython": false } }));
    script.go(&json!({ "collections": 5 }));
    get(script.address());
    session.settle(1);
    assert_eq!(inside(&session, script.pid(), "cpython"), None);
    let receiver = end(session);
    assert_eq!(receiver.spans().len(), 1);
    assert!(receiver.points().iter().all(|point| !point.metric.contains("cpython")));
}

/// The spans of a server whose text of the statement contains something.
fn servers<'a>(spans: &'a [Span], part: &str) -> Vec<&'a Span> {
    const SERVER: i32 = 2;
    let text = |span: &Span| span.attributes.text("db.query.text").unwrap_or_default().to_owned();
    spans.iter().filter(|span| span.span.kind == SERVER && text(span).contains(part)).collect()
}

#[test]
fn a_row_that_another_has_locked() {
    let Some(_turn) = enter("inside::a_row_that_another_has_locked") else { return };
    let server = Postgres::start();
    server.sql("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)");
    let holder = server.client(
        "psql",
        &[
            "-X",
            "-q",
            "-c",
            "BEGIN",
            "-c",
            "UPDATE t SET n = 1 WHERE id = 1",
            "-c",
            "SELECT pg_sleep(1.5)",
            "-c",
            "COMMIT",
        ],
        false,
    );
    let waiter = server.client(
        "psql",
        &[
            "-X",
            "-c",
            "\\timing on",
            "-c",
            "UPDATE t SET n = 2 WHERE id = 1",
            "-c",
            "SELECT n FROM t WHERE id = 1",
        ],
        false,
    );
    let loser = server.client(
        "psql",
        &["-X", "-q", "-c", "SET lock_timeout = 300", "-c", "UPDATE t SET n = n + 3 WHERE id = 1"],
        false,
    );
    let session = Session::with(&[server.pid()], json!({ "runtimes": { "postgresql": "full" } }));
    wait_for(&session, server.pid(), "postgresql");
    let holder = thread::spawn(move || holder.complete());
    thread::sleep(Duration::from_millis(400));
    let waiter = thread::spawn(move || waiter.complete());
    thread::sleep(Duration::from_millis(300));
    assert!(!loser.run().success);
    let said = waiter.join().unwrap();
    holder.join().unwrap();
    session.settle(8);
    let receiver = end(session);

    // Time: 1099.328 ms (00:01.099)
    let truth = said.split("Time: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let truth = truth.parse::<f64>().unwrap() / 1e3;
    let spans = receiver.spans();
    let updates: Vec<_> = servers(&spans, "UPDATE t SET n = ? WHERE id = ?");
    assert_eq!(updates.len(), 2, "{spans:?}");
    let delayed: Vec<_> =
        updates.iter().filter(|span| span.attributes.get("underspan.time.lock").is_some()).collect();
    assert_eq!(delayed.len(), 1, "{updates:?}");
    close("seconds of waiting for the lock", double(delayed[0], "underspan.time.lock"), truth);
    let event = |span: &Span, name: &str| {
        let events = &span.span.events;
        let found = events.iter().find(|event| event.name == "underspan.lock.wait").unwrap();
        underspan_tests::receiver::Attributes(found.attributes.clone()).text(name).map(str::to_owned)
    };
    assert_eq!(event(delayed[0], "underspan.db.lock.mode").as_deref(), Some("ShareLock"));
    assert_eq!(event(delayed[0], "underspan.db.lock.type").as_deref(), Some("transactionid"));
    for phase in ["parse", "rewrite", "plan", "execute"] {
        assert!(double(delayed[0], &format!("underspan.db.time.{phase}")) > 0.0);
    }
    assert!(delayed[0].attributes.int("underspan.db.buffers.hit") > Some(0));
    assert!(delayed[0].attributes.int("underspan.db.wal.records") > Some(0));

    // The one that gave up waited 0.3 s, and says that it was not given the lock.
    let gave_up = servers(&spans, "UPDATE t SET n = n + ?");
    assert_eq!(gave_up.len(), 1, "{spans:?}");
    close("seconds until it gave up", double(gave_up[0], "underspan.time.lock"), 0.3);
    assert!(format!("{:?}", gave_up[0].span.events).contains("underspan.interrupted"));
    // It was the second in the queue, which stands at the row itself.
    assert_eq!(event(gave_up[0], "underspan.db.lock.type").as_deref(), Some("tuple"));
    assert!(format!("{:?}", gave_up[0].span.events).contains("underspan.db.lock.relation"));
    let reader = servers(&spans, "SELECT n FROM t");
    assert!(reader[0].attributes.get("underspan.time.lock").is_none(), "{reader:?}");
    assert_eq!(measured(&receiver, None, "underspan.db.lock.duration").0, lock_waits(&spans));
}

/// Waits for locks that spans tell of.
fn lock_waits(spans: &[Span]) -> u64 {
    let events = spans.iter().flat_map(|span| &span.span.events);
    events.filter(|event| event.name == "underspan.lock.wait").count() as u64
}

#[test]
fn statements_of_both_protocols() {
    let Some(_turn) = enter("inside::statements_of_both_protocols") else { return };
    for mode in ["simple", "prepared"] {
        let server = Postgres::start();
        server.client("pgbench", &["-i", "-q", "-s", "1"], false).complete();
        let client =
            server.client("pgbench", &["-n", "-M", mode, "-b", "select-only", "-c", "4", "-t", "50"], false);
        let session = Session::with(&[server.pid()], json!({ "runtimes": { "postgresql": "full" } }));
        wait_for(&session, server.pid(), "postgresql");
        client.complete();
        session.settle(200);
        let receiver = end(session);
        let spans = receiver.spans();
        let selects = servers(&spans, "SELECT abalance");
        assert_eq!(selects.len(), 200, "{mode}");
        for span in selects {
            let whole = seconds(span);
            let executed = double(span, "underspan.db.time.execute");
            assert!(executed > 0.0 && executed <= whole, "{mode}: {executed} of {whole}");
        }
        // One for each portal that ran. The client asks for more than it was told to before it begins.
        let phases = latest(&receiver, None, "underspan.db.phase.duration");
        let executed =
            phases.iter().filter(|point| point.attributes.text("underspan.db.phase") == Some("execute"));
        let statements = servers(&spans, "").len() as u64;
        assert_eq!(executed.map(Point::count).sum::<u64>(), statements, "{mode}");
        // A connection begins with one of its own: four, and the one that asks. To prepare a statement takes one, too.
        let more = if mode == "prepared" { 9 } else { 5 };
        assert_eq!(measured(&receiver, None, "underspan.db.transactions").0, statements + more, "{mode}");
    }
}

#[test]
fn the_default_tells_of_execution_and_locks() {
    let Some(_turn) = enter("inside::the_default_tells_of_execution_and_locks") else { return };
    let server = Postgres::start();
    server.client("pgbench", &["-i", "-q", "-s", "1"], false).complete();
    let client = server.client(
        "pgbench",
        &["-n", "-M", "prepared", "-b", "select-only", "-c", "4", "-t", "50"],
        false,
    );
    let lock = "BEGIN; LOCK TABLE pgbench_tellers IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT";
    let holder = server.client("psql", &["-X", "-q", "-c", lock], false);
    let waiter = server.client("psql", &["-X", "-q", "-c", "SELECT count(*) FROM pgbench_tellers"], false);
    let session = Session::trace(&[server.pid()]);
    wait_for(&session, server.pid(), "postgresql");
    client.complete();
    let holder = thread::spawn(move || holder.complete());
    thread::sleep(Duration::from_millis(400));
    waiter.complete();
    holder.join().unwrap();
    session.settle(205);
    let receiver = end(session);
    let spans = receiver.spans();
    let selects = servers(&spans, "SELECT abalance");
    assert_eq!(selects.len(), 200);
    for span in &selects {
        let executed = double(span, "underspan.db.time.execute");
        assert!(executed > 0.0 && executed <= seconds(span), "{span:?}");
    }
    let details = ["underspan.db.time.parse", "underspan.db.time.plan", "underspan.db.buffers.hit"];
    assert!(spans.iter().all(|span| details.iter().all(|name| span.attributes.get(name).is_none())));
    let phases = latest(&receiver, None, "underspan.db.phase.duration");
    assert!(phases.iter().all(|point| point.attributes.text("underspan.db.phase") == Some("execute")));
    let delayed = servers(&spans, "FROM pgbench_tellers");
    assert_eq!(delayed.len(), 1, "{spans:?}");
    let lock = double(delayed[0], "underspan.time.lock");
    assert!(lock > 0.1 && lock <= seconds(delayed[0]), "{lock} s of {} s", seconds(delayed[0]));
    assert_eq!(measured(&receiver, None, "underspan.db.lock.duration").0, lock_waits(&spans));
}
