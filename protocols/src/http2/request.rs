//! Header block of a request -> what it means in semantic-convention terms.

use super::headers::Headers;
use crate::decoder::Options;
use crate::grpc::{self, Call};
use crate::http::fields::Fields;
use crate::http::forwarded::text;
use crate::http::request::{Asked, describe};
use crate::http::target::Target;
use crate::message::{Request, Role};

/// Version as it was negotiated.
const VERSION: &str = "2";

/// A request, and if it is a remote procedure call what its response has to know. `None`: it has no method or path
/// and cannot have had them.
pub(super) fn read(headers: &Headers, role: Role, options: &Options) -> Option<(Request, Option<Call>)> {
    let unknown = headers.unknown_of_request();
    let complete = (headers.method.is_some() || unknown.method)
        && (headers.path.is_some() || unknown.path || headers.method.as_deref() == Some(b"CONNECT"));
    if !complete {
        return None;
    }
    let path = headers.path.as_deref().map(text);
    let context = headers.context();
    let authority = headers.authority.as_deref().map(text);
    if headers.get("content-type").is_some_and(grpc::is_grpc) {
        let host = headers.get("host").map(text);
        let asked = grpc::Asked {
            path: path.as_deref(),
            authority: authority.as_deref().or(host.as_deref()),
            timeout: headers.get("grpc-timeout"),
            unknown,
        };
        let (request, call) = grpc::describe(role, options, &asked, context);
        return Some((request, Some(call)));
    }
    let method = headers.method.as_deref().map(text);
    let scheme = headers.scheme.as_deref().map(text);
    let target = Target::parts(authority.as_deref(), path.as_deref().unwrap_or_default());
    let asked = Asked {
        method: method.as_deref(),
        target,
        scheme: if unknown.scheme { None } else { Some(scheme.as_deref().unwrap_or(options.scheme())) },
        version: Some(VERSION),
        unknown,
    };
    Some((describe(role, options, &asked, &Fields::of(headers.fields()), context), None))
}
