//! Spans.
use opentelemetry_proto::tonic::trace::v1::{self as trace, span::SpanKind, status::StatusCode};

use super::Findings;
use crate::receiver::Span;

/// What an HTTP server span must have.
const HTTP_SERVER: &[&str] = &["http.request.method", "url.path", "url.scheme"];
/// What an HTTP client span must have.
const HTTP_CLIENT: &[&str] = &["http.request.method", "server.address", "server.port", "url.full"];
/// What a span of a served remote procedure call must have.
const RPC_SERVER: &[&str] = &["rpc.system.name", "rpc.method"];
/// What a span of a remote procedure call must have.
const RPC_CLIENT: &[&str] = &["rpc.system.name", "rpc.method", "server.address"];
/// Statuses of gRPC that are errors of the server.
const RPC_SERVER_ERRORS: &[&str] =
    &["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
/// Attributes that need another one beside them.
const TOGETHER: &[(&str, &str)] = &[
    ("network.peer.port", "network.peer.address"),
    ("server.port", "server.address"),
    ("client.port", "client.address"),
];

pub(super) fn check(received: &Span, findings: &mut Findings) {
    let span = &received.span;
    let subject = format!("span {:?} `{}`", span.kind(), span.name);
    findings.attributes(&subject, &received.attributes);
    for (name, needs) in TOGETHER {
        if received.attributes.get(name).is_some() && received.attributes.get(needs).is_none() {
            findings.add("required_attribute_not_present", &subject, format!("`{name}` without `{needs}`"));
        }
    }
    identity(received, &subject, findings);
    status(received, &subject, findings);
    // What could not be known is marked, and cannot be there.
    let marked = received.attributes.get("underspan.request.unknown").is_some();
    if received.attributes.get("http.request.method").is_some() && !marked {
        http(received, &subject, findings);
    }
    if received.attributes.get("rpc.system.name").is_some() && !marked {
        rpc(received, &subject, findings);
    }
    if received.attributes.get("db.system.name").is_some() {
        database(received, &subject, findings);
    }
}

/// The name comes from the summary; without one from the operation and the database, as far as they are known. An error's
/// code is its type.
fn database(received: &Span, subject: &str, findings: &mut Findings) {
    let attributes = &received.attributes;
    let text = |name| attributes.text(name);
    let name = match (text("db.query.summary"), text("db.operation.name"), text("db.namespace")) {
        (Some(summary), _, _) => summary.to_owned(),
        (None, Some(operation), Some(namespace)) => format!("{operation} {namespace}"),
        (None, Some(name), None) | (None, None, Some(name)) => name.to_owned(),
        (None, None, None) => text("db.system.name").unwrap_or_default().to_owned(),
    };
    if received.span.name != name {
        findings.add("db_span_name_format", subject, format!("the name should be `{name}`"));
    }
    if let Some(code) = attributes.text("db.response.status_code")
        && attributes.text("error.type") != Some(code)
    {
        findings.add("db_error_type", subject, format!("status code {code} is the `error.type`"));
    }
}

/// A remote procedure call is not an HTTP request as well, and is named by its method.
fn rpc(received: &Span, subject: &str, findings: &mut Findings) {
    let attributes = &received.attributes;
    let server = received.span.kind() == SpanKind::Server;
    findings.required(subject, attributes, if server { RPC_SERVER } else { RPC_CLIENT });
    let system = attributes.text("rpc.system.name").unwrap_or_default();
    let method = attributes.text("rpc.method").filter(|method| *method != "_OTHER");
    let name = method.unwrap_or(system);
    if received.span.name != name {
        findings.add("rpc_span_name_format", subject, format!("the name should be `{name}`"));
    }
    if attributes.get("http.request.method").is_some() {
        findings.add("rpc_and_http", subject, "both a call and a request");
    }
    let status = attributes.text("rpc.response.status_code").unwrap_or("OK");
    let failed = status != "OK" && (!server || RPC_SERVER_ERRORS.contains(&status));
    if failed && attributes.text("error.type") != Some(status) {
        findings.add("rpc_error_type", subject, format!("status {status} is the `error.type`"));
    }
}

fn identity(received: &Span, subject: &str, findings: &mut Findings) {
    let span = &received.span;
    let zero = |id: &[u8]| id.iter().all(|byte| *byte == 0);
    if span.trace_id.len() != 16 || zero(&span.trace_id) || span.span_id.len() != 8 || zero(&span.span_id) {
        findings.add("invalid_id", subject, "trace or span id");
    }
    let parent = &span.parent_span_id;
    if !parent.is_empty() && (parent.len() != 8 || zero(parent) || *parent == span.span_id) {
        findings.add("invalid_id", subject, "parent id");
    }
    if span.start_time_unix_nano > span.end_time_unix_nano || span.start_time_unix_nano == 0 {
        findings.add("invalid_time", subject, "it ends before it starts, or starts in 1970");
    }
    if !matches!(span.kind(), SpanKind::Server | SpanKind::Client | SpanKind::Internal) {
        findings.add("unexpected_kind", subject, "neither server nor client, nor a call inside");
    }
}

/// ERROR and `error.type` go together, and success is left unset.
fn status(received: &Span, subject: &str, findings: &mut Findings) {
    let code = received.span.status.as_ref().map_or(StatusCode::Unset, trace::Status::code);
    let error = received.attributes.get("error.type").is_some();
    if code == StatusCode::Ok {
        findings.add("span_status_ok_set_by_instrumentation", subject, "status is OK");
    }
    if code == StatusCode::Error && !error {
        findings.add("error_type_missing_on_error", subject, "no `error.type`");
    }
    if code != StatusCode::Error && error {
        findings.add("error_type_without_error_status", subject, "status is not ERROR");
    }
}

fn http(received: &Span, subject: &str, findings: &mut Findings) {
    let attributes = &received.attributes;
    let server = received.span.kind() == SpanKind::Server;
    findings.required(subject, attributes, if server { HTTP_SERVER } else { HTTP_CLIENT });

    let method = attributes.text("http.request.method").unwrap_or_default();
    let verb = if method == "_OTHER" { "HTTP" } else { method };
    let target = attributes.text(if server { "http.route" } else { "url.template" });
    let name = target.map_or_else(|| verb.to_owned(), |target| format!("{verb} {target}"));
    if received.span.name != name {
        findings.add("http_span_name_format", subject, format!("the name should be `{name}`"));
    }
    if (method == "_OTHER") != attributes.get("http.request.method_original").is_some() {
        findings.add(
            "http_method_original",
            subject,
            "`_OTHER` and `http.request.method_original` go together",
        );
    }
    if attributes.text("network.protocol.name") == Some("http") {
        findings.add("http_protocol_name", subject, "`network.protocol.name` is left out when it is http");
    }
    let failed = |status| status >= if server { 500 } else { 400 };
    if let Some(status) = attributes.int("http.response.status_code")
        && failed(status)
        && attributes.text("error.type") != Some(&status.to_string())
    {
        findings.add("http_error_type", subject, format!("status code {status} is the `error.type`"));
    }
    secrets(received, subject, findings);
}

/// No credentials in URLs.
fn secrets(received: &Span, subject: &str, findings: &mut Findings) {
    let url = received.attributes.text("url.full").unwrap_or_default();
    let authority = url.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    if user.is_some_and(|user| user != "REDACTED:REDACTED") {
        findings.add("credentials", subject, "credentials in `url.full`");
    }
}
