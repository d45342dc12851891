//! What a decoder says: messages in semantic-convention terms.

/// Name of an attribute and the type its value must have, from the generated table or from the
/// `underspan.*` registry. Compared by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Full name, for example `http.request.method`.
    pub name: &'static str,
    /// Type the registry gives it.
    pub kind: AttributeKind,
}

/// Type of an attribute's value, as the registry states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeKind {
    /// Text, including enumerations of text.
    String,
    /// Signed 64-bit integer.
    Int,
    /// Floating point.
    Double,
    /// Truth value.
    Boolean,
    /// List of text.
    StringArray,
}

/// Value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text known at compile time.
    Static(&'static str),
    /// Text.
    String(String),
    /// Integer.
    Int(i64),
    /// Floating point.
    Double(f64),
    /// Truth value.
    Boolean(bool),
    /// List of text.
    StringArray(Vec<String>),
}

/// Attributes in the order they were found; names are unique.
pub type Attributes = Vec<(Attribute, Value)>;

/// One metric of the semantic conventions.
#[derive(Debug)]
pub struct Metric {
    /// Full name, for example `http.server.request.duration`.
    pub name: &'static str,
    /// Unit in UCUM, for example `s`.
    pub unit: &'static str,
    /// One sentence for people; empty where the registry has none.
    pub description: &'static str,
    /// Advised explicit bucket boundaries; empty when the conventions advise none.
    pub boundaries: &'static [f64],
    /// Attributes the metric carries by default (required, conditionally required, recommended).
    pub attributes: &'static [Attribute],
}

/// The two sides of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The traced process answers requests on this connection.
    Server,
    /// The traced process makes requests on this connection.
    Client,
}

/// Direction of bytes, seen from the conversation and not from the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From client to server.
    Request,
    /// From server to client.
    Response,
}

/// Metrics of one kind of exchange, seen from one role.
#[derive(Debug)]
pub struct Convention {
    /// Histogram of the span's duration.
    pub duration: &'static Metric,
    /// Histogram of the request's body size.
    pub request_size: Option<&'static Metric>,
    /// Histogram of the response's body size.
    pub response_size: Option<&'static Metric>,
    /// Attribute of a span for the request's body size.
    pub request_size_attribute: Option<Attribute>,
    /// Attribute of a span for the response's body size.
    pub response_size_attribute: Option<Attribute>,
}

/// The head of a request: opens an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// First part of the span's name, of low cardinality: `GET`, `HTTP` for an unknown method.
    pub operation: String,
    /// Path to turn into a low-cardinality route for the second part of the name, without query. `None` where the
    /// protocol has no paths or this request has none (`OPTIONS *`, `CONNECT`).
    pub path: Option<String>,
    /// Attribute that holds the route, once there is one.
    pub route: Option<Attribute>,
    /// Span attributes, already redacted.
    pub attributes: Attributes,
    /// Trace context the request carries.
    pub context: Option<crate::context::TraceContext>,
    /// Number of the stream that carries it, where a connection has several.
    pub stream: Option<u32>,
    /// Metrics this exchange feeds. Compared by address of the duration metric's name.
    pub convention: &'static Convention,
}

/// The head of a response, with what only its end tells where the protocol says it there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    /// Span attributes to add, already redacted. They replace those of the same name.
    pub attributes: Attributes,
    /// `error.type` when the response says that the operation failed for this role, for example `500`.
    pub error: Option<String>,
    /// Replaces the request's operation, where the response shows that it names nothing the server knows.
    pub operation: Option<String>,
}

impl PartialEq for Convention {
    fn eq(&self, other: &Self) -> bool {
        self.duration.name == other.duration.name
    }
}
