//! A request with its response: what becomes a span and metric points.
use std::sync::Arc;

use underspan_protocols::message::{Attribute, Attributes, Convention, Role};

use super::Mover;
use super::span::Trace;
use crate::discover::resource::Resource;

/// An exchange fresh from the correlator: kernel time, no route yet.
#[derive(Debug)]
pub struct Finished {
    /// The exchange.
    pub exchange: Exchange,
    /// Name of the protocol it was spoken in.
    pub protocol: &'static str,
    /// The thread that read the request, or made it.
    pub tid: u32,
    /// Others were under way on the same connection at the same time.
    pub shared: bool,
    /// Path to turn into a route.
    pub path: Option<String>,
    /// Attribute for the route.
    pub route: Option<Attribute>,
}

/// A finished exchange. Times are nanoseconds since the Unix epoch.
#[derive(Debug)]
pub struct Exchange {
    /// The process that served or made the request.
    pub resource: Arc<Resource>,
    /// Its side of the conversation: SERVER or CLIENT span.
    pub role: Role,
    /// Trace this span belongs to.
    pub trace_id: [u8; 16],
    /// Its own id.
    pub span_id: [u8; 8],
    /// Span id of the parent, if one is known.
    pub parent_id: Option<[u8; 8]>,
    /// The parent is in another process (a context found in the bytes, or the other end of the connection).
    pub parent_remote: bool,
    /// W3C trace flags.
    pub flags: u8,
    /// `tracestate` to carry on.
    pub state: String,
    /// Span name without the route: `GET`.
    pub operation: String,
    /// Low-cardinality route, also among `attributes`: the span is named `{operation} {route}`.
    pub route: Option<String>,
    /// First byte of the request.
    pub start: u64,
    /// First byte of the response, if there was one.
    pub first_response: Option<u64>,
    /// Last byte of the response.
    pub end: u64,
    /// Request body bytes.
    pub request_size: u64,
    /// Response body bytes.
    pub response_size: u64,
    /// `error.type`; `None` when the exchange succeeded. Status of the span is ERROR iff set.
    pub error: Option<String>,
    /// Span attributes, including the route, without sizes and `error.type`.
    pub attributes: Attributes,
    /// What happened meanwhile.
    pub events: Vec<SpanEvent>,
    /// Metrics it feeds.
    pub convention: &'static Convention,
}

/// A call inside a process that is over: of a function, or from one probe to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// The thread.
    pub mover: Mover,
    /// What it is called.
    pub name: &'static str,
    /// When it began.
    pub start: u64,
    /// When it ended.
    pub end: u64,
    /// What is known of it.
    pub attributes: Attributes,
}

/// A call that becomes an INTERNAL span.
#[derive(Debug)]
pub struct Call {
    /// The process.
    pub resource: Arc<Resource>,
    /// The call; its times are the kernel's, or nanoseconds since the Unix epoch once it has left the correlator.
    pub passed: Passed,
    /// Id of the span.
    pub span_id: [u8; 8],
    /// Its trace and parent.
    pub trace: Trace,
}

/// Something that happened in the course of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent {
    /// Its name.
    pub name: &'static str,
    /// When; for what went on for a while, when it began.
    pub time: u64,
    /// What is known of it.
    pub attributes: Attributes,
}
