//! What became of everything a destination was given.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Why items were not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Newer batches took the room in the queue.
    QueueFull,
    /// The receiver does not want them; another try would not help.
    Rejected,
    /// The receiver gave no answer in time, for as long as retries last.
    Timeout,
    /// The receiver could not be reached or was overloaded, for as long as retries last.
    Unavailable,
    /// The batch is larger than the queue, than a request may be, or than the receiver takes.
    TooLarge,
    /// The agent ended before they were delivered.
    Shutdown,
}

impl DropReason {
    /// All of them, in the order of [`Totals::dropped`].
    pub const ALL: [Self; 6] =
        [Self::QueueFull, Self::Rejected, Self::Timeout, Self::Unavailable, Self::TooLarge, Self::Shutdown];

    /// As an attribute's value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too_large",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Counters of one destination, in spans and data points unless said otherwise.
#[derive(Debug, Default)]
pub struct Counters {
    pushed: AtomicU64,
    exported: AtomicU64,
    dropped: [AtomicU64; DropReason::ALL.len()],
    retries: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Handed over.
    pub pushed: u64,
    /// Taken by the receiver.
    pub exported: u64,
    /// Lost, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Times a batch was sent again.
    pub retries: u64,
}

impl Totals {
    /// Lost for this reason.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Lost for any reason.
    pub fn lost(&self) -> u64 {
        self.dropped.iter().sum()
    }
}

impl Counters {
    /// The counters now. What waits is in none of `exported` and `dropped`.
    pub fn totals(&self) -> Totals {
        // Outcomes are read before what they are outcomes of, so that `pushed` is never the smaller side.
        let dropped = std::array::from_fn(|i| self.dropped[i].load(Relaxed));
        let exported = self.exported.load(Relaxed);
        Totals { pushed: self.pushed.load(Relaxed), exported, dropped, retries: self.retries.load(Relaxed) }
    }

    pub(super) fn push(&self, items: u64) {
        self.pushed.fetch_add(items, Relaxed);
    }

    pub(super) fn export(&self, items: u64) {
        self.exported.fetch_add(items, Relaxed);
    }

    pub(super) fn drop(&self, reason: DropReason, items: u64) {
        self.dropped[reason as usize].fetch_add(items, Relaxed);
    }

    pub(super) fn retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }
}
