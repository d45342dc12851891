//! Server spans of nginx, at a rate the agent must keep up with and at the highest there is.

use std::collections::BTreeSet;

use underspan_tests::oracle::{Books, Kind, by_path};
use underspan_tests::workload::{Load, Nginx, Wrk, scale};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 20_000;
/// Requests per second below which nothing may be lost.
const RATE: u32 = 1500;

#[test]
fn keep_alive_at_a_steady_rate() {
    let Some(_turn) = enter("nginx::keep_alive_at_a_steady_rate") else { return };
    steady(|load| load);
}

#[test]
fn new_connections_at_a_steady_rate() {
    let Some(_turn) = enter("nginx::new_connections_at_a_steady_rate") else { return };
    steady(Load::over_new_connections);
}

#[test]
fn keep_alive_at_full_speed() {
    let Some(_turn) = enter("nginx::keep_alive_at_full_speed") else { return };
    serve(&|load| load);
}

#[test]
fn new_connections_at_full_speed() {
    let Some(_turn) = enter("nginx::new_connections_at_full_speed") else { return };
    serve(&Load::over_new_connections);
}

#[test]
fn wrk_at_full_speed() {
    let Some(_turn) = enter("nginx::wrk_at_full_speed") else { return };
    let nginx = Nginx::start(true);
    let session = Session::trace(&nginx.pids());
    let wrk = Wrk::run(nginx.address(), 8, 2);
    // wrk leaves in the middle of its last requests: nginx knows better than wrk how many there were.
    let requests = nginx.requests();
    assert!(requests >= wrk.requests && wrk.requests > 0, "{requests} {wrk:?}");
    let books = session.finish(requests);
    books.balance(requests);
    assert_eq!(books.of(Kind::Server).len(), books.spans.len());
}

/// Serves the load, whose requests must all be accounted for.
fn serve(shape: &dyn Fn(Load) -> Load) -> Books {
    let nginx = Nginx::start(false);
    let load = shape(Load::new(nginx.address(), scale::down(REQUESTS)));
    let session = Session::trace(&nginx.pids());
    load.run().complete(&load);
    let books = session.finish(load.requests);
    books.balance(load.requests);
    books
}

fn steady(shape: impl Fn(Load) -> Load) {
    let requests = scale::down(REQUESTS);
    let books = serve(&|load| shape(load).paced(scale::rate(RATE)));
    books.perfect(requests);
    let spans: Vec<_> = books.spans.iter().collect();
    let found = by_path(&spans, Kind::Server);
    let expected: BTreeSet<_> = (0..requests).map(|id| format!("/r/{id}")).collect();
    assert!(
        found.keys().copied().eq(expected.iter().map(String::as_str)),
        "not the paths that were asked for"
    );
    assert_eq!(books.measured("http.server.request.duration"), requests);
    for span in spans {
        assert_eq!(span.attribute("http.request.method"), "GET");
        assert_eq!(span.attribute("http.response.status_code"), "200");
        assert_eq!(span.attribute("url.scheme"), "http");
        assert_eq!(span.number("http.response.body.size"), Some(3));
        assert!(!span.failed && span.parent.is_empty() && span.start <= span.end, "{span:?}");
        assert_eq!(span.resource["service.name"], "nginx");
    }
    let traces: BTreeSet<_> = books.spans.iter().map(|span| &span.trace).collect();
    assert_eq!(
        traces.len(),
        books.spans.len(),
        "requests that have nothing to do with each other share a trace"
    );
}
