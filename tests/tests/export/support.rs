//! Batches to send, and pipelines to send them with.
use std::{sync::Arc, time::Duration};

use underspan::{
    correlate::exchange::Exchange,
    discover::resource::Resource,
    export::{self, Batch, DropReason, Pipeline, Totals, otlp, retry},
    signals::batch::{self, SpanBatcher},
};
use underspan_protocols::message::{Attribute, AttributeKind, Convention, Metric, Role, Value};
use underspan_tests::receiver::{Receiver, Script};

/// Longer than any of these tests should take; none depends on it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);

static DURATION: Metric = Metric {
    name: "http.server.request.duration",
    unit: "s",
    description: "Duration of HTTP server requests.",
    boundaries: &[0.1, 1.0],
    attributes: &[],
};
static HTTP: Convention = Convention {
    duration: &DURATION,
    request_size: None,
    response_size: None,
    request_size_attribute: None,
    response_size_attribute: None,
};

pub(crate) fn resource(service: &str) -> Arc<Resource> {
    let name = Attribute { name: "service.name", kind: AttributeKind::String };
    let attributes = vec![(name, Value::String(service.to_owned()))];
    Arc::new(Resource { pid: 7, service: service.to_owned(), attributes })
}

pub(crate) fn exchange(resource: &Arc<Resource>) -> Exchange {
    let text = |name| Attribute { name, kind: AttributeKind::String };
    let number = |name| Attribute { name, kind: AttributeKind::Int };
    Exchange {
        resource: Arc::clone(resource),
        role: Role::Server,
        trace_id: *b"0123456789abcdef",
        span_id: *b"01234567",
        parent_id: Some(*b"abcdefgh"),
        parent_remote: true,
        flags: 1,
        state: "a=b".into(),
        operation: "GET".into(),
        route: Some("/orders/{id}".into()),
        start: 1_700_000_000_000_000_000,
        first_response: None,
        end: 1_700_000_000_001_500_000,
        request_size: 0,
        response_size: 20,
        error: Some("500".into()),
        attributes: vec![
            (text("http.request.method"), Value::Static("GET")),
            (text("url.path"), Value::String("/orders/17\x1b".into())),
            (number("http.response.status_code"), Value::Int(500)),
            (text("client.address"), Value::String("::1".into())),
            (number("client.port"), Value::Int(4242)),
        ],
        events: Vec::new(),
        convention: &HTTP,
    }
}

/// A batch with a number of spans.
pub(crate) fn batch(spans: usize) -> Batch {
    let resource = resource("shop");
    let mut batcher = SpanBatcher::new(batch::Settings::default());
    for _ in 0..spans {
        batcher.push(&exchange(&resource));
    }
    batcher.take().unwrap()
}

/// Tries again at once, and for long enough.
pub(crate) const EAGER: retry::Settings = retry::Settings {
    initial_interval: Duration::from_millis(1),
    max_interval: Duration::from_millis(20),
    max_elapsed_time: PATIENCE,
};

/// Does not try again.
pub(crate) const ONCE: retry::Settings = retry::Settings { max_elapsed_time: Duration::ZERO, ..EAGER };

/// Settings for an endpoint, changed by a test.
pub(crate) fn settings(
    endpoint: &str,
    protocol: otlp::Protocol,
    change: impl FnOnce(&mut otlp::env::Options),
) -> otlp::Settings {
    let mut options = otlp::env::Options {
        endpoint: Some(endpoint.to_owned()),
        protocol: Some(protocol),
        retry: EAGER,
        ..Default::default()
    };
    change(&mut options);
    let (mut settings, warnings) = otlp::env::settings(&options, |_| None).unwrap();
    assert_eq!(warnings, []);
    settings.concurrency = 1;
    settings
}

pub(crate) fn start(otlp: otlp::Settings) -> Pipeline {
    let settings = export::Settings { otlp: Some(otlp), stdout: None };
    Pipeline::start(export::open(&settings).unwrap()).unwrap()
}

/// Sends batches of three spans to a receiver with this script, drains, and checks that every span is
/// accounted for.
pub(crate) fn send(
    script: Script,
    protocol: otlp::Protocol,
    batches: usize,
    change: impl FnOnce(&mut otlp::env::Options),
) -> (Receiver, Totals) {
    let receiver = Receiver::start(script).unwrap();
    let pipeline = start(settings(&receiver.http_endpoint(), protocol, change));
    for _ in 0..batches {
        pipeline.sender().send(&batch(3));
    }
    let totals = traces(&pipeline.shutdown(PATIENCE));
    assert_eq!(totals.pushed, 3 * batches as u64);
    assert_eq!(totals.pushed, totals.exported + totals.lost());
    (receiver, totals)
}

/// Totals of the destination for spans.
pub(crate) fn traces(totals: &[(&'static str, Totals)]) -> Totals {
    totals.iter().find(|(name, _)| *name == "otlp/traces").unwrap().1
}

/// Asserts that exactly this many spans are lost, all for one reason.
pub(crate) fn assert_lost(totals: &Totals, reason: DropReason, spans: u64, context: &str) {
    assert_eq!(totals.dropped(reason), spans, "{context}: {totals:?}");
    assert_eq!(totals.lost(), spans, "{context}: {totals:?}");
}

/// Blocks until the spans were sent again at least once.
pub(crate) fn wait_for_retry(pipeline: &Pipeline) {
    while traces(&pipeline.sender().totals()).retries == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
}
