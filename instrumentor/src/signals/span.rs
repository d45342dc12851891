//! One exchange, or call -> the bytes of one span.
use underspan_protocols::{message::Role, semconv::attribute::ERROR_TYPE};

use super::wire;
use crate::correlate::exchange::{Call, Exchange};

const KIND_INTERNAL: u64 = 1;
const KIND_SERVER: u64 = 2;
const KIND_CLIENT: u64 = 3;
const STATUS_ERROR: u64 = 2;
/// `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`: the next bit means something.
const HAS_IS_REMOTE: u32 = 0x100;
/// `SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`: the parent is in another process.
const IS_REMOTE: u32 = 0x200;

/// Appends the exchange as a `spans` field of `ScopeSpans`.
pub(crate) fn write(out: &mut Vec<u8>, exchange: &Exchange) {
    let span = wire::open(out, 2);
    wire::bytes(out, 1, &exchange.trace_id);
    wire::bytes(out, 2, &exchange.span_id);
    if !exchange.state.is_empty() {
        wire::string(out, 3, &exchange.state);
    }
    if let Some(parent) = &exchange.parent_id {
        wire::bytes(out, 4, parent);
    }
    name(out, exchange);
    wire::uint(out, 6, if exchange.role == Role::Server { KIND_SERVER } else { KIND_CLIENT });
    wire::fixed64(out, 7, exchange.start);
    wire::fixed64(out, 8, exchange.end.max(exchange.start));
    attributes(out, exchange);
    events(out, exchange);
    if exchange.error.is_some() {
        let status = wire::open(out, 15);
        wire::uint(out, 3, STATUS_ERROR);
        wire::close(out, status);
    }
    let remote = if exchange.parent_id.is_some() && exchange.parent_remote { IS_REMOTE } else { 0 };
    wire::fixed32(out, 16, u32::from(exchange.flags) | HAS_IS_REMOTE | remote);
    wire::close(out, span);
}

/// Appends the call as a `spans` field of `ScopeSpans`.
pub(crate) fn write_call(out: &mut Vec<u8>, call: &Call) {
    let Call { passed, span_id, trace, .. } = call;
    let span = wire::open(out, 2);
    wire::bytes(out, 1, &trace.trace_id);
    wire::bytes(out, 2, span_id);
    if !trace.state.is_empty() {
        wire::string(out, 3, &trace.state);
    }
    if let Some(parent) = &trace.parent_id {
        wire::bytes(out, 4, parent);
    }
    wire::string(out, 5, passed.name);
    wire::uint(out, 6, KIND_INTERNAL);
    wire::fixed64(out, 7, passed.start);
    wire::fixed64(out, 8, passed.end.max(passed.start));
    for (attribute, value) in &passed.attributes {
        wire::attribute(out, 9, attribute.name, value);
    }
    // Its parent is in the same process.
    wire::fixed32(out, 16, u32::from(trace.flags) | HAS_IS_REMOTE);
    wire::close(out, span);
}

/// `{operation} {route}`, or the operation alone.
fn name(out: &mut Vec<u8>, exchange: &Exchange) {
    let name = wire::open(out, 5);
    out.extend_from_slice(exchange.operation.as_bytes());
    if let Some(route) = &exchange.route {
        out.push(b' ');
        out.extend_from_slice(route.as_bytes());
    }
    wire::close(out, name);
}

fn events(out: &mut Vec<u8>, exchange: &Exchange) {
    for event in &exchange.events {
        let message = wire::open(out, 11);
        wire::fixed64(out, 1, event.time);
        wire::string(out, 2, event.name);
        for (attribute, value) in &event.attributes {
            wire::attribute(out, 3, attribute.name, value);
        }
        wire::close(out, message);
    }
}

fn attributes(out: &mut Vec<u8>, exchange: &Exchange) {
    for (attribute, value) in &exchange.attributes {
        wire::attribute(out, 9, attribute.name, value);
    }
    let convention = exchange.convention;
    for (attribute, size) in [
        (convention.request_size_attribute, exchange.request_size),
        (convention.response_size_attribute, exchange.response_size),
    ] {
        if let Some(attribute) = attribute {
            wire::int_attribute(out, 9, attribute.name, i64::try_from(size).unwrap_or(i64::MAX));
        }
    }
    if let Some(error) = &exchange.error {
        wire::text_attribute(out, 9, ERROR_TYPE.name, error);
    }
}
