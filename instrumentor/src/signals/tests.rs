//! The writer against the generated messages.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(crate) mod sample;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value},
    resource::v1,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
};
use proptest::prelude::*;
use prost::Message;
use std::sync::Arc;
use underspan_protocols::{
    message::{Attributes, Role, Value},
    semconv::SCHEMA_URL,
};

use super::{SCOPE_NAME, SCOPE_VERSION, batch};
use crate::{correlate::exchange::Exchange, export::Signal};
use sample::exchanges;

fn key_value(name: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn any_value(value: &Value) -> any_value::Value {
    let text = |text: &str| any_value::Value::StringValue(text.to_owned());
    match value {
        Value::Static(value) => text(value),
        Value::String(value) => text(value),
        Value::Int(value) => any_value::Value::IntValue(*value),
        Value::Double(value) => any_value::Value::DoubleValue(*value),
        Value::Boolean(value) => any_value::Value::BoolValue(*value),
        Value::StringArray(values) => any_value::Value::ArrayValue(ArrayValue {
            values: values.iter().map(|value| AnyValue { value: Some(text(value)) }).collect(),
        }),
    }
}

fn attributes(attributes: &Attributes) -> Vec<KeyValue> {
    attributes.iter().map(|(attribute, value)| key_value(attribute.name, any_value(value))).collect()
}

/// The span as the generated messages have it: an independent statement of the mapping.
fn expected(exchange: &Exchange) -> Span {
    let mut list = attributes(&exchange.attributes);
    let size = |size| any_value::Value::IntValue(i64::try_from(size).unwrap_or(i64::MAX));
    list.push(key_value("http.request.body.size", size(exchange.request_size)));
    list.push(key_value("http.response.body.size", size(exchange.response_size)));
    list.extend(
        exchange
            .error
            .iter()
            .map(|error| key_value("error.type", any_value::Value::StringValue(error.clone()))),
    );
    let remote = exchange.parent_remote && exchange.parent_id.is_some();
    Span {
        trace_id: exchange.trace_id.to_vec(),
        span_id: exchange.span_id.to_vec(),
        trace_state: exchange.state.clone(),
        parent_span_id: exchange.parent_id.map(|id| id.to_vec()).unwrap_or_default(),
        flags: u32::from(exchange.flags) | 0x100 | if remote { 0x200 } else { 0 },
        name: match &exchange.route {
            Some(route) => format!("{} {route}", exchange.operation),
            None => exchange.operation.clone(),
        },
        kind: if exchange.role == Role::Server { 2 } else { 3 },
        start_time_unix_nano: exchange.start,
        end_time_unix_nano: exchange.end,
        attributes: list,
        status: exchange.error.is_some().then(|| Status { code: 2, ..Default::default() }),
        ..Default::default()
    }
}

/// Groups in order of first appearance, one envelope each.
fn expected_request(exchanges: &[Exchange]) -> ExportTraceServiceRequest {
    let mut groups: Vec<(&Exchange, Vec<Span>)> = Vec::new();
    for exchange in exchanges {
        match groups.iter_mut().find(|(first, _)| Arc::ptr_eq(&first.resource, &exchange.resource)) {
            Some((_, spans)) => spans.push(expected(exchange)),
            None => groups.push((exchange, vec![expected(exchange)])),
        }
    }
    let envelope = |(first, spans): (&Exchange, Vec<Span>)| ResourceSpans {
        resource: Some(v1::Resource {
            attributes: attributes(&first.resource.attributes),
            ..Default::default()
        }),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope {
                name: SCOPE_NAME.to_owned(),
                version: SCOPE_VERSION.to_owned(),
                ..Default::default()
            }),
            spans,
            schema_url: SCHEMA_URL.to_owned(),
        }],
        schema_url: SCHEMA_URL.to_owned(),
    };
    ExportTraceServiceRequest { resource_spans: groups.into_iter().map(envelope).collect() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_batch_decodes_to_the_messages_it_stands_for(exchanges in exchanges(1..40)) {
        let mut batcher = batch::SpanBatcher::new(batch::Settings::default());
        for round in 0..2 {
            for exchange in &exchanges {
                batcher.push(exchange);
            }
            let batch = batcher.take().unwrap();
            prop_assert_eq!(batch.items, exchanges.len() as u64);
            prop_assert_eq!(batch.signal, Signal::Traces);
            let decoded = ExportTraceServiceRequest::decode(batch.body).unwrap();
            prop_assert_eq!(decoded, expected_request(&exchanges), "round {}", round);
        }
    }
}

#[test]
fn limits_close_a_batch() {
    let exchange = sample::server();
    let mut batcher = batch::SpanBatcher::new(batch::Settings { max_spans: 3, max_bytes: 1 << 20 });
    assert_eq!([1, 2, 3].map(|_| batcher.push(&exchange)), [false, false, true]);
    assert_eq!(batcher.take().unwrap().items, 3);
    assert!(batcher.take().is_none(), "no empty envelopes");

    let mut batcher = batch::SpanBatcher::new(batch::Settings { max_spans: 1000, max_bytes: 1000 });
    let fitting = (1..=1000).find(|_| batcher.push(&exchange)).unwrap();
    assert!((2..10).contains(&fitting), "{fitting} spans in 1000 bytes");
}
