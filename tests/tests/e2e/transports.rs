//! Address families, and every pair of system calls that moves bytes.

use serde_json::{Value, json};
use underspan_tests::oracle::{Family, Kind, by_path};
use underspan_tests::workload::{Script, scale, script};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 200;

#[test]
fn read_and_write() {
    let Some(_turn) = enter("transports::read_and_write") else { return };
    over("127.0.0.1", "read");
}

#[test]
fn readv_and_writev() {
    let Some(_turn) = enter("transports::readv_and_writev") else { return };
    over("127.0.0.1", "readv");
}

#[test]
fn recvmsg_and_sendmsg() {
    let Some(_turn) = enter("transports::recvmsg_and_sendmsg") else { return };
    over("127.0.0.1", "recvmsg");
}

#[test]
fn recvmmsg_and_sendmmsg() {
    let Some(_turn) = enter("transports::recvmmsg_and_sendmmsg") else { return };
    over("127.0.0.1", "recvmmsg");
}

#[test]
fn ipv6() {
    let Some(_turn) = enter("transports::ipv6") else { return };
    over("::1", "recv");
}

#[test]
fn unix_sockets() {
    let Some(_turn) = enter("transports::unix_sockets") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    over(&path, "recv");
}

#[test]
fn unix_sockets_with_vectors() {
    let Some(_turn) = enter("transports::unix_sockets_with_vectors") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    over(&path, "readv");
}

/// A server with these calls and `http.client` talk, over kept and over new connections, both traced.
fn over(listen: &str, calls: &str) {
    let requests = scale::down(REQUESTS);
    let server = Script::start(script::SERVER, &json!({ "listen": listen, "calls": calls }));
    let mut client = Script::start(script::CLIENT, &json!({}));
    let session = Session::trace(&[server.pid(), client.pid()]);
    let unix = listen.starts_with('/');
    for (prefix, keep) in [("/kept", true), ("/new", false)] {
        let mut order = json!({
            "do": "load", "prefix": prefix, "requests": requests, "connections": 4, "keep": keep,
            "host": listen, "port": server.address().port(),
        });
        if unix {
            order["unix"] = Value::from(listen);
        }
        assert_eq!(client.go(&order)["answered"], requests);
    }
    let books = session.finish(4 * requests);
    books.perfect(4 * requests);
    let (servers, clients) = (books.of(Kind::Server), books.of(Kind::Client));
    let callers = by_path(&clients, Kind::Client);
    assert_eq!((by_path(&servers, Kind::Server).len(), callers.len()), (clients.len(), servers.len()));
    for span in &books.spans {
        assert_eq!(span.attribute("http.response.status_code"), "200");
        assert_eq!(span.number("http.response.body.size"), Some(2), "{span:?}");
    }
    let family = Family::compare(&servers, &callers, |path| path);
    assert_eq!(family.wrong, []);
    if !unix {
        assert_eq!(family.right, 2 * requests, "{family:?}");
    }
}
