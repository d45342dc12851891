//! Bytes of a head -> a request or a response, and how its body is framed.

use httparse::{EMPTY_HEADER, Error, Header, ParserConfig, Status};

use super::body::{Body, Unframed};
use crate::context::TraceContext;
use crate::decoder::Options;
use crate::http::fields::{Announced, Encoding, Fields};
use crate::http::is_token;
use crate::http::request::{Asked, Unknown, describe};
use crate::http::response;
use crate::http::target::Target;
use crate::message::{Request, Response, Role};

/// Headers a message usually has at most; more of them cost a second pass.
const USUAL_HEADERS: usize = 64;

/// Headers a message may have at all.
const MAX_HEADERS: usize = 1024;

/// What bytes at the beginning of a message turned out to be.
pub(super) enum Parsed<T> {
    /// A head of that many bytes.
    Complete(T, usize),
    /// A beginning of one.
    Partial,
    /// No HTTP.
    Malformed,
}

/// The methods whose responses are framed differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Responses have no body.
    Head,
    /// A response of success ends HTTP.
    Connect,
    /// Any other.
    Other,
}

/// A request's head.
pub(super) struct RequestHead {
    pub(super) request: Request,
    pub(super) method: Method,
    /// `None`: no body.
    pub(super) body: Option<Body>,
    /// Body size `Content-Length` announces; zero when it does not.
    pub(super) announced: u64,
    pub(super) upgrade: bool,
    pub(super) expects_continue: bool,
}

/// A response's head.
pub(super) struct ResponseHead {
    pub(super) response: Response,
    pub(super) code: u16,
    /// `Upgrade: h2c`: with status 101, HTTP/2 follows.
    pub(super) h2c: bool,
    /// Framing for a request that is neither `HEAD` nor `CONNECT`. `None`: no body.
    pub(super) body: Option<Body>,
    /// Body size `Content-Length` announces; zero when it does not.
    pub(super) announced: u64,
}

/// Reads a request's head. With `cut` the text is all there will ever be of it: what it holds of the head is
/// complete by definition, its last unfinished line is dropped.
pub(super) fn request(text: &[u8], cut: bool, role: Role, options: &Options) -> Parsed<RequestHead> {
    with_slots(|slots| {
        let mut message = httparse::Request::new(slots);
        match config().parse_request(&mut message, text) {
            Ok(Status::Complete(length)) => {
                Ok(Parsed::Complete(request_head(&message, text, false, role, options), length))
            }
            Ok(Status::Partial) if cut && (message.path.is_some() || line_start(text).is_some()) => {
                Ok(Parsed::Complete(request_head(&message, text, true, role, options), text.len()))
            }
            Ok(Status::Partial) => Ok(Parsed::Partial),
            Err(error) => Err(error),
        }
    })
}

/// Reads a response's head; `cut` as for [`request`].
pub(super) fn response(text: &[u8], cut: bool, role: Role) -> Parsed<ResponseHead> {
    with_slots(|slots| {
        let mut message = httparse::Response::new(slots);
        match (config().parse_response(&mut message, text), message.code) {
            (Ok(Status::Complete(length)), Some(code)) => {
                Ok(Parsed::Complete(response_head(code, &message, false, role), length))
            }
            (Ok(Status::Partial), Some(code)) if cut => {
                Ok(Parsed::Complete(response_head(code, &message, true, role), text.len()))
            }
            (Ok(_), _) => Ok(Parsed::Partial),
            (Err(error), _) => Err(error),
        }
    })
}

/// Unused slots have empty names.
fn named<'a>(headers: &[Header<'a>]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    headers.iter().map(|header| (header.name.as_bytes(), header.value))
}

/// Parses with few slots on the stack, then with many.
fn with_slots<'b, T>(parse: impl Fn(&mut [Header<'b>]) -> Result<Parsed<T>, Error>) -> Parsed<T> {
    match parse(&mut [EMPTY_HEADER; USUAL_HEADERS]) {
        Err(Error::TooManyHeaders) => parse(&mut vec![EMPTY_HEADER; MAX_HEADERS]),
        result => result,
    }
    .unwrap_or(Parsed::Malformed)
}

