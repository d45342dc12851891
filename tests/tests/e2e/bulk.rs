//! 1 GiB in one message, less on a slow machine: one span, right sizes and duration, and next to nothing of it crosses to user space.

use std::fs::File;

use serde_json::{Value, json};
use underspan_tests::oracle::{Books, Kind, Span};
use underspan_tests::workload::{Nginx, Script, scale, script};

use crate::stage::{Session, enter};

/// Bytes of connections that may cross.
const CROSSING: u64 = 64 * 1024;

#[test]
fn a_server_sends_1_gib() {
    let Some(_turn) = enter("bulk::a_server_sends_1_gib") else { return };
    let server = server();
    let mut client = Script::start(script::CLIENT, &json!({}));
    let session = Session::trace(&[server.pid()]);
    let answer = client.go(&order(&server, &format!("/download/{}", size()), 0));
    let span = only(session, 1, Kind::Server);
    check(&span, &answer, (0, size()));
    assert_eq!(answer["received"], size());
}

#[test]
fn a_server_receives_1_gib() {
    let Some(_turn) = enter("bulk::a_server_receives_1_gib") else { return };
    let server = server();
    let mut client = Script::start(script::CLIENT, &json!({}));
    let session = Session::trace(&[server.pid()]);
    let answer = client.go(&order(&server, "/upload", size()));
    check(&only(session, 1, Kind::Server), &answer, (size(), acknowledgement()));
}

#[test]
fn a_client_sends_1_gib() {
    let Some(_turn) = enter("bulk::a_client_sends_1_gib") else { return };
    let server = server();
    let mut client = Script::start(script::CLIENT, &json!({}));
    let session = Session::trace(&[client.pid()]);
    let answer = client.go(&order(&server, "/upload", size()));
    check(&only(session, 1, Kind::Client), &answer, (size(), acknowledgement()));
}

#[test]
fn sendfile_on_one_end_and_a_client_on_the_other() {
    let Some(_turn) = enter("bulk::sendfile_on_one_end_and_a_client_on_the_other") else { return };
    let nginx = Nginx::start(false);
    // A hole: as large as it says, and nearly free.
    File::create(nginx.files().join("big")).unwrap().set_len(size()).unwrap();
    let mut client = Script::start(script::CLIENT, &json!({}));
    let mut pids = nginx.pids();
    pids.push(client.pid());
    let session = Session::trace(&pids);
    let order = json!({
        "do": "bulk", "host": "127.0.0.1", "port": nginx.address().port(), "path": "/file/big", "upload": 0,
    });
    let answer = client.go(&order);
    assert_eq!(answer["received"], size());
    let books = session.finish(2);
    cheap(&books, 2);
    for kind in [Kind::Server, Kind::Client] {
        check(books.of(kind)[0], &answer, (0, size()));
    }
    assert_eq!(books.of(Kind::Server)[0].parent, books.of(Kind::Client)[0].id);
}

/// Bytes of the message.
fn size() -> u64 {
    scale::down(1 << 30)
}

/// Bytes of the answer to an upload: the size in decimal and a line feed.
fn acknowledgement() -> u64 {
    size().to_string().len() as u64 + 1
}

fn server() -> Script {
    Script::start(script::SERVER, &json!({ "listen": "127.0.0.1", "calls": "recv" }))
}

fn order(server: &Script, path: &str, upload: u64) -> Value {
    let port = server.address().port();
    json!({ "do": "bulk", "host": "127.0.0.1", "port": port, "path": path, "upload": upload })
}

fn cheap(books: &Books, requests: u64) {
    books.perfect(requests);
    let crossed = books.counter("underspan.capture.size");
    assert!((1..=CROSSING).contains(&crossed), "{crossed} bytes crossed");
}

fn only(session: Session, requests: u64, kind: Kind) -> Span {
    let books = session.finish(requests);
    cheap(&books, requests);
    books.of(kind)[0].clone()
}

/// Sizes of request and response, and the duration the client measured.
fn check(span: &Span, answer: &Value, (request, response): (u64, u64)) {
    assert_eq!(answer["status"], 200);
    assert_eq!(span.number("http.request.body.size").unwrap_or(0), request, "{span:?}");
    assert_eq!(span.number("http.response.body.size").unwrap_or(0), response, "{span:?}");
    let measured = answer["seconds"].as_f64().unwrap();
    let tolerance = 0.1 + measured / 5.0;
    assert!((span.seconds() - measured).abs() <= tolerance, "span {} s, client {measured} s", span.seconds());
}
