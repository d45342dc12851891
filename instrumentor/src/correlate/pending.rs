//! An exchange under way.

use std::rc::Rc;
use std::sync::Arc;

use underspan_protocols::decoder::Ending;
use underspan_protocols::message::{
    Attribute, Attributes, Convention, Direction, Request, Response, Role, Value,
};
use underspan_protocols::semconv::attribute;

use super::Mover;
use super::exchange::{Exchange, Finished};
use super::span::Span;
use crate::assemble::{Connection, Peer};
use crate::discover::resource::Resource;
use crate::signals::sampler::Sampler;

/// `error.type` of an exchange whose connection closed before its response was complete.
const CLOSED: &str = "connection_closed";

pub(super) struct Pending {
    /// Its number on the connection, as the kernel counts.
    pub(super) exchange: u32,
    pub(super) role: Role,
    pub(super) mover: Mover,
    pub(super) span: Rc<Span>,
    pub(super) patience: u8,
    /// Others were under way on the same connection at the same time.
    pub(super) shared: bool,
    protocol: &'static str,
    resource: Arc<Resource>,
    operation: String,
    path: Option<String>,
    route: Option<Attribute>,
    attributes: Attributes,
    convention: &'static Convention,
    first_response: Option<u64>,
    end: u64,
    request_size: u64,
    response_size: u64,
    error: Option<String>,
}

impl Pending {
    pub(super) fn new(
        connection: &Connection,
        role: Role,
        resource: Arc<Resource>,
        mover: Mover,
        span: Rc<Span>,
        mut request: Request,
    ) -> Self {
        let scheme = if connection.is_decrypted() { "https" } else { "http" };
        add_addresses(&mut request.attributes, role, &connection.peer, scheme);
        let exchange = connection.losses.exchange();
        Self { exchange, ..Self::within(role, resource, mover, span, request, connection.protocol()) }
    }

    /// One that passes no connection.
    pub(super) fn within(
        role: Role,
        resource: Arc<Resource>,
        mover: Mover,
        span: Rc<Span>,
        request: Request,
        protocol: &'static str,
    ) -> Self {
        Self {
            exchange: 0,
            role,
            mover,
            end: span.start,
            span,
            patience: 0,
            shared: false,
            protocol,
            resource,
            operation: request.operation,
            path: request.path,
            route: request.route,
            attributes: request.attributes,
            convention: request.convention,
            first_response: None,
            request_size: 0,
            response_size: 0,
            error: None,
        }
    }

    pub(super) fn respond(&mut self, first: u64, response: Response) {
        self.first_response = Some(first);
        self.span.answering.set(true);
        let replaced = |name| response.attributes.iter().any(|(attribute, _)| *attribute == name);
        self.attributes.retain(|(attribute, _)| !replaced(*attribute));
        self.attributes.extend(response.attributes);
        self.error = response.error;
        if let Some(operation) = response.operation {
            self.operation = operation;
        }
    }

    /// One direction has ended. True for a response that never came.
    pub(super) fn end(&mut self, direction: Direction, last: u64, body: u64, ending: Ending) -> bool {
        match direction {
            Direction::Request => {
                self.request_size = body;
                false
            }
            Direction::Response => {
                self.response_size = body;
                self.end = last.max(self.span.start);
                self.span.end.set(Some(self.end));
                if self.error.is_none() {
                    self.error = match ending {
                        Ending::Complete => None,
                        Ending::Cut => Some(CLOSED.to_owned()),
                        Ending::Reset(error) => error.map(str::to_owned),
                    };
                }
                self.first_response.is_none()
            }
        }
    }

    /// The exchange, in kernel time and without its route, which the next stage knows.
    pub(super) fn finish(&mut self, sampler: &Sampler) -> Finished {
        let trace = self.span.trace(sampler);
        let exchange = Exchange {
            resource: Arc::clone(&self.resource),
            role: self.role,
            trace_id: trace.trace_id,
            span_id: self.span.span_id,
            parent_id: trace.parent_id,
            parent_remote: trace.parent_remote,
            flags: trace.flags,
            state: trace.state,
            operation: std::mem::take(&mut self.operation),
            route: None,
            start: self.span.start,
            first_response: self.first_response,
            end: self.end,
            request_size: self.request_size,
            response_size: self.response_size,
            error: self.error.take(),
            attributes: std::mem::take(&mut self.attributes),
            events: Vec::new(),
            convention: self.convention,
        };
        Finished {
            exchange,
            protocol: self.protocol,
            tid: self.mover.tid,
            shared: self.shared,
            path: self.path.take(),
            route: self.route,
        }
    }
}

/// What the connection adds to what the bytes said: the peer, and the names it stands in for.
fn add_addresses(attributes: &mut Attributes, role: Role, peer: &Peer, scheme: &str) {
    let has = |attributes: &Attributes, wanted| attributes.iter().any(|(attribute, _)| *attribute == wanted);
    match peer {
        Peer::Unknown => {}
        Peer::Unix(path) => {
            if role == Role::Client && !path.is_empty() && !has(attributes, attribute::SERVER_ADDRESS) {
                attributes.push((attribute::SERVER_ADDRESS, Value::String(path.clone())));
            }
        }
        Peer::Inet { remote, .. } => {
            let address = remote.ip().to_string();
            let (name, port) = match role {
                Role::Server => (attribute::CLIENT_ADDRESS, None),
                Role::Client => (attribute::SERVER_ADDRESS, Some(attribute::SERVER_PORT)),
            };
            if !has(attributes, name) {
                attributes.push((name, Value::String(address.clone())));
                if let Some(port) = port.filter(|port| !has(attributes, *port)) {
                    attributes.push((port, Value::Int(remote.port().into())));
                }
            }
            if role == Role::Client && !has(attributes, attribute::URL_FULL) {
                compose_url(attributes, scheme, &remote.to_string());
            }
            attributes.push((attribute::NETWORK_PEER_ADDRESS, Value::String(address)));
            attributes.push((attribute::NETWORK_PEER_PORT, Value::Int(remote.port().into())));
        }
    }
}

/// A request that names no host has path and query alone; a client's span has a whole URL, of the peer then.
fn compose_url(attributes: &mut Attributes, scheme: &str, authority: &str) {
    let mut take = |wanted| {
        let index = attributes.iter().position(|(attribute, _)| *attribute == wanted)?;
        match attributes.swap_remove(index).1 {
            Value::String(text) => Some(text),
            Value::Static(text) => Some(text.to_owned()),
            _ => None,
        }
    };
    let Some(path) = take(attribute::URL_PATH) else { return };
    let query = take(attribute::URL_QUERY).map(|query| format!("?{query}")).unwrap_or_default();
    attributes.push((attribute::URL_FULL, Value::String(format!("{scheme}://{authority}{path}{query}"))));
}
