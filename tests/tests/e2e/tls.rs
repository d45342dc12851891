//! What is encrypted on the wire, read where nginx, Python and others encrypt it: in OpenSSL.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;

use serde_json::json;
use underspan_tests::oracle::{Books, Family, Kind, by_path};
use underspan_tests::workload::{Nginx, Script, Wrk, scale, script};

use crate::stage::{Session, enter};

const CALLS: u64 = 2000;
/// Requests per second.
const RATE: u32 = 300;

/// Requests of one curl, on one connection.
fn curl(address: SocketAddr, paths: &[String]) {
    let urls = paths.iter().map(|path| format!("https://{address}{path}"));
    let output = Command::new("curl")
        .args(["--insecure", "--silent", "--fail", "--http1.1"])
        .args(urls)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Every span says that it is of an encrypted connection.
fn assert_encrypted(books: &Books) {
    for span in &books.spans {
        match span.kind {
            Kind::Server => assert_eq!(span.attribute("url.scheme"), "https", "{span:?}"),
            Kind::Client => assert!(span.attribute("url.full").starts_with("https://127.0.0.1:"), "{span:?}"),
        }
        assert_eq!(span.attribute("http.response.status_code"), "200", "{span:?}");
        assert!(!span.failed && span.start <= span.end, "{span:?}");
    }
}

#[test]
fn nginx_with_curl() {
    let Some(_turn) = enter("tls::nginx_with_curl") else { return };
    let nginx = Nginx::start_tls(false);
    let session = Session::trace(&nginx.pids());
    let paths: Vec<_> = (0..60).map(|number| format!("/curl/{number}")).collect();
    for some in paths.chunks(3) {
        curl(nginx.address(), some);
    }
    session.settle(60);
    let status = session.agent.admin().status();
    let targets = status["targets"].as_array().unwrap();
    assert!(targets.iter().any(|target| target["tls"] == "decrypted"), "{status}");
    assert!(targets.iter().all(|target| target["tls"] != "blind"), "{status}");
    let books = session.finish(60);
    books.perfect(60);
    let spans: Vec<_> = books.spans.iter().collect();
    let found: BTreeSet<_> = by_path(&spans, Kind::Server).keys().map(|path| (*path).to_owned()).collect();
    assert_eq!(found, paths.into_iter().collect());
    assert_encrypted(&books);
}

#[test]
fn wrk_at_full_speed() {
    let Some(_turn) = enter("tls::wrk_at_full_speed") else { return };
    let nginx = Nginx::start_tls(true);
    let session = Session::trace(&nginx.pids());
    let wrk = Wrk::run_tls(nginx.address(), 8, 2);
    // wrk leaves in the middle of its last requests: nginx knows better than wrk how many there were.
    let requests = nginx.requests();
    assert!(requests >= wrk.requests && wrk.requests > 0, "{requests} {wrk:?}");
    let books = session.finish(requests);
    books.balance(requests);
    assert_eq!(books.of(Kind::Server).len(), books.spans.len());
}

#[test]
fn both_ends_of_kept_connections_are_one_trace() {
    let Some(_turn) = enter("tls::both_ends_of_kept_connections_are_one_trace") else { return };
    join(true);
}

#[test]
fn both_ends_of_new_connections_are_one_trace() {
    let Some(_turn) = enter("tls::both_ends_of_new_connections_are_one_trace") else { return };
    join(false);
}

fn join(keep: bool) {
    let calls = scale::down(CALLS);
    let nginx = Nginx::start_tls(false);
    let mut client = Script::start(script::CLIENT, &json!({}));
    let mut pids = nginx.pids();
    pids.push(client.pid());
    let session = Session::trace(&pids);
    let answer = client.go(&load(&nginx, "/r", calls, keep));
    assert_eq!(answer["answered"], calls);
    let books = session.finish(2 * calls);
    books.perfect(2 * calls);
    let (servers, callers) = (books.of(Kind::Server), books.of(Kind::Client));
    assert_eq!((servers.len() as u64, callers.len() as u64), (calls, calls));
    assert_encrypted(&books);
    let family = Family::compare(&servers, &by_path(&callers, Kind::Client), |path| path);
    assert_eq!(family, Family { right: calls, ..Family::default() });
}

/// An order for the client.
fn load(nginx: &Nginx, prefix: &str, requests: u64, keep: bool) -> serde_json::Value {
    json!({
        "do": "load", "host": "127.0.0.1", "port": nginx.address().port(), "prefix": prefix, "tls": true,
        "requests": requests, "connections": 4, "keep": keep, "rate": scale::rate(RATE),
    })
}

#[test]
fn attached_to_connections_that_are_open() {
    let Some(_turn) = enter("tls::attached_to_connections_that_are_open") else { return };
    let calls = scale::down(CALLS / 4);
    let nginx = Nginx::start_tls(false);
    let mut client = Script::start(script::CLIENT, &json!({}));
    let mut order = load(&nginx, "/before", 100, true);
    order["hold"] = json!(true);
    assert_eq!(client.go(&order)["answered"], 100);
    let mut pids = nginx.pids();
    pids.push(client.pid());
    let session = Session::trace(&pids);
    assert_eq!(client.go(&load(&nginx, "/after", calls, true))["answered"], calls);
    let books = session.finish(2 * calls);
    // Nothing was under way when the agent came.
    books.perfect(2 * calls);
    assert_encrypted(&books);
    for span in &books.spans {
        assert!(span.path().starts_with("/after/"), "{span:?}");
        // Where in the stream the two ends stand is not known, so nothing is claimed of them.
        assert!(span.parent.is_empty(), "{span:?}");
    }
}

#[test]
fn nobody_notices_that_the_agent_is_killed() {
    let Some(_turn) = enter("tls::nobody_notices_that_the_agent_is_killed") else { return };
    let calls = scale::down(CALLS);
    let nginx = Nginx::start_tls(false);
    let mut client = Script::start(script::CLIENT, &json!({}));
    let mut pids = nginx.pids();
    pids.push(client.pid());
    let mut session = Session::trace(&pids);
    client.order(&load(&nginx, "/k", calls, true));
    session.settle(calls / 2);
    let objects = session.agent.objects();
    session.agent.kill();
    let answer: serde_json::Value = serde_json::from_str(&client.line()).unwrap();
    assert_eq!(answer["answered"], calls, "every request is answered");
    assert!(objects.left().is_empty(), "{:?}", objects.left());
    // And after it, without the agent's probes.
    assert_eq!(client.go(&load(&nginx, "/after", 100, false))["answered"], 100);
}
