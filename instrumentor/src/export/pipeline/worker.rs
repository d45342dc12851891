//! One batch at a time, until it is delivered, refused, or too old.
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::{
    Lane,
    complaints::Complaints,
    counters::{Counters, DropReason},
    retry::{self, Backoff},
};
use crate::export::{Batch, Exporter, Outcome};

/// Largest request, not compressed, that the OTLP specification lets a client send.
const MAX_REQUEST: usize = 64 << 20;

/// What the workers of one destination share.
pub(super) struct Desk {
    lane: Arc<Lane>,
    exporter: Box<dyn Exporter>,
    retry: retry::Settings,
    /// The receiver asked to be left alone until then.
    not_before: Mutex<Instant>,
    /// The last batch was delivered; for logging an outage once.
    healthy: AtomicBool,
    complaints: Mutex<Complaints>,
}

/// Items somebody must answer for: counted as lost to the shutdown unless settled.
struct Owed<'a> {
    counters: &'a Counters,
    items: u64,
}

impl Owed<'_> {
    fn exported(mut self, rejected: u64) {
        let rejected = rejected.min(self.items);
        self.counters.export(self.items - rejected);
        self.counters.drop(DropReason::Rejected, rejected);
        self.items = 0;
    }

    fn lost(mut self, reason: DropReason) {
        self.counters.drop(reason, self.items);
        self.items = 0;
    }
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        self.counters.drop(DropReason::Shutdown, self.items);
    }
}

/// Serves the queue until it is closed and empty.
pub(super) async fn run(desk: Arc<Desk>) {
    while let Some(batch) = desk.lane.queue.pop().await {
        desk.deliver(batch).await;
    }
}

impl Desk {
    pub(super) fn new(lane: Arc<Lane>, exporter: Box<dyn Exporter>, retry: retry::Settings) -> Self {
        let not_before = Mutex::new(Instant::now());
        Self {
            lane,
            exporter,
            retry,
            not_before,
            healthy: AtomicBool::new(true),
            complaints: Mutex::default(),
        }
    }

    async fn deliver(&self, batch: Batch) {
        let owed = Owed { counters: &self.lane.counters, items: batch.items };
        if batch.body.len() > MAX_REQUEST {
            return owed.lost(DropReason::TooLarge);
        }
        let batch = self.exporter.encode(batch);
        let mut backoff = Backoff::new(self.retry);
        self.left_alone().await;
        let started = Instant::now();
        loop {
            match self.exporter.export(&batch).await {
                Outcome::Accepted { rejected, message } => {
                    self.delivered(rejected, &message);
                    return owed.exported(rejected);
                }
                Outcome::Refused { reason, error } => {
                    self.complain(&batch, reason, &format!("refused: {error}"));
                    return owed.lost(reason);
                }
                Outcome::Failed { reason, after, error } => {
                    let wait = backoff.next(after);
                    if after.is_some() {
                        self.leave_alone(wait);
                    }
                    self.failed(&error);
                    if started.elapsed() + wait >= self.retry.max_elapsed_time {
                        self.complain(&batch, reason, &format!("given up: {error}"));
                        return owed.lost(reason);
                    }
                    tokio::time::sleep(wait).await;
                    self.left_alone().await;
                    self.lane.counters.retry();
                }
            }
        }
    }

    /// Waits as long as the receiver asked any of the workers to.
    async fn left_alone(&self) {
        let until = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        sleep_until(until).await;
    }

    fn leave_alone(&self, wait: Duration) {
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        *not_before = (*not_before).max(Instant::now() + wait);
    }

    fn delivered(&self, rejected: u64, message: &str) {
        if rejected > 0 || !message.is_empty() {
            tracing::warn!(to = self.lane.name, rejected, "the receiver says: {message}");
        }
        if !self.healthy.swap(true, Relaxed) {
            self.complaints().over(self.lane.name);
        }
    }

    fn complain(&self, batch: &Batch, reason: DropReason, error: &str) {
        self.complaints().lost(self.lane.name, batch.items, reason, error, Instant::now());
    }

    fn complaints(&self) -> MutexGuard<'_, Complaints> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &str) {
        if self.healthy.swap(false, Relaxed) {
            tracing::warn!(to = self.lane.name, "cannot deliver, will try again: {error}");
        } else {
            tracing::debug!(to = self.lane.name, "cannot deliver: {error}");
        }
    }
}
