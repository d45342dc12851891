//! What is encrypted on the wire, read where nginx, `PostgreSQL`, Node.js and others encrypt it: in OpenSSL and `GnuTLS`.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;

use serde_json::json;
use underspan_tests::oracle::{Books, Family, Kind, Span, by_path};
use underspan_tests::workload::process::eventually;
use underspan_tests::workload::{
    Dialogue, MariaDb, Nginx, Postgres, Script, Wrk, certificate, scale, script,
};

use crate::postgres;
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

/// Statements of each client.
const STATEMENTS: u64 = 300;

/// Both ends have seen the same, nothing is lost, and each statement is one pair.
fn assert_pairs(books: &Books, statements: u64) {
    let (servers, clients) = (books.of(Kind::Server), books.of(Kind::Client));
    assert_eq!((servers.len(), books.lost()), (clients.len(), 0), "{books}");
    let of = |spans: &[&Span]| spans.iter().filter(|span| span.name == "INSERT t").count() as u64;
    assert_eq!((of(&servers), of(&clients)), (statements, statements), "{books}");
    let callers: BTreeSet<_> = clients.iter().map(|span| &span.id).collect();
    let parents: BTreeSet<_> = servers.iter().map(|span| &span.parent).collect();
    assert_eq!(parents, callers, "each statement of the server is that of a client");
    assert_eq!(callers.len(), clients.len());
    let told = format!("{:?}", books.spans);
    assert!(!told.contains("geheim"), "a literal was exported");
}

/// A client that connects anew again and again once it is traced, and the server.
fn converse(server: u32, mut client: Dialogue, reconnect: &str) -> Books {
    let session = Session::trace(&[server, client.pid()]);
    for number in 0..STATEMENTS {
        if number % 20 == 0 {
            client.say(reconnect);
        }
        client.say(&format!("INSERT INTO t VALUES ({number}, 'geheim');"));
    }
    client.say("SELECT concat('don', 'e');");
    client.hear("done");
    assert!(client.end().success());
    session.finish(2 * (STATEMENTS + 1))
}

#[test]
fn postgres_with_psql() {
    let Some(_turn) = enter("tls::postgres_with_psql") else { return };
    let server = Postgres::start_tls();
    server.sql("CREATE TABLE t (a int, b text)");
    let books = converse(server.pid(), server.dialogue(), "\\connect");
    assert_pairs(&books, STATEMENTS);
    for span in &books.spans {
        assert_eq!(span.attribute("db.system.name"), "postgresql");
        assert_eq!(span.attribute("db.namespace"), "postgres");
    }
}

#[test]
fn mariadb_with_its_client() {
    let Some(_turn) = enter("tls::mariadb_with_its_client") else { return };
    let server = MariaDb::start_tls();
    server.client(&["test", "-e", "CREATE TABLE t (a int, b text)"], false).complete();
    let books = converse(server.pid(), server.dialogue(), "connect;");
    assert_pairs(&books, STATEMENTS);
    for span in &books.spans {
        assert_eq!(span.attribute("db.system.name"), "mariadb");
        assert_eq!(span.attribute("db.namespace"), "test");
    }
}

/// How a program moves its ciphertext by itself.
#[derive(Clone, Copy)]
enum Loop {
    Asyncio,
    Node,
}

impl Loop {
    fn start(self, arguments: &serde_json::Value) -> Script {
        match self {
            Self::Asyncio => Script::start(script::SECURE, arguments),
            Self::Node => Script::start_node(script::SECURE_NODE, arguments),
        }
    }

    /// A server with a certificate, and the folder of that.
    fn serve(self) -> (Script, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = certificate::write(folder.path());
        (self.start(&json!({ "certificate": certificate, "key": key })), folder)
    }
}

/// An order for the client of an event loop.
fn secure(port: u16, requests: u64, keep: bool) -> serde_json::Value {
    let prefix = if keep { "/kept" } else { "/new" };
    json!({ "prefix": prefix, "port": port, "requests": requests, "connections": 4, "keep": keep })
}

/// Both ends move their ciphertext by themselves, on connections that are kept and on new ones.
fn event_loop(kind: Loop) {
    let (kept, fresh) = (scale::down(CALLS), scale::down(CALLS / 10));
    let (server, _folder) = kind.serve();
    let mut client = kind.start(&json!({}));
    let session = Session::trace(&[server.pid(), client.pid()]);
    for (requests, keep) in [(kept, true), (fresh, false)] {
        let order = secure(server.address().port(), requests, keep);
        assert_eq!(client.go(&order)["answered"], requests);
    }
    let calls = kept + fresh;
    session.settle(2 * calls);
    let status = session.agent.admin().status();
    let targets = status["targets"].as_array().unwrap();
    assert!(targets.iter().all(|target| target["tls"] == "decrypted"), "{status}");
    let books = session.finish(2 * calls);
    books.perfect(2 * calls);
    assert_encrypted(&books);
    let (servers, callers) = (books.of(Kind::Server), books.of(Kind::Client));
    let family = Family::compare(&servers, &by_path(&callers, Kind::Client), |path| path);
    assert_eq!(family, Family { right: calls, ..Family::default() });
}

#[test]
fn asyncio_from_both_sides() {
    let Some(_turn) = enter("tls::asyncio_from_both_sides") else { return };
    event_loop(Loop::Asyncio);
}

