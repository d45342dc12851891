//! gRPC of real programs in two languages, both ends traced: every kind of call, every status, deadlines, cancelled calls.

use serde_json::{Value, json};
use underspan_tests::oracle::{Kind, Span};
use underspan_tests::workload::grpc::{Language, peer};

use crate::stage::{Session, enter};

const STATUS: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
/// Of what a server is to blame for.
const FAULTS: [usize; 6] = [2, 4, 12, 13, 14, 15];
const MESSAGES: u64 = 5;
/// Plain calls besides those of each kind.
const MANY: usize = 300;

/// A call and the status it ends with.
struct Call {
    method: &'static str,
    status: usize,
    order: Value,
}

impl Call {
    fn new(method: &'static str, status: usize) -> Self {
        Self::with(method, status, json!({ "code": status }))
    }

    fn with(method: &'static str, status: usize, more: Value) -> Self {
        let mut order = json!({
            "method": method, "code": 0, "messages": MESSAGES, "sleep": 0, "deadline": null, "cancel": false,
        });
        let more: serde_json::Map<_, _> = serde_json::from_value(more).unwrap();
        order.as_object_mut().unwrap().extend(more);
        Self { method, status, order }
    }

    /// Messages each way, of a call that ends well.
    fn messages(&self) -> (u64, u64) {
        let each = |streams: bool| if streams { MESSAGES } else { 1 };
        (each(matches!(self.method, "Upload" | "Talk")), each(matches!(self.method, "Download" | "Talk")))
    }
}

fn calls() -> Vec<Call> {
    let mut calls: Vec<_> = (0..MANY).map(|_| Call::new("Unary", 0)).collect();
    // Not the last: a connection that closes at once may take the news with it.
    calls.push(Call::with("Talk", 1, json!({ "cancel": true })));
    for method in ["Unary", "Upload", "Download", "Talk"] {
        calls.extend((0..STATUS.len()).map(|status| Call::new(method, status)));
        calls.push(Call::with(method, 4, json!({ "sleep": 5, "deadline": 0.2 })));
    }
    calls
}

#[test]
fn a_client_in_go_and_a_server_in_python() {
    let Some(_turn) = enter("grpc::a_client_in_go_and_a_server_in_python") else { return };
    converse(Language::Go, Language::Python);
}

#[test]
fn a_client_in_python_and_a_server_in_go() {
    let Some(_turn) = enter("grpc::a_client_in_python_and_a_server_in_go") else { return };
    converse(Language::Python, Language::Go);
}

fn converse(client: Language, server: Language) {
    let (server, mut client) = (peer(server, "server"), peer(client, "client"));
    let session = Session::trace(&[server.pid(), client.pid()]);
    let calls = calls();
    let orders: Vec<_> = calls.iter().map(|call| call.order.clone()).collect();
    let ended = client.go(&json!({ "address": server.address().to_string(), "calls": orders }));
    let wanted: Vec<_> = calls.iter().map(|call| call.status).collect();
    assert_eq!(ended, json!(wanted), "the workload itself");

    let books = session.finish(2 * calls.len() as u64);
    books.perfect(2 * calls.len() as u64);
    for kind in [Kind::Client, Kind::Server] {
        let mut spans = books.of(kind);
        assert_eq!(spans.len(), calls.len(), "{kind:?}");
        // One at a time.
        spans.sort_by_key(|span| span.start);
        for (call, span) in calls.iter().zip(spans) {
            check(call, kind, span);
        }
    }
    client.end();
    server.end();
}

fn check(call: &Call, kind: Kind, span: &Span) {
    let status = STATUS[call.status];
    assert_eq!(span.attribute("rpc.system.name"), "grpc", "{span:?}");
    assert_eq!(span.attribute("rpc.response.status_code"), status, "{span:?}");
    let failed = match kind {
        Kind::Client => call.status != 0,
        Kind::Server => FAULTS.contains(&call.status),
    };
    assert_eq!(span.failed, failed, "{span:?}");
    if failed {
        assert_eq!(span.attribute("error.type"), status, "{span:?}");
    }
    let method = format!("e2e.Peer/{}", call.method);
    // To a server that says so, the method is any text.
    if !(kind == Kind::Server && status == "UNIMPLEMENTED") {
        assert_eq!((span.name.as_str(), span.attribute("rpc.method")), (method.as_str(), method.as_str()));
    }
    if call.status == 0 {
        let counted =
            (span.number("underspan.rpc.request.messages"), span.number("underspan.rpc.response.messages"));
        let (asked, answered) = call.messages();
        assert_eq!(counted, (Some(asked), Some(answered)), "{span:?}");
    }
}
