//! Exchanges, calls and measurements -> batches on their way to the exporters.

use std::sync::Arc;
use std::time::{Duration, Instant};

use underspan_config::Config;
use underspan_protocols::message::Value;

use super::linger::Linger;
use super::own::Own;
use super::settings;
use crate::capture::Clock;
use crate::correlate::exchange::{Call, Finished};
use crate::discover::Resource;
use crate::export::{Sender, Totals as ExportTotals};
use crate::signals::batch::{Settings as BatchSettings, SpanBatcher};
use crate::signals::metrics::{Counter, Measurement, Metrics};
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
    linger: Linger,
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
            linger: Linger::new(config.traces.schedule_delay.0, batch.max_spans),
            spans: config.traces.enabled.then(|| SpanBatcher::new(batch)),
            metrics: config.metrics.enabled.then(|| Metrics::new(settings::metrics(config), now)),
            own: Own::new(now),
            interval: config.metrics.interval.0,
            collected: Instant::now(),
            summary: summary.then(Summary::default),
            started: Instant::now(),
        })
    }

    pub(super) fn take(&mut self, finished: Finished, clock: Clock, stats: &mut Stats) {
        let Finished { mut exchange, path, route, .. } = finished;
        exchange.start = clock.unix(exchange.start);
        exchange.end = clock.unix(exchange.end);
        exchange.first_response = exchange.first_response.map(|at| clock.unix(at));
        for event in &mut exchange.events {
            event.time = clock.unix(event.time);
        }
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
        self.linger.add(Instant::now());
        if spans.push(&exchange) {
            self.send_spans();
        }
    }

    /// Takes a call, in kernel time.
    pub(super) fn take_call(&mut self, mut call: Call, clock: Clock, stats: &mut Stats) {
        let Some(spans) = &mut self.spans else { return };
        if call.trace.flags & SAMPLED == 0 {
            stats.spans_sampled_out += 1;
            return;
        }
        call.passed.start = clock.unix(call.passed.start);
        call.passed.end = clock.unix(call.passed.end);
        self.linger.add(Instant::now());
        if spans.push_call(&call) {
            self.send_spans();
        }
    }

    /// Takes what a process told of itself.
    pub(super) fn measure(&mut self, resource: &Arc<Resource>, measurement: &Measurement) {
        if let Some(metrics) = &mut self.metrics {
            metrics.measure(resource, measurement);
        }
    }

    /// Sends spans that have waited long enough.
    pub(super) fn flush_due(&mut self) {
        if self.linger.is_over(Instant::now()) {
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

    /// The agent's counters.
    pub(super) fn counters(&self, totals: &Totals) -> Vec<Counter> {
        Own::counters(totals, &self.sender.totals())
    }

    /// What became of everything that was sent, by destination.
    pub(super) fn exported(&self) -> Vec<(&'static str, ExportTotals)> {
        self.sender.totals()
    }

    /// The table of rate, errors and duration if one was asked for.
    pub(super) fn summary(&self) -> String {
        self.summary
            .as_ref()
            .map(|summary| summary.table(self.started.elapsed()).to_string())
            .unwrap_or_default()
    }

    /// Sends the spans that wait.
    pub(super) fn send_spans(&mut self) {
        self.linger.clear();
        if let Some(batch) = self.spans.as_mut().and_then(SpanBatcher::take) {
            self.sender.send(&batch);
        }
    }
}
