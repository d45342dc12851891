//! Everything the agent counted, from the kernel to the exporters.

use underspan_ebpf::Counters;

use super::Stats;
use crate::export::Totals as ExportTotals;

/// Sums since the start.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// The pipeline's.
    pub stats: Stats,
    /// The kernel programs'.
    pub kernel: Counters,
    /// Times a process was paused for its cost.
    pub pauses: u64,
    /// Each exporter's, by name.
    pub exporters: Vec<(&'static str, ExportTotals)>,
    /// Rate, errors and duration per route, as a table for people.
    pub summary: String,
}

impl Totals {
    /// Exchanges lost, by reason, in the kernel and after it.
    pub fn lost(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let kernel = [
            ("ring_full", self.kernel.lost_exchanges),
            ("no_storage", self.kernel.lost_no_storage),
            ("unbound", self.kernel.lost_unbound),
        ];
        let user = self.stats.exchanges_lost.iter().map(|(reason, lost)| (*reason, *lost));
        kernel.into_iter().filter(|(_, lost)| *lost > 0).chain(user)
    }

    /// Calls on sockets that nobody heard of, by reason. How many exchanges they were is not known.
    pub fn calls_lost(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let calls = [("expired", self.kernel.expired), ("over_budget", self.kernel.paused)];
        calls.into_iter().filter(|(_, calls)| *calls > 0)
    }

    /// All exchanges lost.
    pub fn all_lost(&self) -> u64 {
        self.lost().map(|(_, lost)| lost).sum()
    }
}
