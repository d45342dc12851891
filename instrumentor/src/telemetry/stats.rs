//! What the pipeline counts. Every loss has a reason.

use std::collections::BTreeMap;

use underspan_protocols::decoder::LossReason;

/// Sums since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Exchanges understood, whether or not a sampler kept their spans.
    pub exchanges: u64,
    /// Exchanges lost in user space, by reason. Those the kernel lost are in its own counters.
    pub exchanges_lost: BTreeMap<&'static str, u64>,
    /// Records read.
    pub records: u64,
    /// The same by who makes them.
    pub records_of: RecordsOf,
    /// Records nobody could read.
    pub records_malformed: u64,
    /// Records that repeated bytes already seen.
    pub records_out_of_order: u64,
    /// Connections forgotten for want of room.
    pub connections_evicted: u64,
    /// Connections that speak no protocol of ours.
    pub connections_unknown: u64,
    /// Connections that carried TLS and whose bytes were never read, once they are over.
    pub connections_tls: u64,
    /// Spans of exchanges the sampler decided against. They are in the metrics.
    pub spans_sampled_out: u64,
    /// Moments inside programs that were forgotten before the spans they belong to were finished.
    pub moments_forgotten: u64,
    /// Passes of declared probes whose value was negative, where that cannot be.
    pub moments_negative: u64,
}

/// Records by the kind of probe that makes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordsOf {
    /// Bytes of connections, and what connections are.
    pub payload: u64,
    /// Connections that are opened or end.
    pub state: u64,
    /// Processes.
    pub process: u64,
    /// What programs tell of themselves.
    pub inside: u64,
    /// Which goroutines requests belong to.
    pub goroutines: u64,
    /// Queries to databases within processes, and their results.
    pub queries: u64,
}

impl Stats {
    /// Counts lost exchanges.
    pub fn lose(&mut self, reason: LossReason, exchanges: u64) {
        *self.exchanges_lost.entry(reason_name(reason)).or_default() += exchanges;
    }

    /// All exchanges lost in user space.
    pub fn lost(&self) -> u64 {
        self.exchanges_lost.values().sum()
    }
}

/// The reason in the words of metrics and status.
pub fn reason_name(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Malformed => "malformed",
        LossReason::NoRequest => "no_request",
        LossReason::NoResponse => "no_response",
        LossReason::NotCaptured => "not_captured",
        LossReason::TooMany => "too_many",
    }
}
