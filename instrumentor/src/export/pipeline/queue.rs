//! Where batches wait for one destination.
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::export::Batch;

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Spans and data points.
    pub items: u64,
    /// Encoded bytes, before compression.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { items: 32_768, bytes: 8 << 20 }
    }
}

/// What a push pushed out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The batch waits; this many items made room for it, the oldest first.
    Waiting { evicted: u64 },
    /// It would not fit into the empty queue.
    TooLarge,
    /// Nobody takes batches any more.
    Closed,
}

/// A queue filled by any thread without waiting, emptied by the workers.
#[derive(Debug)]
pub(super) struct Queue {
    limits: Limits,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    items: u64,
    bytes: usize,
    closed: bool,
}

impl State {
    fn pop(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.items -= batch.items;
        self.bytes -= batch.body.len();
        Some(batch)
    }
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default(), changed: Notify::new() }
    }

    /// Adds a batch. In an outage the newest data is worth most, so the oldest makes room.
    pub(super) fn push(&self, batch: Batch) -> Pushed {
        let bytes = batch.body.len();
        if batch.items > self.limits.items || bytes > self.limits.bytes {
            return Pushed::TooLarge;
        }
        let mut state = self.lock();
        if state.closed {
            return Pushed::Closed;
        }
        let mut evicted = 0;
        while state.items + batch.items > self.limits.items || state.bytes + bytes > self.limits.bytes {
            evicted += state.pop().map_or(0, |oldest| oldest.items);
        }
        state.items += batch.items;
        state.bytes += bytes;
        state.batches.push_back(batch);
        drop(state);
        self.changed.notify_one();
        Pushed::Waiting { evicted }
    }

    /// The oldest batch, once there is one; `None` when the queue is closed and empty.
    pub(super) async fn pop(&self) -> Option<Batch> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                if let Some(batch) = state.pop() {
                    if !state.batches.is_empty() {
                        self.changed.notify_one(); // several pushes may have left a single permit
                    }
                    return Some(batch);
                }
                if state.closed {
                    self.changed.notify_one(); // the next worker learns it too
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Refuses further batches; those that wait can still be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Takes everything; the number of items.
    pub(super) fn clear(&self) -> u64 {
        let mut state = self.lock();
        let items = state.items;
        *state = State { closed: state.closed, ..State::default() };
        items
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Signal;

    fn batch(items: u64, bytes: usize) -> Batch {
        Batch { signal: Signal::Traces, body: vec![0; bytes].into(), items }
    }

    #[test]
    fn the_oldest_makes_room() {
        let queue = Queue::new(Limits { items: 10, bytes: 1000 });
        assert_eq!(queue.push(batch(6, 1)), Pushed::Waiting { evicted: 0 });
        assert_eq!(queue.push(batch(4, 1)), Pushed::Waiting { evicted: 0 });
        assert_eq!(queue.push(batch(1, 1)), Pushed::Waiting { evicted: 6 });
        assert_eq!(queue.push(batch(2, 999)), Pushed::Waiting { evicted: 4 }, "bytes count as well");
        assert_eq!(queue.push(batch(11, 1)), Pushed::TooLarge);
        assert_eq!(queue.push(batch(1, 1001)), Pushed::TooLarge);
        queue.close();
        assert_eq!(queue.push(batch(1, 1)), Pushed::Closed);
        assert_eq!(queue.clear(), 3);
    }
}
