//! One line per span: when, which side, how it went, how long, who, what, with whom, which trace.
use std::fmt::Write;

use jiff::{Timestamp, tz::TimeZone};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message;

use crate::export::Batch;

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "34";
const MAGENTA: &str = "35";
const DIM: &str = "2";

/// The lines of a batch of spans, in the order the spans ended.
pub(super) fn lines(batch: &Batch, colour: bool) -> String {
    let request =
        ExportTraceServiceRequest::decode(batch.body.as_ref()).expect("batches are written by this agent");
    let mut spans: Vec<(&str, &Span)> = Vec::new();
    for group in &request.resource_spans {
        let attributes = group.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
        let service = text(attributes, "service.name").unwrap_or("unknown_service");
        spans.extend(group.scope_spans.iter().flat_map(|scope| &scope.spans).map(|span| (service, span)));
    }
    spans.sort_by_key(|(_, span)| span.end_time_unix_nano);
    let paint = Paint { colour, zone: TimeZone::system() };
    spans.into_iter().fold(String::new(), |mut out, (service, span)| {
        paint.line(&mut out, service, span);
        out
    })
}

struct Paint {
    colour: bool,
    zone: TimeZone,
}

impl Paint {
    fn line(&self, out: &mut String, service: &str, span: &Span) {
        let (side, side_colour) = match span.kind() {
            SpanKind::Server => ("SERVER", BLUE),
            SpanKind::Internal => ("INSIDE", DIM),
            _ => ("CLIENT", MAGENTA),
        };
        // Children end, and are printed, before their parents.
        let hint = if span.parent_span_id.is_empty() { ' ' } else { '└' };
        let (status, status_colour) = status(span);
        let duration = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
        self.column(out, DIM, format_args!("{}", self.time(span.end_time_unix_nano)));
        self.column(out, side_colour, format_args!("{hint}{side}"));
        self.column(out, status_colour, format_args!("{status:<5}"));
        self.column(out, "1", format_args!("{:>8}", human(duration)));
        self.column(out, "36", format_args!("{:<16}", printable(service)));
        self.column(out, "", format_args!("{:<44}", printable(&what(span))));
        self.column(out, DIM, format_args!("{:<21}", printable(&peer(span))));
        self.column(out, DIM, format_args!("{}", trace(span)));
        out.truncate(out.trim_end().len());
        out.push('\n');
    }

    fn column(&self, out: &mut String, code: &str, content: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = if self.colour && !code.is_empty() {
            write!(out, "\x1b[{code}m{content}\x1b[0m ")
        } else {
            write!(out, "{content} ")
        };
    }

    fn time(&self, nanoseconds: u64) -> String {
        let time = Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::MAX);
        time.to_zoned(self.zone.clone()).strftime("%H:%M:%S%.3f").to_string()
    }
}

/// The response's status code, else the class of error.
fn status(span: &Span) -> (String, &'static str) {
    let failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    let code = number(&span.attributes, "http.response.status_code");
    let shown = match code {
        Some(code) => code.to_string(),
        None => printable(text(&span.attributes, "error.type").unwrap_or("-")),
    };
    let colour = match code {
        _ if failed => RED,
        Some(400..) => YELLOW,
        _ => GREEN,
    };
    (shown, colour)
}

/// The operation and what it was asked for: the path or URL as it was, not the route.
fn what(span: &Span) -> String {
    let operation = span.name.split(' ').next().unwrap_or_default();
    let attributes = &span.attributes;
    match text(attributes, "url.full").or_else(|| text(attributes, "url.path")) {
        Some(target) => match text(attributes, "url.query") {
            Some(query) => format!("{operation} {target}?{query}"),
            None => format!("{operation} {target}"),
        },
        None => span.name.clone(),
    }
}

/// The other end of the conversation.
fn peer(span: &Span) -> String {
    let attributes = &span.attributes;
    let with_port = |address, port| {
        let address = text(attributes, address)?;
        Some(match number(attributes, port) {
            Some(port) if address.contains(':') => format!("[{address}]:{port}"),
            Some(port) => format!("{address}:{port}"),
            None => address.to_owned(),
        })
    };
    with_port("network.peer.address", "network.peer.port")
        .or_else(|| match span.kind() {
            SpanKind::Server => with_port("client.address", "client.port"),
            _ => with_port("server.address", "server.port"),
        })
        .unwrap_or_else(|| "-".into())
}

/// The first eight digits of the trace id.
fn trace(span: &Span) -> String {
    span.trace_id.iter().take(4).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}"); // writing to a string does not fail
        out
    })
}

/// Three significant digits: `850µs`, `1.23ms`, `12.3s`.
pub(crate) fn human(nanoseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let (value, unit) = match nanoseconds {
        0..1_000_000 => (nanoseconds as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanoseconds as f64 / 1e6, "ms"),
        _ => (nanoseconds as f64 / 1e9, "s"),
    };
    let digits = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}

/// What a target says reaches a terminal without the power to command it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn find<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a Value> {
    attributes.iter().find(|attribute| attribute.key == name)?.value.as_ref()?.value.as_ref()
}

fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    match find(attributes, name)? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn number(attributes: &[KeyValue], name: &str) -> Option<i64> {
    match find(attributes, name)? {
        Value::IntValue(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits() {
        for (nanoseconds, shown) in [
            (0, "0.00µs"),
            (850_000, "850µs"),
            (1_234_567, "1.23ms"),
            (12_345_678, "12.3ms"),
            (999_000_000, "999ms"),
            (61_500_000_000, "61.5s"),
        ] {
            assert_eq!(human(nanoseconds), shown);
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("/a\x1b[2J\r\nb\u{9b}c"), "/a\u{fffd}[2J\u{fffd}\u{fffd}b\u{fffd}c");
    }
}
