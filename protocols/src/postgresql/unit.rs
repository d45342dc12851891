//! What the client asked and the server has not answered yet, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::sql::Statement;
use crate::sql::exchanges::{Key, Span};

/// Most messages waiting for their answers on one connection.
pub(super) const MAX_WAITING: usize = 4096;

/// One message that will be answered.
#[derive(Debug)]
pub(super) enum Waiting {
    /// `SSLRequest` or `GSSENCRequest`: one byte will answer.
    Encryption,
    /// A startup message: everything up to `ReadyForQuery` is its answer.
    Startup,
    /// A simple query.
    Query(Query),
    /// `Parse`.
    Parse { asked: Span, statement: Arc<Statement> },
    /// `Execute`.
    Execute {
        key: Key,
        /// The text is known.
        known: Option<Arc<Statement>>,
        /// Most rows it returns; 0 for all.
        limit: u32,
    },
    /// A function call.
    Call(Key),
    /// `Sync`, or the rest of what ends with `ReadyForQuery`.
    Sync,
    /// Perhaps a `Sync`, behind data of a `COPY` that was not captured.
    Perhaps,
    /// Messages that were not captured.
    Hidden,
    /// A request that was not seen.
    Orphan,
}

/// A simple query and its statements.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) asked: Span,
    /// The statement that is being executed, once it is reported.
    pub(super) open: Option<(Key, bool)>,
    /// Those behind it.
    pub(super) rest: VecDeque<Statement>,
    /// It failed, or everything in it is accounted for.
    pub(super) over: bool,
    /// There may be statements in it that nobody saw.
    pub(super) more: bool,
}

impl Waiting {
    /// Will `ReadyForQuery` end it?
    pub(super) fn closes(&self) -> bool {
        matches!(self, Self::Startup | Self::Query(_) | Self::Call(_) | Self::Sync | Self::Orphan)
    }

    /// Is it a statement under way?
    pub(super) fn is_statement(&self) -> bool {
        match self {
            Self::Query(query) => !query.over,
            Self::Execute { .. } | Self::Call(_) => true,
            _ => false,
        }
    }
}
