//! What programs tell of themselves, by the probes their authors put into them.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What programs tell of themselves through the probes (USDT) they were built with. Those of other programs cost nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Runtimes {
    /// Java virtual machines: garbage collections, memory, safepoints, classes, threads. Default `true`.
    pub jvm: bool,
    /// Python: garbage collections, imports. Default `true`.
    pub cpython: bool,
    /// Programs in Go: garbage collections and their pauses. Default `true`.
    pub go: bool,
    /// `PostgreSQL`: what a statement spends its time on, and what it waits for. Default `brief`.
    pub postgresql: Postgresql,
}

impl Default for Runtimes {
    fn default() -> Self {
        Self { jvm: true, cpython: true, go: true, postgresql: Postgresql::Brief }
    }
}

/// How much of `PostgreSQL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Postgresql {
    /// Nothing.
    Off,
    /// Execution, waits for locks of other transactions, aborted transactions, deadlocks, checkpoints: two probes for each statement.
    Brief,
    /// Parsing, rewriting, planning, sorts, short locks, buffers, write-ahead log and all transactions as well: some ten probes more for
    /// each statement.
    Full,
}
