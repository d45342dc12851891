//! What surrounds spans and points in an export request: who they belong to, and who says so.
use underspan_protocols::{message::Attributes, semconv::SCHEMA_URL};

use super::wire;

/// Name of the instrumentation scope of everything the agent sends.
pub const SCOPE_NAME: &str = "underspan";
/// Version of the instrumentation scope.
pub const SCOPE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// An open `ResourceSpans` or `ResourceMetrics` with its only scope: the two have the same field numbers.
#[must_use = "an envelope that is not closed has no length"]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    resource: wire::Hole,
    scope: wire::Hole,
}

/// Begins the envelope of one resource; `ScopeSpans.spans` or `ScopeMetrics.metrics` fields follow.
pub(crate) fn open(out: &mut Vec<u8>, attributes: &Attributes) -> Envelope {
    let envelope = wire::open(out, 1);
    let resource = wire::open(out, 1);
    for (attribute, value) in attributes {
        wire::attribute(out, 1, attribute.name, value);
    }
    wire::close(out, resource);

    let scope = wire::open(out, 2);
    let instrumentation = wire::open(out, 1);
    wire::string(out, 1, SCOPE_NAME);
    wire::string(out, 2, SCOPE_VERSION);
    wire::close(out, instrumentation);
    Envelope { resource: envelope, scope }
}

/// Ends the envelope.
pub(crate) fn close(out: &mut Vec<u8>, envelope: Envelope) {
    wire::string(out, 3, SCHEMA_URL);
    wire::close(out, envelope.scope);
    wire::string(out, 3, SCHEMA_URL);
    wire::close(out, envelope.resource);
}
