//! Our own names: everything under `underspan.` that may be emitted.

use super::attribute;
use crate::message::{Attribute, AttributeKind, Metric};

/// Why something was lost: `malformed`, `no_request`, … ([`LossReason`](crate::decoder::LossReason) for exchanges).
pub const REASON: Attribute = string("underspan.reason");

/// How the parent of a span was found: `context`, `thread`, … .
pub const PARENT_SOURCE: Attribute = string("underspan.parent.source");

/// Name of the protocol that was spoken, as [`Protocol::name`](crate::decoder::Protocol::name) gives it.
pub const PROTOCOL: Attribute = string("underspan.protocol");

/// Rows a database statement inserted, updated, deleted or copied.
pub const DB_AFFECTED_ROWS: Attribute = int("underspan.db.affected_rows");

/// What a client of a database calls itself (`application_name`, `program_name`); on the server's spans.
pub const DB_APPLICATION: Attribute = string("underspan.db.application");

/// Who is connected to a database; on the server's spans.
pub const DB_USER: Attribute = string("underspan.db.user");

/// Parts of a request that were there, or may have been, and could not be known: `method`, `path`, `scheme`,
/// `authority`, `headers`. On connections joined in the middle, and where bytes were not captured.
pub const REQUEST_UNKNOWN: Attribute = strings("underspan.request.unknown");

/// The same of a response: `status`.
pub const RESPONSE_UNKNOWN: Attribute = strings("underspan.response.unknown");

/// Messages the client sent in one remote procedure call; absent where they could not be counted.
pub const RPC_REQUEST_MESSAGES: Attribute = int("underspan.rpc.request.messages");

/// Messages the server sent in one remote procedure call; absent where they could not be counted.
pub const RPC_RESPONSE_MESSAGES: Attribute = int("underspan.rpc.response.messages");

/// All of the above.
pub static ATTRIBUTES: &[Attribute] = &[
    REASON,
    PARENT_SOURCE,
    PROTOCOL,
    DB_AFFECTED_ROWS,
    DB_APPLICATION,
    DB_USER,
    REQUEST_UNKNOWN,
    RESPONSE_UNKNOWN,
    RPC_REQUEST_MESSAGES,
    RPC_RESPONSE_MESSAGES,
];

/// Exchanges that became spans or metric points.
pub static EXCHANGES: Metric =
    counter("underspan.exchanges", "{exchange}", "Exchanges understood.", &[PROTOCOL]);

/// Exchanges that passed and were not understood.
pub static EXCHANGES_LOST: Metric = counter(
    "underspan.exchanges.lost",
    "{exchange}",
    "Exchanges that passed but could not be reported.",
    &[PROTOCOL, REASON],
);

/// Records read from the kernel.
pub static RECORDS: Metric = counter("underspan.records", "{record}", "Records read from the kernel.", &[]);

/// Records the kernel could not hand over.
pub static RECORDS_LOST: Metric =
    counter("underspan.records.lost", "{record}", "Records the kernel could not hand over.", &[REASON]);

/// Bytes that crossed from the kernel.
pub static CAPTURE_SIZE: Metric =
    counter("underspan.capture.size", "By", "Bytes of traffic copied from the kernel.", &[]);

/// Captures whose bytes could not be read from the process.
pub static CAPTURE_FAULTS: Metric = counter(
    "underspan.capture.faults",
    "{fault}",
    "Captures whose bytes could not be read from the process.",
    &[],
);

/// Bytes of the ring buffer that records took.
pub static RING_SIZE: Metric = counter(
    "underspan.ring.size",
    "By",
    "Bytes of the ring buffer that records took, headers and padding included.",
    &[],
);

/// Calls on sockets of traced processes that nobody heard of; how many exchanges they were is not known. Reasons: `expired` (the agent
/// stood still), `over_budget` (the process was paused).
pub static CALLS_LOST: Metric = counter(
    "underspan.calls.lost",
    "{call}",
    "Calls on sockets of traced processes that passed unseen.",
    &[REASON],
);

/// Processes that cost more than their budget.
pub static BUDGET_PAUSES: Metric = counter(
    "underspan.budget.pauses",
    "{pause}",
    "Times a process was no longer traced since it cost more than its budget.",
    &[],
);

/// Spans that were not exported.
pub static SPANS_DROPPED: Metric =
    counter("underspan.spans.dropped", "{span}", "Spans that were not exported.", &[REASON]);

/// Duration of the statements a database executed, as its server sees them: the conventions have only the client's. Its
/// boundaries are those of `db.client.operation.duration`.
pub static DB_SERVER_OPERATION_DURATION: Metric = Metric {
    name: "underspan.db.server.operation.duration",
    unit: "s",
    description: "Duration of statements executed by a database.",
    boundaries: &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0],
    attributes: &[
        attribute::DB_NAMESPACE,
        attribute::DB_OPERATION_NAME,
        attribute::DB_QUERY_SUMMARY,
        attribute::DB_RESPONSE_STATUS_CODE,
        attribute::DB_STORED_PROCEDURE_NAME,
        attribute::DB_SYSTEM_NAME,
        attribute::ERROR_TYPE,
    ],
};

/// All of the above.
pub static METRICS: &[&Metric] = &[
    &EXCHANGES,
    &EXCHANGES_LOST,
    &RECORDS,
    &RECORDS_LOST,
    &CAPTURE_SIZE,
    &CAPTURE_FAULTS,
    &RING_SIZE,
    &CALLS_LOST,
    &BUDGET_PAUSES,
    &SPANS_DROPPED,
    &DB_SERVER_OPERATION_DURATION,
];

const fn string(name: &'static str) -> Attribute {
    Attribute { name, kind: AttributeKind::String }
}

const fn strings(name: &'static str) -> Attribute {
    Attribute { name, kind: AttributeKind::StringArray }
}

const fn int(name: &'static str) -> Attribute {
    Attribute { name, kind: AttributeKind::Int }
}

const fn counter(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    attributes: &'static [Attribute],
) -> Metric {
    Metric { name, unit, description, boundaries: &[], attributes }
}
