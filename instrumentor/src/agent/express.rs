//! Exchanges -> batches on their way to the exporters.

use std::time::{Duration, Instant};

use underspan_config::Config;
use underspan_protocols::message::Value;

use super::own::Own;
use super::settings;
use crate::capture::Clock;
use crate::correlate::exchange::Finished;
use crate::export::Sender;
use crate::signals::batch::{Settings as BatchSettings, SpanBatcher};
use crate::signals::metrics::Metrics;
use crate::signals::route::{InvalidPattern, Router};
use crate::signals::summary::Summary;
use crate::telemetry::{Stats, Totals};

/// W3C trace flag for a trace that is sampled.
const SAMPLED: u8 = 0x01;

/// The last stage of the reader's thread.
pub(super) struct Express {
    sender: Sender,
    router: Router,
    spans: Option<SpanBatcher>,
    delay: Duration,
    oldest: Option<Instant>,
    metrics: Option<Metrics>,
    own: Own,
    interval: Duration,
    collected: Instant,
    summary: Option<Summary>,
    started: Instant,
}

impl Express {
    pub(super) fn new(config: &Config, summary: bool, sender: Sender) -> Result<Self, InvalidPattern> {
        let batch = BatchSettings {
            max_spans: usize::try_from(config.traces.batch_size).unwrap_or(usize::MAX),
            ..BatchSettings::default()
        };
        let now = Clock::read().now();
        Ok(Self {
            sender,
            router: Router::new(settings::routes(config)?),
            spans: config.traces.enabled.then(|| SpanBatcher::new(batch)),
            delay: config.traces.schedule_delay.0,
            oldest: None,
            metrics: config.metrics.enabled.then(|| Metrics::new(settings::metrics(config), now)),
            own: Own::new(now),
            interval: config.metrics.interval.0,
            collected: Instant::now(),
            summary: summary.then(Summary::default),
            started: Instant::now(),
        })
    }

    pub(super) fn take(&mut self, finished: Finished, clock: Clock, stats: &mut Stats) {
        let Finished { mut exchange, path, route } = finished;
        exchange.start = clock.unix(exchange.start);
        exchange.end = clock.unix(exchange.end);
        exchange.first_response = exchange.first_response.map(|at| clock.unix(at));
        if let Some((path, attribute)) = path.zip(route)
            && let Some(route) = self.router.route(&exchange.resource.service, &path)
        {
            exchange.route = Some(route.to_owned());
            exchange.attributes.push((attribute, Value::String(route.to_owned())));
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.record(&exchange);
        }
        if let Some(summary) = &mut self.summary {
            summary.record(&exchange);
        }
        let Some(spans) = &mut self.spans else { return };
        if exchange.flags & SAMPLED == 0 {
            stats.spans_sampled_out += 1;
            return;
        }
        self.oldest.get_or_insert_with(Instant::now);
        if spans.push(&exchange) {
            self.send_spans();
        }
    }

    /// Sends spans that have waited long enough.
    pub(super) fn flush_due(&mut self) {
        if self.oldest.is_some_and(|oldest| oldest.elapsed() >= self.delay) {
            self.send_spans();
        }
    }

    /// Whether it is time for metrics.
    pub(super) fn metrics_due(&self) -> bool {
        self.metrics.is_some() && self.collected.elapsed() >= self.interval
    }

    /// Sends metrics, with the agent's own. `now` is nanoseconds since the Unix epoch.
    pub(super) fn send_metrics(&mut self, now: u64, totals: &Totals) {
        self.collected = Instant::now();
        let Some(metrics) = &mut self.metrics else { return };
        let counters = Own::counters(totals, &self.sender.totals());
        for batch in metrics.collect(now, Some(self.own.metrics(&counters))) {
            self.sender.send(&batch);
        }
    }

    /// Sends everything. Gives the table of rate, errors and duration if one was asked for.
    pub(super) fn finish(&mut self, now: u64, totals: &Totals) -> String {
        self.send_spans();
        self.send_metrics(now, totals);
        self.summary
            .as_ref()
            .map(|summary| summary.table(self.started.elapsed()).to_string())
            .unwrap_or_default()
    }

    fn send_spans(&mut self) {
        self.oldest = None;
        if let Some(batch) = self.spans.as_mut().and_then(SpanBatcher::take) {
            self.sender.send(&batch);
        }
    }
}
