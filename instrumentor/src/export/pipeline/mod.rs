//! batches -> their destinations, from a thread of its own
//!
//! Drops the oldest batches of a full queue, batches the receiver refuses, batches it does not take for as
//! long as retries last, and what is left when the agent ends; all counted in [`counters`].
use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

use self::{
    counters::{Counters, DropReason, Totals},
    queue::{Pushed, Queue},
};
use super::{Batch, Destination, Error, Signal};

pub mod counters;
pub mod queue;
pub mod retry;
mod worker;

/// The running exporters.
#[derive(Debug)]
pub struct Pipeline {
    sender: Sender,
    end: oneshot::Sender<Duration>,
    thread: JoinHandle<()>,
}

/// Takes batches for all destinations; any thread may hold one.
#[derive(Debug, Clone)]
pub struct Sender {
    lanes: Arc<[Arc<Lane>]>,
}

/// What a destination and its producers share.
#[derive(Debug)]
struct Lane {
    name: &'static str,
    signal: Option<Signal>,
    queue: Queue,
    counters: Counters,
}

impl Sender {
    /// Hands a batch to every destination of its signal. Never waits: what finds no room is counted.
    pub fn send(&self, batch: &Batch) {
        for lane in self.lanes.iter().filter(|lane| lane.signal.is_none_or(|signal| signal == batch.signal)) {
            lane.counters.push(batch.items);
            match lane.queue.push(batch.clone()) {
                Pushed::Waiting { evicted } => lane.counters.drop(DropReason::QueueFull, evicted),
                Pushed::TooLarge => lane.counters.drop(DropReason::TooLarge, batch.items),
                Pushed::Closed => lane.counters.drop(DropReason::Shutdown, batch.items),
            }
        }
    }

    /// Name and totals of every destination.
    pub fn totals(&self) -> Vec<(&'static str, Totals)> {
        self.lanes.iter().map(|lane| (lane.name, lane.counters.totals())).collect()
    }
}

impl Pipeline {
    /// Starts the thread that serves these destinations.
    pub fn start(destinations: Vec<Destination>) -> Result<Self, Error> {
        let lane = |destination: &Destination| {
            Arc::new(Lane {
                name: destination.name,
                signal: destination.signal,
                queue: Queue::new(destination.limits),
                counters: Counters::default(),
            })
        };
        let sender = Sender { lanes: destinations.iter().map(lane).collect() };
        let (end, ended) = oneshot::channel();
        let (started, start) = mpsc::channel();
        let lanes = Arc::clone(&sender.lanes);
        let serve = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let _ = started.send(Ok(()));
                runtime.block_on(serve(&lanes, destinations, ended));
                // A write to standard output that never returns must not keep the agent.
                runtime.shutdown_background();
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        };
        let thread = thread::Builder::new().name("export".into()).spawn(serve)?;
        start.recv().unwrap_or(Ok(()))?;
        Ok(Self { sender, end, thread })
    }

    /// For the producers.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Sends what waits, for at most `patience`, counts the rest, and returns the final totals.
    pub fn shutdown(self, patience: Duration) -> Vec<(&'static str, Totals)> {
        for lane in self.sender.lanes.iter() {
            lane.queue.close();
        }
        // Both fail only when the thread has ended, and then there is nothing to wait for.
        let _ = self.end.send(patience);
        let _ = self.thread.join();
        for lane in self.sender.lanes.iter() {
            lane.counters.drop(DropReason::Shutdown, lane.queue.clear());
        }
        self.sender.totals()
    }
}

/// Runs the workers until the queues are closed and empty, or for the time that the end leaves them.
async fn serve(lanes: &[Arc<Lane>], destinations: Vec<Destination>, ended: oneshot::Receiver<Duration>) {
    let mut workers = tokio::task::JoinSet::new();
    for (lane, destination) in lanes.iter().zip(destinations) {
        let desk = Arc::new(worker::Desk::new(Arc::clone(lane), destination.exporter, destination.retry));
        for _ in 0..destination.concurrency.max(1) {
            workers.spawn(worker::run(Arc::clone(&desk)));
        }
    }
    // A pipeline that is dropped without a shutdown leaves no time.
    let deadline = async { tokio::time::sleep(ended.await.unwrap_or_default()).await };
    tokio::select! {
        () = deadline => {}
        () = async { while workers.join_next().await.is_some() {} } => {}
    }
    // What they still hold is counted as it is dropped.
    workers.shutdown().await;
}
