//! What an operator asks of a running agent.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use underspan_tests::agent::binary;
use underspan_tests::workload::process::{Process, eventually};
use underspan_tests::workload::{Load, Nginx};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 100;

fn status_command(arguments: &[&str]) -> Output {
    Command::new(binary()).arg("status").args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().filter_map(Value::as_u64).sum()
}

#[test]
fn the_status_tells_what_was_understood_and_what_was_not_seen() {
    let Some(_turn) = enter("operation::the_status_tells_what_was_understood_and_what_was_not_seen") else {
        return;
    };
    let nginx = Nginx::start(false);
    let silent = Process::new(Command::new("sleep").arg("600").spawn().unwrap());
    let pids: Vec<_> = nginx.pids().into_iter().chain([silent.pid()]).collect();
    let session = Session::trace(&pids);
    let admin = session.agent.admin();
    let load = Load::new(nginx.address(), REQUESTS);
    load.run().complete(&load);
    session.settle(REQUESTS);
    let status = admin.status();
    println!("{status:#}");

    let targets = status["targets"].as_array().unwrap();
    assert_eq!(targets.len(), pids.len());
    let workers = nginx.workers();
    let served = targets.iter().filter(|target| workers.iter().any(|pid| target["pid"] == *pid));
    let understood: u64 = served.clone().map(|target| sum(&target["exchanges"])).sum();
    assert_eq!(understood, REQUESTS);
    for target in served.filter(|target| sum(&target["exchanges"]) > 0) {
        assert_eq!(target["service"], "nginx");
        assert!(target["executable"].as_str().is_some_and(|path| path.ends_with("nginx")), "{target}");
        assert_eq!(target["exchanges"]["http1"], sum(&target["exchanges"]));
        assert_eq!(target["tls"], "plain");
        assert!(
            target["bytes"].as_u64() > Some(1000) && target["captured"].as_u64() > Some(1000),
            "{target}"
        );
    }
    let silent = targets.iter().find(|target| target["pid"] == silent.pid()).unwrap();
    assert_eq!((&silent["bytes"], &silent["tls"]), (&json!(0), &Value::Null));
    assert!(silent["finding"].as_str().is_some_and(|text| text.contains("no byte seen")), "{silent}");
    let probes = status["probes"].as_array().unwrap();
    let payload = probes.iter().find(|probe| probe["name"].as_str().unwrap().starts_with("socket_")).unwrap();
    assert!(payload["records"].as_u64() >= Some(2 * REQUESTS) && payload["state"] == "on", "{payload}");
    assert_eq!(status["agent"]["missing_capabilities"], json!({}));

    let shown = status_command(&["--endpoint", &admin.url()]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success() && text.contains("nginx") && text.contains("no byte seen"), "{text}");
    let raw = status_command(&["--json", "--endpoint", &admin.url()]);
    let raw: Value = serde_json::from_slice(&raw.stdout).unwrap();
    assert_eq!(raw["agent"]["pid"], session.agent.pid());
    session.finish(REQUESTS).perfect(REQUESTS);
    let nobody = status_command(&["--endpoint", &admin.url()]);
    assert_eq!(nobody.status.code(), Some(1), "the agent is gone");
}

#[test]
fn bytes_that_nobody_understands_are_counted_as_such() {
    let Some(_turn) = enter("operation::bytes_that_nobody_understands_are_counted_as_such") else { return };
    let nginx = Nginx::start(false);
    let session = Session::trace(&nginx.pids());
    let admin = session.agent.admin();
    for hello in [&b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"[..], &[0xfe; 300]] {
        let mut connection = underspan_tests::workload::http::Connection::open(nginx.address()).unwrap();
        connection.send(hello).unwrap();
        // nginx answers with an error page or closes.
        let _ = connection.drain();
    }
    let mut puzzles = Value::Null;
    eventually("both are seen", || {
        let status = admin.status();
        let list = status["targets"].as_array().cloned().unwrap_or_default();
        let of = |name: &str| -> u64 {
            list.iter().filter_map(|target| target["not_understood"][name].as_u64()).sum()
        };
        puzzles = json!({ "tls": of("tls"), "other": of("unknown_protocol") + of("undecided") });
        let blind = list.iter().any(|target| target["tls"] == "blind");
        blind && puzzles["tls"].as_u64() >= Some(11) && puzzles["other"].as_u64() >= Some(300)
    });
    println!("{puzzles}");
    session.finish(0);
}

