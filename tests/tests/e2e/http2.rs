//! HTTP/2 of real programs: h2load against nginx, with hundreds of requests on their way at once on one connection, and connections that
//! are busy when the agent comes.

use serde_json::{Value, json};
use underspan_tests::oracle::{Books, Kind, Span, by_path};
use underspan_tests::workload::{H2Load, Nginx, Script, certificate, scale, script};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 20_000;
/// At once on the connection.
const STREAMS: u32 = 100;
/// Requests per second below which nothing may be lost.
const RATE: u32 = 2000;

#[test]
fn a_hundred_streams_at_once_at_a_steady_rate() {
    let Some(_turn) = enter("http2::a_hundred_streams_at_once_at_a_steady_rate") else { return };
    let requests = scale::down(REQUESTS);
    let (books, followed) = load(&Nginx::start_h2c(false), requests, Some(scale::rate(RATE)));
    if !followed {
        return books.balance(2 * requests);
    }
    books.perfect(2 * requests);
    for kind in [Kind::Server, Kind::Client] {
        assert_eq!(by_path(&books.of(kind), kind).len() as u64, requests, "{kind:?}");
    }
}

#[test]
fn a_hundred_streams_at_once_at_full_speed() {
    let Some(_turn) = enter("http2::a_hundred_streams_at_once_at_full_speed") else { return };
    let requests = scale::down(REQUESTS);
    load(&Nginx::start_h2c(false), requests, None).0.balance(2 * requests);
}

#[test]
fn a_hundred_streams_at_once_over_tls() {
    let Some(_turn) = enter("http2::a_hundred_streams_at_once_over_tls") else { return };
    let requests = scale::down(REQUESTS);
    let (books, _) = load(&Nginx::start_h2(false), requests, Some(scale::rate(2 * RATE)));
    books.balance(2 * requests);
    for span in books.of(Kind::Client) {
        assert!(span.attribute("url.full").starts_with("https://127.0.0.1:"), "{span:?}");
    }
    for span in books.of(Kind::Server) {
        assert_eq!(span.attribute("url.scheme"), "https", "{span:?}");
    }
}

/// Traces both ends. No span may tell of another path or status than there was. Tells whether the kernel follows frames, too: where it does
/// not, or a record was lost, a response may be missing, as its span then says.
fn load(nginx: &Nginx, requests: u64, rate: Option<u32>) -> (Books, bool) {
    let load = H2Load::new(nginx, requests, STREAMS, rate);
    let mut pids = nginx.pids();
    pids.push(load.pid());
    let session = Session::trace(&pids);
    let status = session.agent.admin().status();
    let loops = status["probes"].as_array().unwrap().iter().find(|probe| probe["name"] == "loops").unwrap();
    let followed = loops["state"] == "on";
    load.run();
    let books = session.finish(2 * requests);
    let complete = followed && books.reasons("underspan.records.lost").is_empty();
    for kind in [Kind::Server, Kind::Client] {
        let spans = books.of(kind);
        let found = by_path(&spans, kind);
        let mut known = 0;
        for number in 0..requests {
            let (path, status) = H2Load::path(number);
            let Some(span) = found.get(path.as_str()) else { continue };
            if complete || span.attribute("underspan.response.unknown").is_empty() {
                assert_eq!(span.attribute("http.response.status_code"), status, "{span:?}");
            }
            assert_eq!(span.attribute("http.request.method"), "GET");
            assert_eq!(span.attribute("network.protocol.version"), "2");
            assert!(span.start <= span.end, "{span:?}");
            known += 1;
        }
        assert_eq!(known, spans.len(), "{kind:?}: spans of paths that nobody asked for");
    }
    (books, followed)
}

/// Requests before the agent comes, and after it has come.
const BEFORE: u64 = 300;
const AFTER: u64 = 1500;

#[test]
fn a_busy_connection_is_joined() {
    let Some(_turn) = enter("http2::a_busy_connection_is_joined") else { return };
    join_on_its_way(&json!({}), "http");
}

#[test]
fn a_busy_connection_over_tls_is_joined() {
    let Some(_turn) = enter("http2::a_busy_connection_over_tls_is_joined") else { return };
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate::write(folder.path());
    join_on_its_way(&json!({ "certificate": certificate, "key": key }), "https");
}

/// Both ends have shared table entries that the agent never saw, and go on to use them.
fn join_on_its_way(options: &Value, scheme: &str) {
    let server = Script::start_node(script::STREAMS, options);
    let order = json!({ "port": server.address().port(), "secure": scheme == "https" });
    let mut client = Script::start_node(script::STREAMS, &order);
    assert_eq!(client.go(&json!(BEFORE)), json!({ "made": BEFORE, "wrong": 0 }));
    client.order(&Value::Null);
    let session = Session::trace(&[server.pid(), client.pid()]);
    let made = client.go(&json!(AFTER));
    assert_eq!(made["wrong"], 0);
    let all = made["made"].as_u64().unwrap();
    let books = session.finish(2 * AFTER);
    let mut marked = 0;
    for kind in [Kind::Server, Kind::Client] {
        let spans = books.of(kind);
        let known: Vec<_> = spans.iter().filter(|span| !span.path().is_empty()).copied().collect();
        assert!(known.len() as u64 > AFTER / 2, "{kind:?}: {books}");
        // Each request at most once.
        by_path(&known, kind);
        let scheme_of = |span: &Span| match kind {
            Kind::Server => span.attribute("url.scheme").to_owned(),
            Kind::Client => span.attribute("url.full").split(':').next().unwrap_or_default().to_owned(),
        };
        for span in known {
            assert_eq!(scheme_of(span), scheme, "{span:?}");
        }
        marked += spans.iter().filter(|span| is_as_asked(span, all)).count();
    }
    assert!(marked > 0, "nothing was unknown, so nothing was tested: {books}");
}

/// Whether something of it is marked as unknown. What is told is true, and what is not told is marked.
fn is_as_asked(span: &Span, all: u64) -> bool {
    let unknown = [span.attribute("underspan.request.unknown"), span.attribute("underspan.response.unknown")];
    let mut truth = span.path().strip_prefix("/m/").unwrap_or_default().split('/');
    let [method, status, number] = [(); 3].map(|()| truth.next().unwrap_or_default());
    match span.path() {
        "" => assert!(unknown[0].contains("path"), "{span:?}"),
        _ => assert!(number.parse::<u64>().is_ok_and(|number| number < all), "{span:?}"),
    }
    match span.attribute("http.request.method") {
        "_OTHER" if unknown[0].contains("method") => {}
        // One that the semantic conventions do not list.
        "_OTHER" => assert_eq!(span.attribute("http.request.method_original"), method, "{span:?}"),
        told => assert_eq!(told, method, "{span:?}"),
    }
    match span.attribute("http.response.status_code") {
        "" => assert!(unknown[1].contains("status") || span.failed, "{span:?}"),
        told => assert_eq!(told, status, "{span:?}"),
    }
    unknown.iter().any(|unknown| !unknown.is_empty())
}
