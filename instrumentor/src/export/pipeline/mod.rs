//! batches -> their destinations, from a thread of its own
//!
//! Drops the oldest batches of a full queue, batches the receiver refuses, batches it does not take for as
//! long as retries last, and what is left when the agent ends; all counted in [`counters`].
use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use self::{
    counters::{Counters, DropReason, Totals},
    queue::{Pushed, Queue},
};
use super::{Batch, Destination, Error, Signal};

mod complaints;
pub mod counters;
pub mod queue;
pub mod retry;
mod worker;

/// The running exporters.
#[derive(Debug)]
pub struct Pipeline {
    sender: Sender,
    /// Ends the destinations of spans alone; taken when done.
    spans: Option<Phase>,
    rest: Phase,
    thread: JoinHandle<()>,
}

/// Some of the destinations, which end together.
#[derive(Debug)]
struct Phase {
    end: oneshot::Sender<Duration>,
    ended: mpsc::Receiver<()>,
}

impl Phase {
    /// One, and what its workers need to know of it.
    fn new() -> (Self, Ending) {
        let (end, patience) = oneshot::channel();
        let (done, ended) = mpsc::channel();
        (Self { end, ended }, Ending { patience, done })
    }

    /// Ends it, and waits until that is done.
    fn end(self, lanes: &[&Arc<Lane>], patience: Duration) {
        for lane in lanes {
            lane.queue.close();
        }
        // Both fail only when the thread has ended, and then there is nothing to wait for.
        let _ = self.end.send(patience);
        let _ = self.ended.recv();
        for lane in lanes {
            lane.counters.drop(DropReason::Shutdown, lane.queue.clear());
        }
    }
}

/// The workers' side of a [`Phase`].
struct Ending {
    patience: oneshot::Receiver<Duration>,
    done: mpsc::Sender<()>,
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
        let ((spans, spans_end), (rest, rest_end)) = (Phase::new(), Phase::new());
        let (started, start) = mpsc::channel();
        let lanes = Arc::clone(&sender.lanes);
        let serve = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let _ = started.send(Ok(()));
                runtime.block_on(serve(&lanes, destinations, spans_end, rest_end));
                // A write to standard output that never returns must not keep the agent.
                runtime.shutdown_background();
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        };
        let thread = thread::Builder::new().name("export".into()).spawn(serve)?;
        start.recv().unwrap_or(Ok(()))?;
        Ok(Self { sender, spans: Some(spans), rest, thread })
    }

    /// For the producers.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Sends the spans that wait, for at most `patience`, and counts the rest. Spans that come later are counted too. Metrics still go, and
    /// can tell what became of the spans. Destinations of both are left alone.
    pub fn settle_spans(&mut self, patience: Duration) {
        if let Some(phase) = self.spans.take() {
            let lanes: Vec<_> = self.sender.lanes.iter().filter(|lane| lane.is_of_spans()).collect();
            phase.end(&lanes, patience);
        }
    }

    /// Sends what waits, for at most `patience`, counts the rest, and returns the final totals.
    pub fn shutdown(mut self, patience: Duration) -> Vec<(&'static str, Totals)> {
        let end = Instant::now() + patience;
        // Those of other signals go on meanwhile.
        self.settle_spans(patience);
        let Self { sender, rest, thread, .. } = self;
        let lanes: Vec<_> = sender.lanes.iter().filter(|lane| !lane.is_of_spans()).collect();
        rest.end(&lanes, end.saturating_duration_since(Instant::now()));
        // An error means that it panicked, which it has said.
        let _ = thread.join();
        sender.totals()
    }
}

impl Lane {
    fn is_of_spans(&self) -> bool {
        self.signal == Some(Signal::Traces)
    }
}

/// Runs the workers until their queues are closed and empty, or for the time that their end leaves them.
async fn serve(lanes: &[Arc<Lane>], destinations: Vec<Destination>, spans: Ending, rest: Ending) {
    let mut workers = [tokio::task::JoinSet::new(), tokio::task::JoinSet::new()];
    for (lane, destination) in lanes.iter().zip(destinations) {
        let desk = Arc::new(worker::Desk::new(Arc::clone(lane), destination.exporter, destination.retry));
        for _ in 0..destination.concurrency.max(1) {
            workers[usize::from(!lane.is_of_spans())].spawn(worker::run(Arc::clone(&desk)));
        }
    }
    let [span_workers, other_workers] = workers;
    tokio::join!(run(span_workers, spans), run(other_workers, rest));
}

async fn run(mut workers: tokio::task::JoinSet<()>, Ending { patience, done }: Ending) {
    // A pipeline that is dropped without a shutdown leaves no time.
    let deadline = async { tokio::time::sleep(patience.await.unwrap_or_default()).await };
    tokio::select! {
        () = deadline => {}
        () = async { while workers.join_next().await.is_some() {} } => {}
    }
    // What they still hold is counted as it is dropped.
    workers.shutdown().await;
    let _ = done.send(());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{Exporter, Limits, Outcome, Sending};

    struct Never;
    struct Taker;

    impl Exporter for Never {
        fn export(&self, _: &Batch) -> Sending<'_> {
            Box::pin(std::future::pending())
        }
    }

    impl Exporter for Taker {
        fn export(&self, _: &Batch) -> Sending<'_> {
            Box::pin(async { Outcome::OK })
        }
    }

    fn destination(name: &'static str, signal: Signal, exporter: Box<dyn Exporter>) -> Destination {
        let (limits, retry) = (Limits::default(), retry::Settings::default());
        Destination { name, signal: Some(signal), exporter, limits, retry, concurrency: 1 }
    }

    #[test]
    fn the_fate_of_spans_is_known_before_the_last_metrics_go() {
        let batch = |signal| Batch { signal, body: vec![0; 8].into(), items: 5 };
        let mut pipeline = Pipeline::start(vec![
            destination("spans", Signal::Traces, Box::new(Never)),
            destination("points", Signal::Metrics, Box::new(Taker)),
        ])
        .expect("a thread");
        let sender = pipeline.sender();
        // One on its way, one waiting.
        sender.send(&batch(Signal::Traces));
        sender.send(&batch(Signal::Traces));
        pipeline.settle_spans(Duration::from_millis(50));
        sender.send(&batch(Signal::Traces));
        let totals = |totals: &[(&str, Totals)]| -> Vec<_> {
            totals.iter().map(|(_, totals)| (totals.exported, totals.dropped(DropReason::Shutdown))).collect()
        };
        assert_eq!(totals(&sender.totals()), [(0, 15), (0, 0)]);
        sender.send(&batch(Signal::Metrics));
        assert_eq!(totals(&pipeline.shutdown(Duration::from_mins(1))), [(0, 15), (5, 0)]);
    }
}
