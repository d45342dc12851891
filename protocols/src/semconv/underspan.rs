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

/// How much of a span's time its process stood still for a garbage collection, seconds.
pub const TIME_GC: Attribute = double("underspan.time.gc");

/// The same for other work that a runtime does while its threads stand still, seconds.
pub const TIME_SAFEPOINT: Attribute = double("underspan.time.safepoint");

/// How much of it its thread was importing modules, seconds.
pub const TIME_IMPORT: Attribute = double("underspan.time.import");

/// How much of it a database's process waited for locks of other transactions, seconds.
pub const TIME_LOCK: Attribute = double("underspan.time.lock");

/// How much of it a database's process waited for short locks on its shared memory, seconds.
pub const TIME_LWLOCK: Attribute = double("underspan.time.lwlock");

/// Time a database took to parse a statement, seconds.
pub const DB_TIME_PARSE: Attribute = double("underspan.db.time.parse");

/// Time it took to apply rules and views, seconds.
pub const DB_TIME_REWRITE: Attribute = double("underspan.db.time.rewrite");

/// Time it took to plan, seconds.
pub const DB_TIME_PLAN: Attribute = double("underspan.db.time.plan");

/// Time it took to execute, seconds.
pub const DB_TIME_EXECUTE: Attribute = double("underspan.db.time.execute");

/// Of the execution, from the beginning of sorts to their end, seconds.
pub const DB_TIME_SORT: Attribute = double("underspan.db.time.sort");

/// Pages a statement found in the database's buffers.
pub const DB_BUFFERS_HIT: Attribute = int("underspan.db.buffers.hit");

/// Pages it had to read from elsewhere.
pub const DB_BUFFERS_READ: Attribute = int("underspan.db.buffers.read");

/// Records it wrote to the write-ahead log.
pub const DB_WAL_RECORDS: Attribute = int("underspan.db.wal.records");

/// Sorts it made.
pub const DB_SORTS: Attribute = int("underspan.db.sorts");

/// Mode of a lock, in the words of the database (`ShareLock`).
pub const DB_LOCK_MODE: Attribute = string("underspan.db.lock.mode");

/// What a lock is on: `relation`, `tuple`, `transactionid`, … .
pub const DB_LOCK_TYPE: Attribute = string("underspan.db.lock.type");

/// Object id of the relation a lock is on, or a part of which.
pub const DB_LOCK_RELATION: Attribute = int("underspan.db.lock.relation");

/// The transaction whose end is waited for.
pub const DB_LOCK_TRANSACTION: Attribute = int("underspan.db.lock.transaction");

/// Name of the group a short lock belongs to (`WALWrite`).
pub const DB_LWLOCK_TRANCHE: Attribute = string("underspan.db.lwlock.tranche");

/// Part of a statement's way: `parse`, `rewrite`, `plan`, `execute`, `sort`.
pub const DB_PHASE: Attribute = string("underspan.db.phase");

/// Where a page was found: `hit` in the buffers, `read` elsewhere.
pub const DB_BUFFER_SOURCE: Attribute = string("underspan.db.buffer.source");

/// How a transaction ended: `commit`, `abort`.
pub const DB_TRANSACTION_OUTCOME: Attribute = string("underspan.db.transaction.outcome");

/// What a Java virtual machine did while its threads stood still (`G1CollectForAllocation`).
pub const JVM_OPERATION: Attribute = string("underspan.jvm.operation");

/// What became of threads: `started`, `ended`.
pub const JVM_THREAD_CHANGE: Attribute = string("underspan.jvm.thread.change");

/// Name of a module.
pub const CPYTHON_MODULE: Attribute = string("underspan.cpython.module");

/// Duration of what an event tells of, seconds.
pub const DURATION: Attribute = double("underspan.duration");

/// What an event tells of did not come to its end: it was cancelled, or failed.
pub const INTERRUPTED: Attribute = Attribute { name: "underspan.interrupted", kind: AttributeKind::Boolean };

