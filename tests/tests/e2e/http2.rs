//! HTTP/2 of real programs: h2load against nginx, with hundreds of requests on their way at once on one connection.

use underspan_tests::oracle::{Books, Kind, by_path};
use underspan_tests::workload::{H2Load, Nginx, scale};

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
    let books = load(requests, Some(scale::rate(RATE)));
    books.perfect(2 * requests);
    for kind in [Kind::Server, Kind::Client] {
        assert_eq!(by_path(&books.of(kind), kind).len() as u64, requests, "{kind:?}");
    }
}

#[test]
fn a_hundred_streams_at_once_at_full_speed() {
    let Some(_turn) = enter("http2::a_hundred_streams_at_once_at_full_speed") else { return };
    let requests = scale::down(REQUESTS);
    load(requests, None).balance(2 * requests);
}

/// Traces both ends. No span may tell of another path or status than there was.
fn load(requests: u64, rate: Option<u32>) -> Books {
    let nginx = Nginx::start_h2c(false);
    let load = H2Load::new(nginx.address(), requests, STREAMS, rate);
    let mut pids = nginx.pids();
    pids.push(load.pid());
    let session = Session::trace(&pids);
    load.run();
    let books = session.finish(2 * requests);
    for kind in [Kind::Server, Kind::Client] {
        let spans = books.of(kind);
        let found = by_path(&spans, kind);
        let mut known = 0;
        for number in 0..requests {
            let (path, status) = H2Load::path(number);
            let Some(span) = found.get(path.as_str()) else { continue };
            assert_eq!(span.attribute("http.response.status_code"), status, "{span:?}");
            assert_eq!(span.attribute("http.request.method"), "GET");
            assert_eq!(span.attribute("network.protocol.version"), "2");
            assert!(span.start <= span.end, "{span:?}");
            known += 1;
        }
        assert_eq!(known, spans.len(), "{kind:?}: spans of paths that nobody asked for");
    }
    books
}
