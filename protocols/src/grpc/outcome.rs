//! How a call ended -> its response in semantic-convention terms.

use super::{Call, SYSTEM};
use crate::message::{Attributes, Response, Role, Value};
use crate::semconv::attribute as name;
use crate::semconv::underspan::{RESPONSE_UNKNOWN, RPC_REQUEST_MESSAGES, RPC_RESPONSE_MESSAGES};

/// Names of the status codes, by number.
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
const OK: &str = STATUS[0];
const CANCELLED: &str = STATUS[1];
const UNKNOWN: &str = STATUS[2];
const DEADLINE_EXCEEDED: &str = STATUS[4];
const UNIMPLEMENTED: &str = STATUS[12];

/// Statuses that are the server's fault; the others are the caller's.
const SERVER_ERRORS: [&str; 6] =
    [UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer<'a> {
    /// With this `grpc-status`.
    Status(&'a [u8]),
    /// Without one, after a response of this HTTP status that is no gRPC.
    Http(u16),
    /// Without one.
    Nothing,
    /// With a status that could not be known.
    Unknown,
    /// The caller gave it up so many nanoseconds after it began.
    Cancelled(u64),
    /// The server gave it up with this HTTP/2 error code.
    Reset(u32),
}

/// Messages each way, as far as they could be counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) request: Option<u64>,
    pub(crate) response: Option<u64>,
}

/// Describes a response.
pub(crate) fn respond(role: Role, call: &Call, answer: Answer<'_>, counts: Counts) -> Response {
    let mut response = Response::default();
    let attributes = &mut response.attributes;
    let status = match answer {
        Answer::Status(text) => Some(by_number(text)),
        Answer::Http(code) => Some(by_http_status(code)),
        Answer::Nothing => Some(UNKNOWN),
        Answer::Cancelled(after) => Some(by_patience(call.timeout, after)),
        Answer::Reset(code) => Some(by_error_code(code)),
        Answer::Unknown => None,
    };
    match status {
        Some(status) => attributes.push((name::RPC_RESPONSE_STATUS_CODE, Value::Static(status))),
        None => attributes.push((RESPONSE_UNKNOWN, Value::StringArray(vec!["status".to_owned()]))),
    }
    if let (Role::Server, Some(UNIMPLEMENTED), Some(method)) = (role, status, &call.method) {
        // The server knows no such method, so any text may stand here.
        attributes.push((name::RPC_METHOD, Value::Static("_OTHER")));
        attributes.push((name::RPC_METHOD_ORIGINAL, Value::String(method.clone())));
        response.operation = Some(SYSTEM.to_owned());
    }
    count(attributes, counts);
    let failed = |status: &&str| match role {
        Role::Client => *status != OK,
        Role::Server => SERVER_ERRORS.contains(status),
    };
    response.error = status.filter(failed).map(str::to_owned);
    response
}

fn count(attributes: &mut Attributes, counts: Counts) {
    let each = [(RPC_REQUEST_MESSAGES, counts.request), (RPC_RESPONSE_MESSAGES, counts.response)];
    for (attribute, count) in each {
        if let Some(count) = count {
            attributes.push((attribute, Value::Int(i64::try_from(count).unwrap_or(i64::MAX))));
        }
    }
}

/// Codes that nobody has defined mean `UNKNOWN` to gRPC's clients.
fn by_number(text: &[u8]) -> &'static str {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse::<usize>().ok());
    number.and_then(|number| STATUS.get(number)).copied().unwrap_or(UNKNOWN)
}

/// What gRPC's clients make of a response that is no gRPC (`http-grpc-status-mapping.md` of gRPC).
fn by_http_status(code: u16) -> &'static str {
    match code {
        400 => "INTERNAL",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => UNIMPLEMENTED,
        429 | 502 | 503 | 504 => "UNAVAILABLE",
        _ => UNKNOWN,
    }
}

/// What gRPC's clients make of a reset (`PROTOCOL-HTTP2.md` of gRPC, by RFC 9113, 7).
fn by_error_code(code: u32) -> &'static str {
    match code {
        0..=4 | 6 | 9 | 10 => "INTERNAL",
        7 => "UNAVAILABLE",
        8 => CANCELLED,
        11 => "RESOURCE_EXHAUSTED",
        12 => "PERMISSION_DENIED",
        _ => UNKNOWN,
    }
}

/// A caller whose deadline has passed cancels in the same way as one that has lost interest. What is sent is what is
/// left of the deadline, and the wire takes some of it, so the last twentieth counts as passed.
fn by_patience(timeout: Option<u64>, after: u64) -> &'static str {
    match timeout {
        Some(timeout) if after >= timeout - timeout / 20 => DEADLINE_EXCEEDED,
        _ => CANCELLED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(role: Role, answer: Answer<'_>) -> (Option<Value>, Option<String>) {
        let call = Call { method: Some("s/m".to_owned()), timeout: Some(1000) };
        let response = respond(role, &call, answer, Counts { request: None, response: None });
        let status = response.attributes.iter().find(|(held, _)| *held == name::RPC_RESPONSE_STATUS_CODE);
        (status.map(|(_, value)| value.clone()), response.error)
    }

    fn error(role: Role, answer: Answer<'_>) -> Option<String> {
        status(role, answer).1
    }

    #[test]
    fn each_code_by_role() {
        for (number, name) in STATUS.iter().enumerate() {
            let text = number.to_string();
            let answer = Answer::Status(text.as_bytes());
            let client = (number != 0).then(|| (*name).to_owned());
            assert_eq!(status(Role::Client, answer), (Some(Value::Static(name)), client));
            let server = [2, 4, 12, 13, 14, 15].contains(&number).then(|| (*name).to_owned());
            assert_eq!(status(Role::Server, answer), (Some(Value::Static(name)), server));
        }
        assert_eq!(error(Role::Client, Answer::Status(b"99")).as_deref(), Some("UNKNOWN"));
        assert_eq!(error(Role::Client, Answer::Status(b"x")).as_deref(), Some("UNKNOWN"));
    }

    #[test]
    fn endings_without_a_status() {
        let client = |answer| error(Role::Client, answer);
        assert_eq!(client(Answer::Cancelled(10)).as_deref(), Some("CANCELLED"));
        assert_eq!(client(Answer::Cancelled(960)).as_deref(), Some("DEADLINE_EXCEEDED"));
        assert_eq!(error(Role::Server, Answer::Cancelled(10)), None, "the caller's own wish");
        assert_eq!(client(Answer::Reset(7)).as_deref(), Some("UNAVAILABLE"));
        assert_eq!(client(Answer::Http(503)).as_deref(), Some("UNAVAILABLE"));
        assert_eq!(client(Answer::Nothing).as_deref(), Some("UNKNOWN"));
        assert_eq!(status(Role::Client, Answer::Unknown), (None, None), "never guessed");
    }

    #[test]
    fn a_method_nobody_knows_names_nothing() {
        let call = Call { method: Some("any/Text".to_owned()), timeout: None };
        let counts = Counts { request: Some(1), response: None };
        let response = respond(Role::Server, &call, Answer::Status(b"12"), counts);
        assert_eq!(response.operation.as_deref(), Some("grpc"));
        assert!(response.attributes.contains(&(name::RPC_METHOD, Value::Static("_OTHER"))));
        assert!(response.attributes.contains(&(RPC_REQUEST_MESSAGES, Value::Int(1))));
        assert_eq!(respond(Role::Client, &call, Answer::Status(b"12"), counts).operation, None);
    }
}
