//! Head of a request -> what it means in semantic-convention terms.

use super::fields::Fields;
use super::forwarded::{client, first, host_port, parameter, text};
use super::target::{REDACTED, Target, bounded, redact_query};
use super::{CLIENT, SERVER};
use crate::context::TraceContext;
use crate::decoder::Options;
use crate::message::{Attribute, Attributes, Request, Role, Value};
use crate::semconv::attribute as name;

/// Port of a URL that names none.
const DEFAULT_PORT: u16 = 80;

/// Describes a request. `minor` is the minor version; `None` when the request line was cut before it.
pub(super) fn describe(
    role: Role,
    options: &Options,
    (method, target, minor): (&str, &str, Option<u8>),
    fields: &Fields<'_>,
    context: Option<TraceContext>,
) -> Request {
    let target = Target::parse(target, method == "CONNECT");
    let mut list = List { attributes: Vec::with_capacity(12), limit: options.max_value };
    let operation = list.method(method, options);
    match role {
        Role::Server => list.server(&target, fields, options),
        Role::Client => list.client(&target, fields, options),
    }
    if let Some(minor) = minor {
        let version = if minor == 0 { "1.0" } else { "1.1" };
        list.push(name::NETWORK_PROTOCOL_VERSION, Value::Static(version));
    }
    let server = role == Role::Server;
    Request {
        operation,
        path: (server && target.path.starts_with('/'))
            .then(|| bounded(target.path.to_owned(), options.max_value)),
        route: server.then_some(name::HTTP_ROUTE),
        attributes: list.attributes,
        context,
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
    fn method(&mut self, method: &str, options: &Options) -> String {
        if options.http_known_methods.iter().any(|known| known == method) {
            self.text(name::HTTP_REQUEST_METHOD, method);
            return method.to_owned();
        }
        self.push(name::HTTP_REQUEST_METHOD, Value::Static("_OTHER"));
        self.text(name::HTTP_REQUEST_METHOD_ORIGINAL, method);
        "HTTP".to_owned()
    }

    fn server(&mut self, target: &Target<'_>, fields: &Fields<'_>, options: &Options) {
        let forwarded = fields.forwarded.map(text).unwrap_or_default();
        self.text(name::URL_PATH, target.path);
        self.query(target, options);

        let x_proto = fields.forwarded_proto.map(text).unwrap_or_default();
        let scheme = parameter(&forwarded, "proto").unwrap_or_else(|| first(&x_proto));
        self.push(name::URL_SCHEME, Value::Static(known_scheme(scheme).unwrap_or("http")));

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
    fn client(&mut self, target: &Target<'_>, fields: &Fields<'_>, options: &Options) {
        let host = fields.host.map(text).unwrap_or_default();
        let authority = target.authority.unwrap_or(&host);
        let Some((address, port)) = host_port(authority) else {
            self.text(name::URL_PATH, target.path);
            self.query(target, options);
            return;
        };
        let scheme = target.scheme.unwrap_or("http");
        self.text(name::URL_FULL, &full(target, scheme, authority.trim(), options));
        self.text(name::SERVER_ADDRESS, address);
        let default = if scheme.eq_ignore_ascii_case("https") { 443 } else { DEFAULT_PORT };
        self.push(name::SERVER_PORT, Value::Int(port.unwrap_or(default).into()));
    }

    fn query(&mut self, target: &Target<'_>, options: &Options) {
        let query = target.query.filter(|query| !query.is_empty());
        if let Some(query) = query.and_then(|query| redact_query(query, &options.query)) {
            self.text(name::URL_QUERY, &query);
        }
    }
}

/// The absolute URL. `CONNECT` asks for no URL, only for an authority.
fn full(target: &Target<'_>, scheme: &str, authority: &str, options: &Options) -> String {
    let credentials = if target.credentials { format!("{REDACTED}:{REDACTED}@") } else { String::new() };
    if target.scheme.is_none() && target.authority.is_some() {
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
