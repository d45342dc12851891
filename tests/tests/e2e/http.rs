//! What HTTP/1 allows besides a request and its response.

use serde_json::json;
use underspan_tests::oracle::{Books, Kind, Span, by_path};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::{Nginx, Script, script};

use crate::stage::{Session, enter};

const PIPELINED: u64 = 16;

#[test]
fn sixteen_requests_in_one_write() {
    let Some(_turn) = enter("http::sixteen_requests_in_one_write") else { return };
    let nginx = Nginx::start(false);
    let mut client = Script::start(script::CLIENT, &json!({}));
    let mut pids = nginx.pids();
    pids.push(client.pid());
    let session = Session::trace(&pids);
    let order = json!({
        "do": "pipeline", "host": "127.0.0.1", "port": nginx.address().port(), "prefix": "/p", "connections": 1,
        "requests": PIPELINED, "together": PIPELINED, "open": PIPELINED,
    });
    assert_eq!(client.go(&order)["answered"], PIPELINED);
    let books = session.finish(2 * PIPELINED);
    books.perfect(2 * PIPELINED);
    for kind in [Kind::Server, Kind::Client] {
        let spans = books.of(kind);
        assert_eq!(by_path(&spans, kind).len() as u64, PIPELINED);
    }
}

/// Sends these bytes to the server on one connection and reads so many answers; `headless`: without bodies.
fn say(text: &str, answers: usize, headless: bool) -> (Books, Vec<u16>) {
    let server = Script::start(script::SERVER, &json!({ "listen": "127.0.0.1", "calls": "recv" }));
    let session = Session::trace(&[server.pid()]);
    let mut connection = Connection::open(server.address()).unwrap();
    connection.send(text.as_bytes()).unwrap();
    let statuses = (0..answers).map(|_| connection.answer(headless).unwrap().status).collect();
    drop(connection);
    let books = session.finish(answers as u64);
    books.perfect(answers as u64);
    (books, statuses)
}

fn one(text: &str, headless: bool) -> (Span, u16) {
    let (books, statuses) = say(text, 1, headless);
    (books.of(Kind::Server)[0].clone(), statuses[0])
}

#[test]
fn a_chunked_response_with_trailers() {
    let Some(_turn) = enter("http::a_chunked_response_with_trailers") else { return };
    let (span, status) = one("GET /chunked HTTP/1.1\r\nHost: h\r\n\r\n", false);
    assert_eq!((status, span.number("http.response.body.size")), (200, Some(12)), "{span:?}");
}

#[test]
fn a_chunked_request() {
    let Some(_turn) = enter("http::a_chunked_request") else { return };
    let text = "POST /sum HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n";
    let (span, status) = one(text, false);
    assert_eq!((status, span.number("http.request.body.size")), (200, Some(7)), "{span:?}");
    assert_eq!(span.attribute("http.request.method"), "POST");
}

#[test]
fn responses_without_a_body() {
    let Some(_turn) = enter("http::responses_without_a_body") else { return };
    let text = "HEAD /head HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n\r\n\
                GET /unchanged HTTP/1.1\r\nHost: h\r\n\r\nHEAD /last HTTP/1.1\r\nHost: h\r\n\r\n";
    let (books, statuses) = say(text, 4, true);
    assert_eq!(statuses, [200, 204, 304, 200]);
    let servers = books.of(Kind::Server);
    let spans = by_path(&servers, Kind::Server);
    for (path, method, status) in [
        ("/head", "HEAD", "200"),
        ("/nothing", "GET", "204"),
        ("/unchanged", "GET", "304"),
        ("/last", "HEAD", "200"),
    ] {
        let span = spans[path];
        assert_eq!(span.attribute("http.request.method"), method);
        assert_eq!(span.attribute("http.response.status_code"), status);
        assert_eq!(span.number("http.response.body.size").unwrap_or(0), 0, "{path}");
    }
}

#[test]
fn a_server_that_fails() {
    let Some(_turn) = enter("http::a_server_that_fails") else { return };
    let (span, status) = one("GET /broken HTTP/1.1\r\nHost: h\r\n\r\n", false);
    assert_eq!((status, span.attribute("http.response.status_code")), (503, "503"));
    assert_eq!((span.failed, span.attribute("error.type")), (true, "503"));
}

#[test]
fn an_expectation_of_100_continue() {
    let Some(_turn) = enter("http::an_expectation_of_100_continue") else { return };
    let server = Script::start(script::SERVER, &json!({ "listen": "127.0.0.1", "calls": "recv" }));
    let session = Session::trace(&[server.pid()]);
    let mut connection = Connection::open(server.address()).unwrap();
    for number in 0..3 {
        let head = format!(
            "PUT /e/{number} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        );
        connection.send(head.as_bytes()).unwrap();
        assert_eq!(connection.exactly(25).unwrap(), b"HTTP/1.1 100 Continue\r\n\r\n");
        connection.send(b"hello").unwrap();
        assert_eq!(connection.answer(false).unwrap().status, 200);
    }
    let books = session.finish(3);
    books.perfect(3);
    for span in books.of(Kind::Server) {
        assert_eq!(span.attribute("http.response.status_code"), "200", "{span:?}");
        assert_eq!(span.number("http.request.body.size"), Some(5), "{span:?}");
    }
}

#[test]
fn http_1_0_without_length() {
    let Some(_turn) = enter("http::http_1_0_without_length") else { return };
    let (span, status) = one("GET /old HTTP/1.0\r\n\r\n", false);
    assert_eq!((status, span.number("http.response.body.size")), (200, Some(13)), "{span:?}");
    assert_eq!(span.attribute("network.protocol.version"), "1.0");
}

#[test]
fn a_websocket_handshake_and_what_follows() {
    let Some(_turn) = enter("http::a_websocket_handshake_and_what_follows") else { return };
    let server = Script::start(script::SERVER, &json!({ "listen": "127.0.0.1", "calls": "recv" }));
    let session = Session::trace(&[server.pid()]);
    let mut connection = Connection::open(server.address()).unwrap();
    let head = "GET /upgrade HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    connection.send(head.as_bytes()).unwrap();
    assert_eq!(connection.answer(false).unwrap().status, 101);
    // What follows may look like HTTP, and is not.
    for _ in 0..10 {
        let frame = b"GET /frame HTTP/1.1\r\nHost: h\r\n\r\n";
        connection.send(frame).unwrap();
        assert_eq!(connection.exactly(frame.len()).unwrap(), frame);
    }
    drop(connection);
    let books = session.finish(1);
    books.perfect(1);
    let span = books.of(Kind::Server)[0];
    assert_eq!((span.path(), span.attribute("http.response.status_code")), ("/upgrade", "101"));
}

#[test]
fn bytes_that_are_not_http_are_nobody_s_request() {
    let Some(_turn) = enter("http::bytes_that_are_not_http_are_nobody_s_request") else { return };
    let server = Script::start(script::SERVER, &json!({ "listen": "127.0.0.1", "calls": "recv" }));
    let session = Session::trace(&[server.pid()]);
    let mut connection = Connection::open(server.address()).unwrap();
    connection.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not HTTP at all").unwrap();
    drop(connection);
    let mut connection = Connection::open(server.address()).unwrap();
    assert_eq!(connection.get("/after", "").unwrap().status, 200);
    let books = session.finish(1);
    assert_eq!(books.spans.len(), 1);
    assert_eq!(books.spans[0].path(), "/after");
}
