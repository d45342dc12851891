//! What is lost, told without flooding the log: the first loss at once, then a sum a minute.
use std::time::Duration;

use tokio::time::Instant;

use super::counters::DropReason;

/// Between two lines.
const PAUSE: Duration = Duration::from_mins(1);

/// Losses of one destination that the log has not told yet.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    told: Option<Instant>,
    batches: u64,
    items: u64,
}

impl Complaints {
    /// A batch was lost.
    pub(super) fn lost(&mut self, to: &str, items: u64, reason: DropReason, error: &str, now: Instant) {
        if let Some((batches, items)) = self.add(items, now) {
            let reason = reason.name();
            tracing::warn!(to, batches, items, reason, "not delivered: {error}");
        }
    }

    /// Deliveries succeed again: what was not told yet is, once.
    pub(super) fn over(&mut self, to: &str) {
        tracing::info!(
            to,
            batches = self.batches,
            items = self.items,
            "delivers again, lost since the last line"
        );
        *self = Self { told: self.told, ..Self::default() };
    }

    /// Batches and items to tell of now.
    fn add(&mut self, items: u64, now: Instant) -> Option<(u64, u64)> {
        self.batches += 1;
        self.items += items;
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < PAUSE) {
            return None;
        }
        let sums = (self.batches, self.items);
        *self = Self { told: Some(now), ..Self::default() };
        Some(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_at_once_then_a_sum_a_minute() {
        let mut complaints = Complaints::default();
        let start = Instant::now();
        let told: Vec<_> =
            (0..=120).filter_map(|second| complaints.add(10, start + Duration::from_secs(second))).collect();
        assert_eq!(told, [(1, 10), (60, 600), (60, 600)]);
    }
}
