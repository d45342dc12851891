//! Statements and results -> requests and responses in the terms of the conventions for databases.
//!
//! A span is named by the summary, else by the operation and the database, else by the database, else by the system. Operation and table are not
//! taken from the text, as the conventions ask; only where the text is unknown does the operation come from what
//! the server says it did. The conventions know no span of a database server: ours has the same attributes and a
//! duration of our own, `underspan.db.server.operation.duration`.

use super::Statement;
use crate::message::{Attributes, Convention, Request, Response, Role, Value};
use crate::semconv::{attribute, metric, underspan};

/// What the statements a database executes feed.
pub(crate) static SERVER: Convention = Convention {
    duration: &underspan::DB_SERVER_OPERATION_DURATION,
    request_size: None,
    response_size: None,
    request_size_attribute: None,
    response_size_attribute: None,
};

/// What the statements a process asks for feed.
pub(crate) static CLIENT: Convention = Convention {
    duration: &metric::DB_CLIENT_OPERATION_DURATION,
    request_size: None,
    response_size: None,
    request_size_attribute: None,
    response_size_attribute: None,
};

/// What all statements of a connection have in common.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) role: Role,
    /// `db.system.name`.
    pub(crate) system: &'static str,
    /// `db.namespace`, once known.
    pub(crate) namespace: Option<String>,
    /// Who is connected, for the server's spans.
    pub(crate) user: Option<String>,
    /// What the client calls itself, for the server's spans.
    pub(crate) application: Option<String>,
    /// Longest value, in bytes.
    pub(crate) limit: usize,
}

impl Session {
    pub(crate) fn new(role: Role, system: &'static str, limit: usize) -> Self {
        Self { role, system, namespace: None, user: None, application: None, limit }
    }

    /// Text of a client, bounded.
    pub(crate) fn text(&self, bytes: &[u8]) -> Option<String> {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        text.truncate(text.floor_char_boundary(self.limit));
        (!text.is_empty()).then_some(text)
    }

    /// The request to execute a statement; `None` when its text is unknown.
    pub(crate) fn request(&self, statement: Option<&Statement>) -> Request {
        let mut attributes: Attributes = Vec::with_capacity(8);
        attributes.push((attribute::DB_SYSTEM_NAME, Value::Static(self.system)));
        let mut push = |name, value: &str| {
            if !value.is_empty() {
                let end = value.floor_char_boundary(self.limit);
                attributes.push((name, Value::String(value[..end].to_owned())));
            }
        };
        push(attribute::DB_NAMESPACE, self.namespace.as_deref().unwrap_or_default());
        if let Some(statement) = statement {
            push(attribute::DB_QUERY_TEXT, &statement.text);
            push(attribute::DB_QUERY_SUMMARY, &statement.summary);
            push(attribute::DB_STORED_PROCEDURE_NAME, statement.procedure.as_deref().unwrap_or_default());
        }
        if self.role == Role::Server {
            push(underspan::DB_USER, self.user.as_deref().unwrap_or_default());
            push(underspan::DB_APPLICATION, self.application.as_deref().unwrap_or_default());
        }
        let summary = statement.map(|statement| statement.summary.as_str()).filter(|text| !text.is_empty());
        Request {
            operation: summary.unwrap_or_else(|| self.target()).to_owned(),
            path: None,
            route: None,
            attributes,
            context: statement.and_then(|statement| statement.context.clone()),
            stream: None,
            convention: if self.role == Role::Server { &SERVER } else { &CLIENT },
        }
    }

    /// What came of it.
    pub(crate) fn response(&self, outcome: Outcome) -> Response {
        let mut attributes: Attributes = Vec::new();
        let mut rows = |name, rows: Option<u64>| {
            if let Some(rows) = rows {
                attributes.push((name, Value::Int(i64::try_from(rows).unwrap_or(i64::MAX))));
            }
        };
        rows(attribute::DB_RESPONSE_RETURNED_ROWS, outcome.returned);
        rows(underspan::DB_AFFECTED_ROWS, outcome.affected);
        let operation = outcome.operation.as_ref().map(|operation| match &self.namespace {
            Some(namespace) => format!("{operation} {namespace}"),
            None => operation.clone(),
        });
        if let Some(operation) = outcome.operation {
            attributes.push((attribute::DB_OPERATION_NAME, Value::String(operation)));
        }
        if let Some(code) = &outcome.code {
            attributes.push((attribute::DB_RESPONSE_STATUS_CODE, Value::String(code.clone())));
        }
        let error = outcome.code.or_else(|| outcome.error.map(str::to_owned));
        Response { attributes, error, operation }
    }

    /// What a span is called of which neither summary nor operation is known.
    fn target(&self) -> &str {
        self.namespace.as_deref().unwrap_or(self.system)
    }
}

/// What came of a statement.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Rows the client was sent.
    pub(crate) returned: Option<u64>,
    /// Rows that were changed.
    pub(crate) affected: Option<u64>,
    /// Code of the error: becomes `db.response.status_code` and `error.type`.
    pub(crate) code: Option<String>,
    /// `error.type` of what failed without a code.
    pub(crate) error: Option<&'static str>,
    /// What the server says it did; only for a statement whose text is unknown.
    pub(crate) operation: Option<String>,
}