/// All of the above.
pub static ATTRIBUTES: &[Attribute] = &[
    TIME_GC,
    TIME_SAFEPOINT,
    TIME_IMPORT,
    TIME_LOCK,
    TIME_LWLOCK,
    DB_TIME_PARSE,
    DB_TIME_REWRITE,
    DB_TIME_PLAN,
    DB_TIME_EXECUTE,
    DB_TIME_SORT,
    DB_BUFFERS_HIT,
    DB_BUFFERS_READ,
    DB_WAL_RECORDS,
    DB_SORTS,
    DB_LOCK_MODE,
    DB_LOCK_TYPE,
    DB_LOCK_RELATION,
    DB_LOCK_TRANSACTION,
    DB_LWLOCK_TRANCHE,
    DB_PHASE,
    DB_BUFFER_SOURCE,
    DB_TRANSACTION_OUTCOME,
    JVM_OPERATION,
    JVM_THREAD_CHANGE,
    CPYTHON_MODULE,
    DURATION,
    INTERRUPTED,
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

/// Connections of traced processes of which nothing is known but that bytes passed; how many exchanges they carried is not known. Reasons:
/// `tls` (encrypted, and the library that does it was not found in time or is none of ours), `unknown_protocol`.
pub static CONNECTIONS_UNREAD: Metric = counter(
    "underspan.connections.unread",
    "{connection}",
    "Connections of traced processes whose bytes could not be read.",
    &[REASON],
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

/// Moments inside programs that were not told.
pub static MOMENTS_LOST: Metric = counter(
    "underspan.moments.lost",
    "{moment}",
    "Moments inside programs that could not be told or kept.",
    &[REASON],
);

/// Work of a Java virtual machine while its threads stand still.
pub static JVM_SAFEPOINT_DURATION: Metric = duration(
    "underspan.jvm.safepoint.duration",
    "Duration of operations of the virtual machine for which all threads stand still.",
    &[0.001, 0.01, 0.1, 1.0, 10.0],
    &[JVM_OPERATION],
);

/// Threads of a Java virtual machine that came and went.
pub static JVM_THREADS: Metric = counter(
    "underspan.jvm.threads",
    "{thread}",
    "Threads that were started and that ended.",
    &[JVM_THREAD_CHANGE, attribute::JVM_THREAD_DAEMON],
);

/// Garbage collections of `CPython`; the conventions have their number only.
pub static CPYTHON_GC_DURATION: Metric = duration(
    "underspan.cpython.gc.duration",
    "Duration of garbage collections.",
    &[0.0001, 0.001, 0.01, 0.1, 1.0],
    &[attribute::CPYTHON_GC_GENERATION],
);

/// Imports of `CPython` that had to load something; those within others are part of these.
pub static CPYTHON_IMPORT_DURATION: Metric = duration(
    "underspan.cpython.import.duration",
    "Duration of imports that loaded modules.",
    &[0.001, 0.01, 0.1, 1.0, 10.0],
    &[],
);

/// Parts of the way of statements in a database.
pub static DB_PHASE_DURATION: Metric = duration(
    "underspan.db.phase.duration",
    "Duration of a phase of statements.",
    &[0.00001, 0.0001, 0.001, 0.01, 0.1, 1.0, 10.0],
    &[DB_PHASE],
);

/// Waits for locks of other transactions.
pub static DB_LOCK_DURATION: Metric = duration(
    "underspan.db.lock.duration",
    "Duration of waits for locks that other transactions hold.",
    &[0.001, 0.01, 0.1, 1.0, 10.0, 100.0],
    &[DB_LOCK_MODE, DB_LOCK_TYPE],
);

/// Waits for short locks on shared memory.
pub static DB_LWLOCK_DURATION: Metric = duration(
    "underspan.db.lwlock.duration",
    "Duration of waits for short locks on shared memory.",
    &[0.00001, 0.0001, 0.001, 0.01, 0.1, 1.0],
    &[DB_LWLOCK_TRANCHE],
);

/// Checkpoints.
pub static DB_CHECKPOINT_DURATION: Metric = duration(
    "underspan.db.checkpoint.duration",
    "Duration of checkpoints.",
    &[0.1, 1.0, 10.0, 100.0, 1000.0],
    &[],
);

/// Pages of the database that were looked for.
pub static DB_BUFFERS: Metric =
    counter("underspan.db.buffers", "{page}", "Pages that were looked for.", &[DB_BUFFER_SOURCE]);

/// Records of the write-ahead log.
pub static DB_WAL: Metric =
    counter("underspan.db.wal", "{record}", "Records written to the write-ahead log.", &[]);

/// Transactions.
pub static DB_TRANSACTIONS: Metric = counter(
    "underspan.db.transactions",
    "{transaction}",
    "Transactions that ended.",
    &[DB_TRANSACTION_OUTCOME],
);

/// Deadlocks.
pub static DB_DEADLOCKS: Metric =
    counter("underspan.db.deadlocks", "{deadlock}", "Deadlocks that were found.", &[]);

/// All of the above.
pub static METRICS: &[&Metric] = &[
    &MOMENTS_LOST,
    &JVM_SAFEPOINT_DURATION,
    &JVM_THREADS,
    &CPYTHON_GC_DURATION,
    &CPYTHON_IMPORT_DURATION,
    &DB_PHASE_DURATION,
    &DB_LOCK_DURATION,
    &DB_LWLOCK_DURATION,
    &DB_CHECKPOINT_DURATION,
    &DB_BUFFERS,
    &DB_WAL,
    &DB_TRANSACTIONS,
    &DB_DEADLOCKS,
    &EXCHANGES,
    &EXCHANGES_LOST,
    &RECORDS,
    &RECORDS_LOST,
    &CAPTURE_SIZE,
    &CAPTURE_FAULTS,
    &RING_SIZE,
    &CONNECTIONS_UNREAD,
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

const fn double(name: &'static str) -> Attribute {
    Attribute { name, kind: AttributeKind::Double }
}

const fn duration(
    name: &'static str,
    description: &'static str,
    boundaries: &'static [f64],
    attributes: &'static [Attribute],
) -> Metric {
    Metric { name, unit: "s", description, boundaries, attributes }
}

const fn counter(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    attributes: &'static [Attribute],
) -> Metric {
    Metric { name, unit, description, boundaries: &[], attributes }
}
