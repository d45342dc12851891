//! The agent's own counters, exported beside those of the services under a resource of its own.

use underspan_protocols::message::{Attributes, Metric, Value};
use underspan_protocols::semconv::{attribute, underspan};

use crate::discover::Resource;
use crate::export::{DropReason, Totals as ExportTotals};
use crate::signals::metrics::{Counter, SelfMetrics};
use crate::telemetry::Totals;

/// The agent as a resource.
pub(super) struct Own {
    resource: Resource,
    start: u64,
}

impl Own {
    /// The agent, started at `now`.
    pub(super) fn new(now: u64) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let attributes: Attributes = vec![
            (attribute::SERVICE_NAME, Value::Static("underspan")),
            (attribute::SERVICE_VERSION, Value::Static(version)),
            (attribute::PROCESS_PID, Value::Int(std::process::id().into())),
            (attribute::TELEMETRY_SDK_NAME, Value::Static("underspan")),
            (attribute::TELEMETRY_SDK_LANGUAGE, Value::Static("rust")),
            (attribute::TELEMETRY_SDK_VERSION, Value::Static(version)),
        ];
        let resource = Resource { pid: std::process::id(), service: "underspan".to_owned(), attributes };
        Self { resource, start: now }
    }

    pub(super) fn metrics<'a>(&'a self, counters: &'a [Counter]) -> SelfMetrics<'a> {
        SelfMetrics { resource: &self.resource, start: self.start, counters }
    }

    /// All counters, those of one metric together.
    pub(super) fn counters(totals: &Totals, exporters: &[(&'static str, ExportTotals)]) -> Vec<Counter> {
        let mut counters = vec![count(&underspan::EXCHANGES, None, totals.stats.exchanges)];
        counters.extend(
            totals.lost().map(|(reason, lost)| count(&underspan::EXCHANGES_LOST, Some(reason), lost)),
        );
        counters.push(count(&underspan::RECORDS, None, totals.stats.records));
        for (reason, lost) in [
            ("ring_full", totals.kernel.lost_records),
            ("missed", totals.kernel.missed),
            ("malformed", totals.stats.records_malformed),
            ("out_of_order", totals.stats.records_out_of_order),
        ] {
            counters.push(count(&underspan::RECORDS_LOST, Some(reason), lost));
        }
        for (reason, lost) in [
            ("ring_full", totals.kernel.lost_moments),
            ("unreadable", totals.kernel.moment_faults),
            ("forgotten", totals.stats.moments_forgotten),
            ("unfinished", totals.kernel.unfinished),
            ("over_budget", totals.kernel.passes_paused),
            ("expired", totals.kernel.passes_expired),
            ("negative", totals.kernel.negative + totals.stats.moments_negative),
        ] {
            counters.push(count(&underspan::MOMENTS_LOST, Some(reason), lost));
        }
        for (reason, connections) in
            [("tls", totals.stats.connections_tls), ("unknown_protocol", totals.stats.connections_unknown)]
        {
            counters.push(count(&underspan::CONNECTIONS_UNREAD, Some(reason), connections));
        }
        counters.push(count(&underspan::CAPTURE_SIZE, None, totals.kernel.captured));
        counters.push(count(&underspan::CAPTURE_FAULTS, None, totals.kernel.faults));
        counters.push(count(&underspan::RING_SIZE, None, totals.kernel.ring_bytes));
        counters.extend(
            totals.calls_lost().map(|(reason, calls)| count(&underspan::CALLS_LOST, Some(reason), calls)),
        );
        counters.push(count(&underspan::BUDGET_PAUSES, None, totals.pauses));
        counters.push(count(&underspan::SPANS_DROPPED, Some("sampled_out"), totals.stats.spans_sampled_out));
        for reason in DropReason::ALL {
            // Spans leave by these two ways; metrics have their own.
            let spans = exporters.iter().filter(|(name, _)| !name.ends_with("/metrics"));
            let dropped = spans.map(|(_, exporter)| exporter.dropped(reason)).sum();
            counters.push(count(&underspan::SPANS_DROPPED, Some(reason.name()), dropped));
        }
        counters
    }
}

fn count(metric: &'static Metric, reason: Option<&'static str>, value: u64) -> Counter {
    let attributes = reason.map(|reason| (underspan::REASON, Value::Static(reason))).into_iter().collect();
    Counter { metric, attributes, value }
}
