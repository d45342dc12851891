//! Exchanges -> batches on their way to the exporters.

use std::sync::Arc;
use std::time::{Duration, Instant};

use underspan_config::Config;

use crate::capture::Clock;
use crate::correlate::exchange::Finished;
use crate::discover::Resource;
use crate::export::Sender;
use crate::signals::batch::{Settings as BatchSettings, SpanBatcher};
use crate::telemetry::Totals;

/// The last stage of the reader's thread.
pub(super) struct Express {
    sender: Sender,
    spans: Option<SpanBatcher>,
    delay: Duration,
    oldest: Option<Instant>,
}

impl Express {
    pub(super) fn new(config: &Config, sender: Sender) -> Self {
        let settings = BatchSettings {
            max_spans: usize::try_from(config.traces.batch_size).unwrap_or(usize::MAX),
            ..BatchSettings::default()
        };
        Self {
            sender,
            spans: config.traces.enabled.then(|| SpanBatcher::new(settings)),
            delay: config.traces.schedule_delay.0,
            oldest: None,
        }
    }

    pub(super) fn take(&mut self, finished: Finished, clock: Clock) {
        let mut exchange = finished.exchange;
        exchange.start = clock.unix(exchange.start);
        exchange.end = clock.unix(exchange.end);
        exchange.first_response = exchange.first_response.map(|at| clock.unix(at));
        let Some(spans) = &mut self.spans else { return };
        self.oldest.get_or_insert_with(Instant::now);
        if spans.push(&exchange) {
            self.send_spans();
        }
    }

    /// Processes that are gone for good.
    pub(super) fn forget(&mut self, _gone: &[Arc<Resource>]) {}

    /// Sends spans that have waited long enough.
    pub(super) fn flush_due(&mut self) {
        if self.oldest.is_some_and(|oldest| oldest.elapsed() >= self.delay) {
            self.send_spans();
        }
    }

    /// Whether it is time for metrics.
    pub(super) fn metrics_due(&self) -> bool {
        false
    }

    /// Sends metrics, with the agent's own.
    pub(super) fn send_metrics(&mut self, _now: u64, _totals: &Totals) {}

    /// Sends everything. Gives the table of rate, errors and duration.
    pub(super) fn finish(&mut self, now: u64, totals: &Totals) -> String {
        self.send_spans();
        self.send_metrics(now, totals);
        String::new()
    }

    fn send_spans(&mut self) {
        self.oldest = None;
        if let Some(batch) = self.spans.as_mut().and_then(SpanBatcher::take) {
            self.sender.send(&batch);
        }
    }
}
