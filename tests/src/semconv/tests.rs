//! The checker finds what is wrong, and nothing else.
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue},
    metrics::v1::HistogramDataPoint,
    trace::v1 as trace,
};

use super::*;
use crate::receiver::PointValue;

fn text(name: &str, value: &str) -> KeyValue {
    attribute(name, Value::StringValue(value.to_owned()))
}

fn int(name: &str, value: i64) -> KeyValue {
    attribute(name, Value::IntValue(value))
}

fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn resource() -> Attributes {
    Attributes(vec![
        text("service.name", "shop"),
        text("telemetry.sdk.language", "python"),
        text("telemetry.sdk.name", "underspan"),
        text("telemetry.sdk.version", "1"),
    ])
}

fn scope() -> InstrumentationScope {
    InstrumentationScope { name: "underspan".into(), ..Default::default() }
}

fn span() -> Span {
    Span {
        resource: resource(),
        scope: scope(),
        schema_url: SCHEMA_URL.to_owned(),
        attributes: Attributes(vec![
            text("http.request.method", "GET"),
            text("url.path", "/orders/7"),
            text("url.scheme", "http"),
            text("http.route", "/orders/{id}"),
            int("http.response.status_code", 404),
        ]),
        span: trace::Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            name: "GET /orders/{id}".into(),
            kind: 2,
            start_time_unix_nano: 5,
            end_time_unix_nano: 6,
            ..Default::default()
        },
    }
}

fn point() -> Point {
    let boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
    let mut bucket_counts = vec![0; boundaries.len() + 1];
    bucket_counts[0] = 3;
    Point {
        resource: resource(),
        scope: scope(),
        schema_url: SCHEMA_URL.to_owned(),
        metric: "http.server.request.duration".into(),
        unit: "s".into(),
        temporality: 2,
        attributes: Attributes(vec![text("http.request.method", "GET"), text("url.scheme", "http")]),
        value: PointValue::Histogram(HistogramDataPoint {
            start_time_unix_nano: 5,
            time_unix_nano: 6,
            count: 3,
            bucket_counts,
            explicit_bounds: boundaries.to_vec(),
            ..Default::default()
        }),
    }
}

fn ids(findings: &BTreeSet<Finding>) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.id).collect()
}

#[test]
fn what_is_right_is_not_found() {
    assert_eq!(check(&[span()], &[point()]), BTreeSet::new());
    let overflow = Point {
        attributes: Attributes(vec![attribute("otel.metric.overflow", Value::BoolValue(true))]),
        ..point()
    };
    assert_eq!(check(&[], &[overflow]), BTreeSet::new());
}

/// Spoils a span.
type SpanMistake = Box<dyn Fn(&mut Span)>;

#[test]
fn each_mistake_in_a_span_is_found() {
    let with = |more: KeyValue| move |span: &mut Span| span.attributes.0.push(more.clone());
    let without =
        |name: &'static str| move |span: &mut Span| span.attributes.0.retain(|held| held.key != name);
    let status =
        |code| move |span: &mut Span| span.span.status = Some(trace::Status { code, ..Default::default() });
    let rows: Vec<(&str, SpanMistake)> = vec![
        ("missing_attribute", Box::new(with(text("http.url", "http://a")))),
        ("missing_attribute", Box::new(with(text("acme", "1")))),
        ("missing_attribute", Box::new(with(text("underspan.nonsense", "1")))),
        ("type_mismatch", Box::new(with(text("server.port", "80")))),
        ("required_attribute_not_present", Box::new(with(int("server.port", 80)))),
        ("duplicate_attribute", Box::new(with(text("url.path", "/orders/7")))),
        ("empty_value", Box::new(with(text("url.query", "")))),
        ("required_attribute_not_present", Box::new(without("url.scheme"))),
        ("http_span_name_format", Box::new(without("http.route"))),
        ("http_span_name_format", Box::new(|span| span.span.name = "GET /orders/7".into())),
        ("span_status_ok_set_by_instrumentation", Box::new(status(1))),
        ("error_type_missing_on_error", Box::new(status(2))),
        ("error_type_without_error_status", Box::new(with(text("error.type", "timeout")))),
        ("http_protocol_name", Box::new(with(text("network.protocol.name", "http")))),
        ("http_method_original", Box::new(with(text("http.request.method_original", "get")))),
        ("credentials", Box::new(with(text("url.full", "http://u:p@h/")))),
        ("invalid_id", Box::new(|span| span.span.trace_id = vec![0; 16])),
        ("invalid_id", Box::new(|span| span.span.parent_span_id = vec![2; 8])),
        ("invalid_time", Box::new(|span| span.span.end_time_unix_nano = 4)),
        ("schema_url", Box::new(|span| span.schema_url.clear())),
        ("required_attribute_not_present", Box::new(|span| span.resource.0.truncate(3))),
        ("missing_attribute", Box::new(|span| span.resource.0.push(text("host", "a")))),
    ];
    for (id, mistake) in rows {
        let mut span = span();
        mistake(&mut span);
        let findings = check(&[span], &[]);
        assert!(ids(&findings).contains(&id), "{id} is not among {findings:?}");
    }
    let mut client = span();
    client.span.kind = 3;
    assert!(ids(&check(&[client], &[])).contains(&"http_error_type"), "404 is an error of a client");
}

#[test]
fn each_mistake_in_a_point_is_found() {
    type Mistake = fn(&mut Point);
    let rows: [(&str, Mistake); 8] = [
        ("missing_metric", |point| point.metric = "http.server.duration".into()),
        ("unit_mismatch", |point| point.unit = "ms".into()),
        ("unexpected_attribute", |point| point.attributes.0.push(text("url.path", "/a"))),
        ("missing_attribute", |point| point.attributes.0.push(text("http.path", "/a"))),
        ("required_attribute_not_present", |point| point.attributes.0.truncate(1)),
        ("histogram", |point| {
            if let PointValue::Histogram(histogram) = &mut point.value {
                histogram.count = 4;
            }
        }),
        ("invalid_time", |point| {
            if let PointValue::Histogram(histogram) = &mut point.value {
                histogram.start_time_unix_nano = 7;
            }
        }),
        ("instrument", |point| point.temporality = 0),
    ];
    for (id, mistake) in rows {
        let mut point = point();
        mistake(&mut point);
        let findings = check(&[], &[point]);
        assert!(ids(&findings).contains(&id), "{id} is not among {findings:?}");
    }
}
