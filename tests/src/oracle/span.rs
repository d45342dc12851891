//! A received span, with the attributes tests ask for at hand.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1 as otlp;

use crate::receiver::{self, Attributes};

/// Side of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The traced process answered.
    Server,
    /// The traced process asked.
    Client,
}

/// A span and who made it.
#[derive(Debug, Clone)]
pub struct Span {
    /// Side of the exchange.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Trace it belongs to, hexadecimal.
    pub trace: String,
    /// Its own id, hexadecimal.
    pub id: String,
    /// Its parent's id, hexadecimal; empty without parent.
    pub parent: String,
    /// `tracestate`.
    pub state: String,
    /// Nanoseconds since the Unix epoch.
    pub start: u64,
    /// Nanoseconds since the Unix epoch.
    pub end: u64,
    /// The status is ERROR.
    pub failed: bool,
    /// Attributes as text.
    pub attributes: BTreeMap<String, String>,
    /// Attributes of its resource as text.
    pub resource: BTreeMap<String, String>,
}

impl Span {
    /// Reads a span. `None` for a kind the agent has no reason to send.
    pub fn read(received: &receiver::Span) -> Option<Self> {
        let span = &received.span;
        let kind = match span.kind() {
            otlp::span::SpanKind::Server => Kind::Server,
            otlp::span::SpanKind::Client => Kind::Client,
            _ => return None,
        };
        Some(Self {
            kind,
            name: span.name.clone(),
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            state: span.trace_state.clone(),
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano,
            failed: span
                .status
                .as_ref()
                .is_some_and(|status| status.code() == otlp::status::StatusCode::Error),
            attributes: attributes(&received.attributes),
            resource: attributes(&received.resource),
        })
    }

    /// An attribute as text; empty when absent.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// An attribute that is a number, if there is one.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.attribute(name).parse().ok()
    }

    /// Path of the request: `url.path` of a server, the path of `url.full` of a client.
    pub fn path(&self) -> &str {
        if self.attributes.contains_key("rpc.method") {
            return self.attribute("rpc.method");
        }
        match self.kind {
            Kind::Server => self.attribute("url.path"),
            Kind::Client => {
                let url = self.attribute("url.full");
                let authority = url.find("://").map_or(0, |scheme| scheme + 3);
                let path = url[authority..].find('/').map_or(url.len(), |slash| authority + slash);
                &url[path..]
            }
        }
    }

    /// Seconds from start to end.
    pub fn seconds(&self) -> f64 {
        Duration::from_nanos(self.end.saturating_sub(self.start)).as_secs_f64()
    }

    /// The process it speaks of.
    pub fn pid(&self) -> Option<u32> {
        self.resource.get("process.pid")?.parse().ok()
    }
}

/// Attributes as text, lists and maps in debug form.
pub(super) fn attributes(list: &Attributes) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    };
    list.0.iter().map(|pair| (pair.key.clone(), text(pair))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::InstrumentationScope;

    use super::*;

    #[test]
    fn paths_of_both_sides() {
        let mut span = Span::read(&receiver::Span {
            resource: Attributes::default(),
            scope: InstrumentationScope::default(),
            schema_url: String::new(),
            attributes: Attributes::default(),
            span: otlp::Span { kind: otlp::span::SpanKind::Client as i32, ..otlp::Span::default() },
        })
        .expect("a client span");
        for (url, path) in [("http://[::1]:80/a/b", "/a/b"), ("http://h", ""), ("http://h/", "/")] {
            span.attributes.insert("url.full".to_owned(), url.to_owned());
            assert_eq!(span.path(), path, "{url}");
        }
        assert_eq!(hex(&[0x0a, 0xff]), "0aff");
    }
}
