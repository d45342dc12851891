//! Client spans of Python, alone and joined with nginx's server spans.

use serde_json::json;
use underspan_tests::oracle::{Family, Kind, by_path};
use underspan_tests::workload::{Nginx, Script, scale, script};

use crate::stage::{Session, enter};

const CALLS: u64 = 4000;

const REQUESTS: u64 = 20_000;
/// Requests per second; about a third of what Python can do here.
const RATE: u32 = 1000;

#[test]
fn keep_alive_at_a_steady_rate() {
    let Some(_turn) = enter("clients::keep_alive_at_a_steady_rate") else { return };
    call(true, Some(scale::rate(RATE)));
}

#[test]
fn new_connections_at_a_steady_rate() {
    let Some(_turn) = enter("clients::new_connections_at_a_steady_rate") else { return };
    call(false, Some(scale::rate(RATE)));
}

#[test]
fn keep_alive_at_full_speed() {
    let Some(_turn) = enter("clients::keep_alive_at_full_speed") else { return };
    call(true, None);
}

#[test]
fn new_connections_at_full_speed() {
    let Some(_turn) = enter("clients::new_connections_at_full_speed") else { return };
    call(false, None);
}

fn call(keep: bool, rate: Option<u32>) {
    let requests = scale::down(REQUESTS);
    let nginx = Nginx::start(false);
    let mut client = Script::start(script::CLIENT, &json!({}));
    let session = Session::trace(&[client.pid()]);
    let answer = client.go(&json!({
        "do": "load", "host": "127.0.0.1", "port": nginx.address().port(), "prefix": "/r",
        "requests": requests, "connections": 8, "keep": keep, "rate": rate,
    }));
    assert_eq!(answer["answered"], requests);
    let books = session.finish(requests);
    books.balance(requests);
    if rate.is_some() {
        books.perfect(requests);
        assert_eq!(books.measured("http.client.request.duration"), requests);
    }
    let spans: Vec<_> = books.spans.iter().collect();
    assert_eq!(by_path(&spans, Kind::Client).len(), spans.len());
    let port = nginx.address().port().to_string();
    for span in spans {
        assert_eq!(span.attribute("http.request.method"), "GET");
        assert_eq!(span.attribute("http.response.status_code"), "200");
        assert_eq!(
            (span.attribute("server.address"), span.attribute("server.port")),
            ("127.0.0.1", port.as_str())
        );
        assert!(span.parent.is_empty(), "{span:?}");
    }
}

#[test]
fn both_ends_of_kept_connections_are_one_trace() {
    let Some(_turn) = enter("clients::both_ends_of_kept_connections_are_one_trace") else { return };
    join(true);
}

#[test]
fn both_ends_of_new_connections_are_one_trace() {
    let Some(_turn) = enter("clients::both_ends_of_new_connections_are_one_trace") else { return };
    join(false);
}

fn join(keep: bool) {
    let calls = scale::down(CALLS);
    let nginx = Nginx::start(false);
    let mut client = Script::start(script::CLIENT, &json!({}));
    let mut pids = nginx.pids();
    pids.push(client.pid());
    let session = Session::trace(&pids);
    let answer = client.go(&json!({
        "do": "load", "host": "127.0.0.1", "port": nginx.address().port(), "prefix": "/r",
        "requests": calls, "connections": 8, "keep": keep, "rate": scale::rate(RATE / 2),
    }));
    assert_eq!(answer["answered"], calls);
    let books = session.finish(2 * calls);
    books.perfect(2 * calls);
    let (servers, callers) = (books.of(Kind::Server), books.of(Kind::Client));
    assert_eq!((servers.len() as u64, callers.len() as u64), (calls, calls));
    for span in servers.iter().filter(|span| span.parent.is_empty()) {
        println!("without parent: {span:?}\nits caller: {:?}", by_path(&callers, Kind::Client)[span.path()]);
    }
    let family = Family::compare(&servers, &by_path(&callers, Kind::Client), |path| path);
    assert_eq!(family, Family { right: calls, ..Family::default() });
}