#[test]
fn node_from_both_sides() {
    let Some(_turn) = enter("tls::node_from_both_sides") else { return };
    event_loop(Loop::Node);
}

#[test]
fn an_event_loop_with_connections_that_are_open() {
    let Some(_turn) = enter("tls::an_event_loop_with_connections_that_are_open") else { return };
    let calls = scale::down(CALLS / 4);
    for kind in [Loop::Asyncio, Loop::Node] {
        let (server, _folder) = kind.serve();
        let mut client = Script::start(script::CLIENT, &json!({}));
        let order = |prefix: &str, requests: u64, hold: bool| {
            json!({
                "do": "load", "host": "127.0.0.1", "port": server.address().port(), "prefix": prefix, "tls": true,
                "requests": requests, "connections": 4, "keep": true, "hold": hold,
            })
        };
        assert_eq!(client.go(&order("/before", 100, true))["answered"], 100);
        let session = Session::trace(&[server.pid(), client.pid()]);
        assert_eq!(client.go(&order("/after", calls, false))["answered"], calls);
        let books = session.finish(2 * calls);
        // Which connection is which shows when the server first sends: what passed before that is lost, and counted.
        books.balance(2 * calls);
        assert_eq!((books.lost(), books.of(Kind::Client).len() as u64), (4, calls), "{books}");
    }
}

#[test]
fn gnutls_with_wget() {
    let Some(_turn) = enter("tls::gnutls_with_wget") else { return };
    let nginx = Nginx::start_tls(false);
    // It reads all addresses before it asks for the first.
    let arguments = ["--no-check-certificate", "--quiet", "--output-document=/dev/null", "--input-file=-"];
    let mut client = Dialogue::start("wget", &arguments);
    let mut pids = nginx.pids();
    pids.push(client.pid());
    eventually("wget has loaded its libraries", || {
        std::fs::read_to_string(format!("/proc/{}/maps", client.pid())).unwrap().contains("libgnutls")
    });
    let session = Session::trace(&pids);
    let calls = scale::down(CALLS / 10);
    for number in 0..calls {
        client.say(&format!("https://{}/wget/{number}", nginx.address()));
    }
    assert!(client.end().success());
    let books = session.finish(2 * calls);
    books.perfect(2 * calls);
    assert_encrypted(&books);
    let (servers, callers) = (books.of(Kind::Server), books.of(Kind::Client));
    let family = Family::compare(&servers, &by_path(&callers, Kind::Client), |path| path);
    assert_eq!(family, Family { right: calls, ..Family::default() });
}

/// Requests inside of two sessions.
const INSIDE: u64 = 20;

/// Sessions of which each is inside another, as behind a proxy that is spoken to over TLS: the inner one moves its ciphertext by the calls of
/// the outer one. What is inside is not read, and counted.
#[test]
fn a_session_inside_another() {
    let Some(_turn) = enter("tls::a_session_inside_another") else { return };
    let nginx = Nginx::start_tls(false);
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate::write(folder.path());
    let proxy = Script::start(script::TUNNEL, &json!({ "certificate": certificate, "key": key }));
    // It reads all it is to do before it begins.
    let mut client = Dialogue::start("curl", &["--config", "-"]);
    let mut pids = nginx.pids();
    pids.push(client.pid());
    eventually("curl has loaded its libraries", || {
        std::fs::read_to_string(format!("/proc/{}/maps", client.pid())).unwrap().contains("libssl")
    });
    let session = Session::trace(&pids);
    client.say("insecure\nproxy-insecure\nsilent\nfail\nhttp1.1\nproxytunnel");
    client.say(&format!("proxy = https://{}", proxy.address()));
    for number in 0..INSIDE {
        client.say(&format!("url = https://{}/inside/{number}\noutput = /dev/null", nginx.address()));
    }
    assert!(client.end().success());
    // Those of the server, those of the client, and what the client asked of the proxy.
    let books = session.finish(2 * INSIDE + 1);
    books.balance(2 * INSIDE + 1);
    assert_eq!(books.reasons("underspan.exchanges.lost"), [("unbound", INSIDE)].into(), "{books}");
    assert_eq!(by_path(&books.of(Kind::Server), Kind::Server).len() as u64, INSIDE);
    let [asked] = books.of(Kind::Client)[..] else { panic!("{books}") };
    assert_eq!(asked.attribute("http.request.method"), "CONNECT", "{asked:?}");
}

/// Statements by a driver that loads its library once it is traced.
const DRIVER: &str = "
import psycopg, sys
with psycopg.connect(autocommit=True) as connection:
    assert connection.pgconn.ssl_in_use
    for number in range(int(sys.argv[1])):
        connection.execute('INSERT INTO t VALUES (%s, %s)', (number, 'geheim'))
";

#[test]
fn postgres_with_psycopg() {
    let Some(_turn) = enter("tls::postgres_with_psycopg") else { return };
    let server = Postgres::start_tls();
    server.sql("CREATE TABLE t (a int, b text)");
    let (books, _) = postgres::watch(&server, server.script(DRIVER, &[&STATEMENTS.to_string()]), STATEMENTS);
    assert_pairs(&books, STATEMENTS);
    for span in &books.spans {
        assert_eq!(span.attribute("db.query.text"), "INSERT INTO t VALUES ($1, $2)", "{span:?}");
    }
}
