//! What arrives at a receiver, and how.
use underspan::export::{
    self, Pipeline,
    otlp::{
        self, Compression,
        Protocol::{Grpc, HttpJson, HttpProtobuf},
    },
};
use underspan_tests::receiver::{Receiver, Script};

use crate::support::{PATIENCE, batch, send, traces};

#[test]
fn spans_arrive_whole_over_every_transport() {
    for compression in [Compression::Gzip, Compression::None] {
        let spans = [HttpProtobuf, HttpJson, Grpc].map(|protocol| {
            let (receiver, totals) =
                send(Script::ok(), protocol, 2, |options| options.compression = Some(compression));
            assert_eq!((totals.exported, totals.lost(), totals.retries), (6, 0, 0), "{protocol:?}");
            receiver.spans()
        });
        assert_eq!(spans[0].len(), 6);
        assert_eq!(spans[0], spans[1], "JSON says the same");
        assert_eq!(spans[0], spans[2], "gRPC says the same");
        let span = &spans[0][0];
        assert_eq!(span.resource.text("service.name"), Some("shop"));
        assert_eq!(span.scope.name, "underspan");
        assert_eq!(span.schema_url, "https://opentelemetry.io/schemas/1.44.0");
        assert_eq!(span.span.name, "GET /orders/{id}");
        assert_eq!(span.span.flags, 0x301);
        assert_eq!(span.span.trace_state, "a=b");
        assert_eq!(span.attributes.text("error.type"), Some("500"));
    }
}

#[test]
fn requests_look_as_the_specification_says() {
    let headers = vec![("X-Tenant".to_owned(), "one".to_owned())];
    for (protocol, path, kind) in [
        (HttpProtobuf, "/v1/traces", "application/x-protobuf"),
        (HttpJson, "/v1/traces", "application/json"),
        (Grpc, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "application/grpc"),
    ] {
        let (receiver, _) = send(Script::ok(), protocol, 1, |options| options.headers.clone_from(&headers));
        let request = &receiver.requests()[0];
        assert_eq!(request.path, path);
        assert_eq!(request.headers["content-type"], kind);
        assert_eq!(request.headers["x-tenant"], "one");
        let agent = request.headers["user-agent"].to_str().unwrap();
        let expected = concat!("underspan/", env!("CARGO_PKG_VERSION"));
        assert!(agent.starts_with(expected), "{agent}");
        let encoding = if protocol == Grpc { "grpc-encoding" } else { "content-encoding" };
        assert_eq!(request.headers[encoding], "gzip");
    }
    let (receiver, _) =
        send(Script::ok(), HttpProtobuf, 1, |options| options.compression = Some(Compression::None));
    assert!(!receiver.requests()[0].headers.contains_key("content-encoding"));
}

#[test]
fn each_signal_may_have_its_own_receiver() {
    let [traces_to, metrics_to] = [(); 2].map(|()| Receiver::start(Script::ok()).unwrap());
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", traces_to.http_endpoint()),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", metrics_to.grpc_endpoint()),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc".to_owned()),
    ];
    let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let (otlp, warnings) = otlp::env::settings(&otlp::env::Options::default(), lookup).unwrap();
    assert_eq!(warnings, []);
    let settings = export::Settings { otlp: Some(otlp), stdout: None };
    let pipeline = Pipeline::start(export::open(&settings).unwrap()).unwrap();
    pipeline.sender().send(&batch(2));
    let mut metrics = batch(1);
    metrics.signal = export::Signal::Metrics;
    metrics.body = bytes::Bytes::new(); // an empty request is a valid one
    pipeline.sender().send(&metrics);
    let totals = pipeline.shutdown(PATIENCE);
    assert_eq!(traces(&totals).exported, 2);
    assert!(totals.iter().all(|(_, totals)| totals.lost() == 0));
    assert_eq!(traces_to.spans().len(), 2);
    assert_eq!(traces_to.requests().len(), 1);
    assert_eq!(
        metrics_to.requests()[0].path,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    );
}
