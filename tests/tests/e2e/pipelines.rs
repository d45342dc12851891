//! Clients of HTTP/1 that send many requests before the first is answered: spans + losses = requests, and each has its own answer.

use std::net::SocketAddr;

use serde_json::json;
use underspan_tests::oracle::{Books, Kind, by_path};
use underspan_tests::workload::go::Relay;
use underspan_tests::workload::{Nginx, Script, go::Speech, scale, script};

use crate::go::{KINDS, begin, modules};
use crate::stage::{Session, enter};

const CONNECTIONS: u64 = 3;
/// On each connection.
const REQUESTS: u64 = 600;

/// Requests in one write, and those that may be under way at a time.
const SHAPES: [(u64, u64); 4] = [(120, 120), (120, 480), (10, 100), (1, 200)];

/// Both ends are traced.
fn trace(server: SocketAddr, pids: &[u32], (together, open): (u64, u64)) -> Books {
    let mut client = Script::start(script::CLIENT, &json!({}));
    let pids: Vec<_> = pids.iter().copied().chain([client.pid()]).collect();
    let session = Session::trace(&pids);
    let (each, all) = (scale::down(REQUESTS), CONNECTIONS * scale::down(REQUESTS));
    let order = json!({
        "do": "pipeline", "host": "127.0.0.1", "port": server.port(), "prefix": "/p", "connections": CONNECTIONS,
        "requests": each, "together": together, "open": open,
    });
    assert_eq!(client.go(&order)["answered"], all);
    assert!(client.end().success());
    let books = session.finish(2 * all);
    println!("{together} together, {open} at a time: {books}");
    books.balance(2 * all);
    for kind in [Kind::Server, Kind::Client] {
        by_path(&books.of(kind), kind);
    }
    books
}

#[test]
fn to_nginx() {
    let Some(_turn) = enter("pipelines::to_nginx") else { return };
    for shape in SHAPES {
        let nginx = Nginx::start(false);
        trace(nginx.address(), &nginx.pids(), shape);
    }
}

/// Its answer is the path, so each span shows whose answer it was given.
#[test]
fn to_fasthttp() {
    let Some((_turn, toolchains)) = begin("pipelines::to_fasthttp") else { return };
    let folder = tempfile::tempdir().unwrap();
    let toolchain = toolchains.last().expect("there is one");
    let program = toolchain.build_with(modules(toolchain), "fast", KINDS[0], folder.path());
    for shape in SHAPES {
        let (server, address) = Relay::backend(&program, Speech::Http, folder.path());
        let books = trace(address, &[server.pid()], shape);
        for span in &books.spans {
            assert_eq!(
                span.number("http.response.body.size"),
                Some(span.path().len() as u64 + 1),
                "{span:?}"
            );
        }
    }
}
