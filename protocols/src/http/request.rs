//! Head of a request, of any version of HTTP -> what it means in semantic-convention terms.

use super::fields::Fields;
use super::forwarded::{client, first, host_port, parameter, text};
use super::target::{REDACTED, Target, bounded, redact_query};
use super::{CLIENT, SERVER};
use crate::context::TraceContext;
use crate::decoder::Options;
use crate::message::{Attribute, Attributes, Request, Role, Value};
use crate::semconv::attribute as name;
use crate::semconv::underspan::REQUEST_UNKNOWN;

/// Port of a URL that names none.
const DEFAULT_PORT: u16 = 80;

/// Port of an `https` URL that names none.
const DEFAULT_TLS_PORT: u16 = 443;

/// What was asked for, beside the header fields.
pub(crate) struct Asked<'a> {
    /// `None`: could not be known.
    pub(crate) method: Option<&'a str>,
    /// Its path means nothing where `unknown` says so.
    pub(crate) target: Target<'a>,
    /// Scheme of the connection, or that the request names. `None`: could not be known.
    pub(crate) scheme: Option<&'a str>,
    /// `None`: the request line was cut before it.
    pub(crate) version: Option<&'static str>,
    /// What was there and could not be known.
    pub(crate) unknown: Unknown,
}

/// Parts of a request that were there, or may have been, and could not be known.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of parts")]
pub(crate) struct Unknown {
    pub(crate) method: bool,
    pub(crate) path: bool,
    pub(crate) scheme: bool,
    pub(crate) authority: bool,
    /// Some header field or other.
    pub(crate) headers: bool,
}

impl Unknown {
    /// For the attribute that marks it; `None` where everything is known.
    pub(crate) fn value(self) -> Option<Value> {
        let Self { method, path, scheme, authority, headers } = self;
        let parts = [
            (method, "method"),
            (path, "path"),
            (scheme, "scheme"),
            (authority, "authority"),
            (headers, "headers"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(unknown, _)| *unknown).map(|(_, part)| (*part).to_owned()).collect();
        (!parts.is_empty()).then_some(Value::StringArray(parts))
    }
}

/// Describes a request.
pub(crate) fn describe(
    role: Role,
    options: &Options,
    asked: &Asked<'_>,
    fields: &Fields<'_>,
    context: Option<TraceContext>,
) -> Request {
    let mut list = List { attributes: Vec::with_capacity(12), limit: options.max_value };
    let operation = list.method(asked.method, options);
    match role {
        Role::Server => list.server(asked, fields, options),
        Role::Client => list.client(asked, fields, options),
    }
    if let Some(version) = asked.version {
        list.push(name::NETWORK_PROTOCOL_VERSION, Value::Static(version));
    }
    if let Some(unknown) = asked.unknown.value() {
        list.push(REQUEST_UNKNOWN, unknown);
    }
    let server = role == Role::Server;
    let path = asked.target.path;
    Request {
        operation,
        path: (server && path.starts_with('/')).then(|| bounded(path.to_owned(), options.max_value)),
        route: server.then_some(name::HTTP_ROUTE),
        attributes: list.attributes,
        context,
        stream: None,
        convention: if server { &SERVER } else { &CLIENT },
    }
}

/// Attributes under construction.
struct List {
    attributes: Attributes,
    /// Longest text, in bytes.
    limit: usize,
}

impl List {
    fn push(&mut self, attribute: Attribute, value: Value) {
        self.attributes.push((attribute, value));
    }

    fn text(&mut self, attribute: Attribute, value: &str) {
        self.push(attribute, Value::String(bounded(value.to_owned(), self.limit)));
    }

    /// Adds the method; returns the operation.
    fn method(&mut self, method: Option<&str>, options: &Options) -> String {
        let Some(method) = method else {
            self.push(name::HTTP_REQUEST_METHOD, Value::Static("_OTHER"));
            return "HTTP".to_owned();
        };
        if options.http_known_methods.iter().any(|known| known == method) {
            self.text(name::HTTP_REQUEST_METHOD, method);
            return method.to_owned();
        }
        self.push(name::HTTP_REQUEST_METHOD, Value::Static("_OTHER"));
        self.text(name::HTTP_REQUEST_METHOD_ORIGINAL, method);
        "HTTP".to_owned()
    }