#[test]
fn the_endpoint_speaks_http_and_prometheus() {
    let Some(_turn) = enter("operation::the_endpoint_speaks_http_and_prometheus") else { return };
    let nginx = Nginx::start(false);
    let session = Session::trace(&nginx.pids());
    let admin = session.agent.admin();
    for (method, path, status) in [
        ("GET", "/healthz", 200),
        ("HEAD", "/readyz", 200),
        ("GET", "/status", 200),
        ("GET", "/", 200),
        ("GET", "/nothing", 404),
        ("GET", "/detach", 405),
        ("POST", "/status", 405),
    ] {
        assert_eq!(admin.ask(method, path, "").status, status, "{method} {path}");
    }
    assert_eq!(admin.ask("POST", "/detach", "Origin: http://example.com\r\n").status, 403, "a web page");
    let long = format!("X: {}\r\n", "x".repeat(64 << 10));
    assert!((400..500).contains(&admin.ask("GET", "/healthz", &long).status), "a large request is refused");
    let load = Load::new(nginx.address(), REQUESTS);
    load.run().complete(&load);
    session.settle(REQUESTS);
    let metrics = admin.get("/metrics");
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"), "{}", metrics.head);
    let value = |name: &str| -> f64 {
        let line = metrics.body.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
            .unwrap_or_else(|| panic!("{name}: {metrics:?}"))
    };
    assert!((value("underspan_exchanges_total ") - 100.0).abs() < 0.5);
    assert!(value("underspan_ring_size_bytes_total ") > 10_000.0);
    assert!(value("underspan_attached ") > 0.5 && value("process_open_fds ") > 5.0);
    assert!(value("underspan_export_items_total{destination=\"otlp/traces\"}") >= 100.0);
    let books = session.finish(REQUESTS);
    books.perfect(REQUESTS);
    assert!(books.counter("underspan.ring.size") > 10_000, "exported over OTLP too: {books}");
}

#[test]
fn the_agent_ends_by_itself_when_its_time_is_over() {
    let Some(_turn) = enter("operation::the_agent_ends_by_itself_when_its_time_is_over") else { return };
    let nginx = Nginx::start(false);
    let mut session = Session::with(&nginx.pids(), json!({ "admin": { "time_limit": "2s" } }));
    let objects = session.agent.objects();
    let status = session.agent.ended();
    assert!(status.success(), "{status}");
    assert!(session.agent.log().contains("time limit"), "{}", session.agent.log());
    eventually("the kernel has let go", || objects.left().is_empty());
    let output = Command::new(binary()).args(["trace", "--pid", "1", "--for", "1s"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_full_disk_does_not_stop_the_agent() {
    let Some(_turn) = enter("operation::a_full_disk_does_not_stop_the_agent") else { return };
    let nginx = Nginx::start(false);
    let session = Session::with(&nginx.pids(), json!({ "admin": { "audit_log": "/dev/full" } }));
    let admin = session.agent.admin();
    let load = Load::new(nginx.address(), REQUESTS);
    load.run().complete(&load);
    eventually("what is missing is counted", || admin.status()["agent"]["audit"]["lost"].as_u64() > Some(5));
    admin.post("/detach");
    admin.post("/attach");
    let told = session.agent.log().matches("cannot write the audit log").count();
    assert_eq!(told, 1, "logged once: {}", session.agent.log());
    session.finish(REQUESTS).perfect(REQUESTS);
}
