//! Calls of gRPC, as HTTP/2 carries them -> semantic-convention terms.
//!
//! Recognised by the request's `content-type`. The outcome is the `grpc-status` of the trailers or of a response that
//! is nothing else; where there is none, what gRPC's own clients make of the HTTP status or of the reset.

mod messages;
mod outcome;

use crate::context::TraceContext;
use crate::decoder::Options;
use crate::http::forwarded::host_port;
use crate::http::request::Unknown;
use crate::http::target::bounded;
use crate::message::{Convention, Request, Role, Value};
use crate::semconv::underspan::REQUEST_UNKNOWN;
use crate::semconv::{attribute as name, metric};

pub(crate) use messages::Messages;
pub(crate) use outcome::{Answer, Counts, respond};

/// What the calls a process serves feed.
pub(crate) static SERVER: Convention = Convention {
    duration: &metric::RPC_SERVER_CALL_DURATION,
    request_size: None,
    response_size: None,
    request_size_attribute: None,
    response_size_attribute: None,
};

/// What the calls a process makes feed.
pub(crate) static CLIENT: Convention = Convention {
    duration: &metric::RPC_CLIENT_CALL_DURATION,
    request_size: None,
    response_size: None,
    request_size_attribute: None,
    response_size_attribute: None,
};

/// Value of `rpc.system.name`.
pub(super) const SYSTEM: &str = "grpc";

/// What was called.
pub(crate) struct Asked<'a> {
    /// `/package.Service/Method`; `None`: could not be known.
    pub(crate) path: Option<&'a str>,
    pub(crate) authority: Option<&'a str>,
    /// `grpc-timeout`.
    pub(crate) timeout: Option<&'a [u8]>,
    pub(crate) unknown: Unknown,
}

/// What a call's response needs to know of its request.
#[derive(Debug)]
pub(crate) struct Call {
    method: Option<String>,
    /// In nanoseconds.
    timeout: Option<u64>,
}

/// Whether a `content-type` is gRPC's: `application/grpc` alone or with a format or parameters. That of gRPC-Web is
/// another protocol.
pub(crate) fn is_grpc(content_type: &[u8]) -> bool {
    const NAME: &[u8] = b"application/grpc";
    match content_type.split_at_checked(NAME.len()) {
        Some((name, rest)) => {
            name.eq_ignore_ascii_case(NAME) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
        }
        None => false,
    }
}

/// Describes a call.
pub(crate) fn describe(
    role: Role,
    options: &Options,
    asked: &Asked<'_>,
    context: Option<TraceContext>,
) -> (Request, Call) {
    let method = asked.path.and_then(|path| path.strip_prefix('/')).filter(|method| !method.is_empty());
    let method = method.map(|method| bounded(method.to_owned(), options.max_value));
    let mut attributes = vec![(name::RPC_SYSTEM_NAME, Value::Static(SYSTEM))];
    if let Some(method) = &method {
        attributes.push((name::RPC_METHOD, Value::String(method.clone())));
    }
    if let Some((host, port)) = asked.authority.and_then(host_port) {
        let host = bounded(host.to_owned(), options.max_value);
        attributes.push((name::SERVER_ADDRESS, Value::String(host)));
        if let Some(port) = port {
            attributes.push((name::SERVER_PORT, Value::Int(port.into())));
        }
    }
    if let Some(unknown) = asked.unknown.value() {
        attributes.push((REQUEST_UNKNOWN, unknown));
    }
    let request = Request {
        operation: method.clone().unwrap_or_else(|| SYSTEM.to_owned()),
        path: None,
        route: None,
        attributes,
        context,
        stream: None,
        convention: if role == Role::Server { &SERVER } else { &CLIENT },
    };
    (request, Call { method, timeout: asked.timeout.and_then(timeout) })
}

/// At most eight digits and a unit -> nanoseconds.
fn timeout(value: &[u8]) -> Option<u64> {
    let (unit, digits) = value.split_last()?;
    let valid = digits.len() <= 8 && digits.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| valid)?;
    let unit: u64 = match unit {
        b'H' => 3_600_000_000_000,
        b'M' => 60_000_000_000,
        b'S' => 1_000_000_000,
        b'm' => 1_000_000,
        b'u' => 1_000,
        b'n' => 1,
        _ => return None,
    };
    Some(digits.parse::<u64>().ok()?.saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for yes in ["application/grpc", "application/grpc+proto", "Application/gRPC;x=y"] {
            assert!(is_grpc(yes.as_bytes()), "{yes}");
        }
        for no in
            ["application/grpc-web", "application/grpc-web+proto", "application/json", "application/grp", ""]
        {
            assert!(!is_grpc(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn timeouts() {
        assert_eq!(timeout(b"100m"), Some(100_000_000));
        assert_eq!(timeout(b"2H"), Some(7_200_000_000_000));
        assert_eq!(timeout(b"99999999H"), Some(u64::MAX), "for ever");
        assert_eq!(timeout(b"5n"), Some(5));
        for nonsense in [&b""[..], b"S", b"1", b"1x", b"-1S", b"+1S", b"123456789S"] {
            assert_eq!(timeout(nonsense), None, "{:?}", nonsense.escape_ascii().to_string());
        }
    }
}