    fn server(&mut self, asked: &Asked<'_>, fields: &Fields<'_>, options: &Options) {
        let target = &asked.target;
        let forwarded = fields.forwarded.map(text).unwrap_or_default();
        self.path(asked, options);

        let x_proto = fields.forwarded_proto.map(text).unwrap_or_default();
        let scheme = parameter(&forwarded, "proto").unwrap_or_else(|| first(&x_proto));
        let immediate = asked.scheme.map(|scheme| known_scheme(scheme).unwrap_or("http"));
        if let Some(scheme) = known_scheme(scheme).or(immediate) {
            self.push(name::URL_SCHEME, Value::Static(scheme));
        }

        let x_host = fields.forwarded_host.map(text).unwrap_or_default();
        let host = fields.host.map(text).unwrap_or_default();
        let server = parameter(&forwarded, "host")
            .and_then(host_port)
            .or_else(|| host_port(first(&x_host)))
            .or_else(|| target.authority.and_then(host_port))
            .or_else(|| host_port(&host));
        if let Some((host, port)) = server {
            self.text(name::SERVER_ADDRESS, host);
            if let Some(port) = port {
                self.push(name::SERVER_PORT, Value::Int(port.into()));
            }
        }

        let x_for = fields.forwarded_for.map(text).unwrap_or_default();
        let asked = parameter(&forwarded, "for").and_then(client).or_else(|| client(first(&x_for)));
        if let Some(asked) = asked {
            self.text(name::CLIENT_ADDRESS, asked);
        }
        if let Some(agent) = fields.user_agent {
            self.text(name::USER_AGENT_ORIGINAL, &text(agent));
        }
    }

    /// Without a host in the message there is no `url.full`; `url.path` and `url.query` then say what is known.
    fn client(&mut self, asked: &Asked<'_>, fields: &Fields<'_>, options: &Options) {
        let target = &asked.target;
        let host = fields.host.map(text).unwrap_or_default();
        let authority = target.authority.unwrap_or(&host);
        let server = host_port(authority);
        let scheme = target.scheme.or(asked.scheme);
        match (server, scheme) {
            (Some(_), Some(scheme)) if !asked.unknown.path => {
                self.text(name::URL_FULL, &full(target, scheme, authority.trim(), options));
            }
            _ => self.path(asked, options),
        }
        let Some((address, port)) = server else { return };
        self.text(name::SERVER_ADDRESS, address);
        let default = scheme
            .map(|scheme| if scheme.eq_ignore_ascii_case("https") { DEFAULT_TLS_PORT } else { DEFAULT_PORT });
        if let Some(port) = port.or(default) {
            self.push(name::SERVER_PORT, Value::Int(port.into()));
        }
    }

    fn path(&mut self, asked: &Asked<'_>, options: &Options) {
        if asked.unknown.path {
            return;
        }
        self.text(name::URL_PATH, asked.target.path);
        let query = asked.target.query.filter(|query| !query.is_empty());
        if let Some(query) = query.and_then(|query| redact_query(query, &options.query)) {
            self.text(name::URL_QUERY, &query);
        }
    }
}

/// The absolute URL. `CONNECT` asks for no URL and has no path, only an authority.
fn full(target: &Target<'_>, scheme: &str, authority: &str, options: &Options) -> String {
    let credentials = if target.credentials { format!("{REDACTED}:{REDACTED}@") } else { String::new() };
    if target.path.is_empty() {
        return format!("{credentials}{authority}");
    }
    let path = if target.path == "*" { "" } else { target.path };
    let mut url = format!("{scheme}://{credentials}{authority}{path}");
    if let Some(query) = target.query.and_then(|query| redact_query(query, &options.query)) {
        url.push('?');
        url.push_str(&query);
    }
    url
}

/// Schemes a proxy may report; anything else came from a stranger and would only add series.
fn known_scheme(scheme: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme))
}
