//! What other threads may ask of the reader, and how it is doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::Sender;

use tokio::sync::oneshot;

use crate::capture::monotonic;
use crate::signals::metrics::Counter;
use crate::telemetry::status::Status;

/// Who keeps the agent detached. It attaches again when nobody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Somebody, by a signal or the admin endpoint.
    Operator,
    /// The file `admin.kill_switch`, which exists.
    File,
    /// The kernel, which refused. Tried again with the next order to attach.
    Kernel,
}

/// What the reader is told.
pub(super) enum Order {
    /// End.
    Stop,
    /// Leave the kernel and stay out of it, for this reason.
    Hold(Holder, String, Option<oneshot::Sender<Standing>>),
    /// Attach again, unless others object.
    Release(Holder, Option<oneshot::Sender<Standing>>),
    /// Say how things are.
    Look(oneshot::Sender<Snapshot>),
}

/// Whether the programs are in the kernel, and why not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// They are.
    pub attached: bool,
    /// Why not: one line for each who keeps them out.
    pub reasons: Vec<String>,
}

/// How things are at a moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// For people.
    pub status: Status,
    /// For Prometheus.
    pub counters: Vec<Counter>,
}

/// Gives orders to the reader; any thread may hold one.
#[derive(Clone)]
pub struct Control {
    pub(super) orders: Sender<Order>,
    pub(super) pulse: Arc<Pulse>,
}

impl Control {
    /// One whose orders nobody takes as long as the second part lives.
    #[cfg(test)]
    pub(crate) fn stuck() -> (Self, impl Sized) {
        let (orders, queue) = std::sync::mpsc::channel();
        (Self { orders, pulse: Arc::default() }, queue)
    }

    /// Detaches from the kernel within a second and stays so until [`Self::attach`] with the same holder. The answer comes when it is done;
    /// it fails when the agent has ended.
    pub fn detach(&self, by: Holder, reason: impl Into<String>) -> oneshot::Receiver<Standing> {
        let (done, answer) = oneshot::channel();
        self.give(Order::Hold(by, reason.into(), Some(done)));
        answer
    }

    /// Attaches again, unless another holder objects. The answer as with [`Self::detach`].
    pub fn attach(&self, by: Holder) -> oneshot::Receiver<Standing> {
        let (done, answer) = oneshot::channel();
        self.give(Order::Release(by, Some(done)));
        answer
    }

    /// Asks how things are.
    pub fn look(&self) -> oneshot::Receiver<Snapshot> {
        let (reply, answer) = oneshot::channel();
        self.give(Order::Look(reply));
        answer
    }

    /// The reader's signs of life.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// An order nobody can take any more is dropped, and whoever waits for its answer learns that.
    fn give(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

/// Signs of life that need no answer from the reader.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Of `CLOCK_MONOTONIC`, nanoseconds; 0 before the first.
    last: AtomicU64,
    attached: AtomicBool,
}

impl Pulse {
    pub(crate) fn beat(&self) {
        self.last.store(monotonic(), Relaxed);
    }

    pub(crate) fn set_attached(&self, attached: bool) {
        self.attached.store(attached, Relaxed);
    }

    /// Nanoseconds since the last sign of life.
    pub fn silent(&self) -> u64 {
        monotonic().saturating_sub(self.last.load(Relaxed))
    }

    /// Whether the programs are in the kernel.
    pub fn is_attached(&self) -> bool {
        self.attached.load(Relaxed)
    }
}
