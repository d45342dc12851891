//! The cases of the W3C's test suite against a real server: a valid `traceparent` is the parent of its span, an invalid one is not.

use serde_json::json;
use underspan_tests::oracle::{Kind, by_path};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::{Script, script};

use crate::stage::{Session, enter};

const TRACE: &str = "12345678901234567890123456789012";
const PARENT: &str = "1234567890123456";
const PLAIN: &str = "00-12345678901234567890123456789012-1234567890123456-01";

/// Header lines with a valid context.
const VALID: &[&str] = &[
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-01",
    "TraceParent: 00-12345678901234567890123456789012-1234567890123456-01",
    "TrAcEpArEnT: 00-12345678901234567890123456789012-1234567890123456-01",
    "TRACEPARENT: 00-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-00",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-02",
    "traceparent: cc-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
    "traceparent:  00-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: \t00-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-01 ",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-01\t",
    "traceparent: \t 00-12345678901234567890123456789012-1234567890123456-01 \t",
];

/// Header lines without one.
const INVALID: &[&str] = &[
    "accept: */*",
    "tracestate: foo=1",
    "tracestate: foo=1,bar=2",
    "trace-parent: 00-12345678901234567890123456789012-1234567890123456-01",
    "trace.parent: 00-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 00-12345678901234567890123456789011-1234567890123456-01\r\n\
     traceparent: 00-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-01.",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
    "traceparent: cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like",
    "traceparent: ff-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: .0-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 0.-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 000-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 0000-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 0-12345678901234567890123456789012-1234567890123456-01",
    "traceparent: 00-00000000000000000000000000000000-1234567890123456-01",
    "traceparent: 00-.2345678901234567890123456789012-1234567890123456-01",
    "traceparent: 00-1234567890123456789012345678901.-1234567890123456-01",
    "traceparent: 00-123456789012345678901234567890123-1234567890123456-01",
    "traceparent: 00-1234567890123456789012345678901-1234567890123456-01",
    "traceparent: 00-12345678901234567890123456789012-0000000000000000-01",
    "traceparent: 00-12345678901234567890123456789012-.234567890123456-01",
    "traceparent: 00-12345678901234567890123456789012-123456789012345.-01",
    "traceparent: 00-12345678901234567890123456789012-12345678901234567-01",
    "traceparent: 00-12345678901234567890123456789012-123456789012345-01",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-.0",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-0.",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-001",
    "traceparent: 00-12345678901234567890123456789012-1234567890123456-1",
];

/// `tracestate` lines beside a valid context, and what is carried on.
const STATES: &[(&[&str], &str)] = &[
    (&["tracestate: foo=1,bar=2"], "foo=1,bar=2"),
    (&["TraceState: foo=1"], "foo=1"),
    (&["trace-state: foo=1"], ""),
    (&["tracestate: "], ""),
    (&["tracestate: foo=1", "tracestate: "], "foo=1"),
    (
        &["tracestate: foo=1,bar=2", "tracestate: rojo=1,congo=2", "tracestate: baz=3"],
        "foo=1,bar=2,rojo=1,congo=2,baz=3",
    ),
    (&["tracestate: foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
    (&["tracestate: \t foo=1 \t"], "foo=1"),
    (&["tracestate: foo =1"], ""),
    (&["tracestate: FOO=1"], ""),
    (&["tracestate: foo=bar=baz"], ""),
    (&["tracestate: foo=,bar=3"], ""),
];

#[test]
fn valid_parents_are_parents_and_others_are_not() {
    let Some(_turn) = enter("context::valid_parents_are_parents_and_others_are_not") else { return };
    let server = Script::start(script::SERVER, &json!({ "listen": "127.0.0.1", "calls": "recv" }));
    let session = Session::trace(&[server.pid()]);
    let mut connection = Connection::open(server.address()).unwrap();
    let mut ask = |path: String, headers: &str| {
        assert_eq!(connection.get(&path, &format!("{headers}\r\n")).unwrap().status, 200, "{headers}");
    };
    for (number, headers) in VALID.iter().enumerate() {
        ask(format!("/valid/{number}"), headers);
    }
    for (number, headers) in INVALID.iter().enumerate() {
        ask(format!("/invalid/{number}"), headers);
    }
    for (number, (states, _)) in STATES.iter().enumerate() {
        ask(format!("/state/{number}"), &format!("traceparent: {PLAIN}\r\n{}", states.join("\r\n")));
    }
    let requests = (VALID.len() + INVALID.len() + STATES.len()) as u64;
    let books = session.finish(requests);
    books.perfect(requests);
    let servers = books.of(Kind::Server);
    let spans = by_path(&servers, Kind::Server);
    for (number, headers) in VALID.iter().enumerate() {
        let span = spans[format!("/valid/{number}").as_str()];
        assert_eq!((span.trace.as_str(), span.parent.as_str()), (TRACE, PARENT), "{headers}");
        assert_ne!(span.id, PARENT);
    }
    for (number, headers) in INVALID.iter().enumerate() {
        let span = spans[format!("/invalid/{number}").as_str()];
        assert_eq!((span.parent.as_str(), span.state.as_str()), ("", ""), "{headers}");
        assert!(
            !span.trace.starts_with("12345678") && span.trace != "0".repeat(32),
            "{headers} {}",
            span.trace
        );
    }
    for (number, (states, kept)) in STATES.iter().enumerate() {
        let span = spans[format!("/state/{number}").as_str()];
        assert_eq!((span.trace.as_str(), span.parent.as_str()), (TRACE, PARENT), "{states:?}");
        assert_eq!(span.state, *kept, "{states:?}");
    }
}