/// Servers and clients in the field accept more than the grammar; what both ends understood is understood here.
fn config() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_requests(true)
        .ignore_invalid_headers_in_responses(true);
    config
}

fn request_head(
    message: &httparse::Request<'_, '_>,
    text: &[u8],
    cut: bool,
    role: Role,
    options: &Options,
) -> RequestHead {
    let fields = Fields::of(named(message.headers));
    let (method, target) = match (message.method, message.path) {
        (Some(method), Some(target)) => (method, target),
        _ => line_start(text).unwrap_or_default(),
    };
    let context = TraceContext::from_headers(named(message.headers));
    let method_kind = match method {
        "HEAD" => Method::Head,
        "CONNECT" => Method::Connect,
        _ => Method::Other,
    };
    let asked = Asked {
        method: Some(method),
        target: Target::parse(target, method == "CONNECT"),
        scheme: Some(options.scheme()),
        version: message.version.map(|minor| if minor == 0 { "1.0" } else { "1.1" }),
        unknown: Unknown::default(),
    };
    RequestHead {
        request: describe(role, options, &asked, &fields, context),
        method: method_kind,
        body: match method_kind {
            Method::Connect => Some(Body::Tunnel),
            _ if cut => Some(behind_cut(&fields)),
            _ => framing(&fields, None),
        },
        announced: announced(&fields),
        upgrade: fields.upgrade.is_some(),
        expects_continue: fields.expects_continue,
    }
}

fn response_head(code: u16, message: &httparse::Response<'_, '_>, cut: bool, role: Role) -> ResponseHead {
    let fields = Fields::of(named(message.headers));
    let bodyless = matches!(code, 100..200 | 204 | 304);
    ResponseHead {
        response: response::describe(role, code),
        code,
        h2c: fields.upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"h2c")),
        body: match cut {
            true => Some(behind_cut(&fields)),
            false if bodyless => None,
            false => framing(&fields, Some(Body::UntilClose)),
        },
        announced: if bodyless { 0 } else { announced(&fields) },
    }
}

/// How the body is framed; `silent` when the headers say nothing about it.
fn framing(fields: &Fields<'_>, silent: Option<Body>) -> Option<Body> {
    const UNKNOWN: Body = Body::Unframed(Unframed { counted: true, chunked: false });
    match fields.encoding {
        Encoding::Chunked => return Some(Body::CHUNKED),
        Encoding::Other => return silent.or(Some(UNKNOWN)),
        Encoding::None => {}
    }
    match fields.length {
        Announced::Nothing => silent,
        Announced::Bytes(0) => None,
        Announced::Bytes(length) => Some(Body::Length(length)),
        Announced::Nonsense => Some(UNKNOWN),
    }
}

/// Behind a head that was cut it is unknown where the body begins, so its length does not help.
fn behind_cut(fields: &Fields<'_>) -> Body {
    Body::Unframed(Unframed { counted: false, chunked: fields.encoding == Encoding::Chunked })
}

fn announced(fields: &Fields<'_>) -> u64 {
    match fields.length {
        Announced::Bytes(length) if fields.encoding == Encoding::None => length,
        _ => 0,
    }
}

/// Method and beginning of the target of a request line that was cut inside the target.
fn line_start(text: &[u8]) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let space = text.iter().position(|&byte| byte == b' ')?;
    let (method, target) = (&text[..space], &text[space + 1..]);
    let valid = !method.is_empty() && method.iter().copied().all(is_token) && !target.is_empty();
    let (method, target) = (std::str::from_utf8(method).ok()?, target.utf8_chunks().next()?.valid());
    (valid && target.bytes().all(|byte| byte > b' ' && byte != 0x7f)).then_some((method, target))
}
