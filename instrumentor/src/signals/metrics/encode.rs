//! Points -> export requests of bounded size.
use underspan_protocols::message::{Attributes, Metric};

use crate::{
    export::{Batch, Signal},
    signals::{
        envelope::{self, Envelope},
        wire::{self, Hole},
    },
};

/// Points per request: what OpenTelemetry's collector batches by default.
const MAX_POINTS: u64 = 8192;
/// Bytes after which a request is closed; many receivers refuse more than 4 MiB.
const MAX_BYTES: usize = 3 << 20;

/// What kind of points a metric has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sum that only grows.
    Sum,
    /// A sum that may rise and fall.
    Level,
    Histogram,
    Exponential,
}

impl Kind {
    /// The field of `Metric` that holds the points.
    fn field(self) -> u32 {
        match self {
            Self::Sum | Self::Level => 7,
            Self::Histogram => 9,
            Self::Exponential => 10,
        }
    }
}

/// `AggregationTemporality`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    LastPoint = 1,
    Start = 2,
}

/// Writes requests; points of one resource and one metric are written in a row.
#[derive(Debug, Default)]
pub(super) struct Writer<'a> {
    batches: Vec<Batch>,
    body: Vec<u8>,
    points: u64,
    resource: Option<(&'a Attributes, Envelope)>,
    metric: Option<OpenMetric>,
}

#[derive(Debug)]
struct OpenMetric {
    metric: &'static Metric,
    kind: Kind,
    since: Since,
    message: Hole,
    data: Hole,
}

impl<'a> Writer<'a> {
    /// Writes one point, whose fields `write` appends.
    pub(super) fn point(
        &mut self,
        resource: &'a Attributes,
        metric: &'static Metric,
        (kind, since): (Kind, Since),
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        if !self.resource.as_ref().is_some_and(|(open, _)| std::ptr::eq(*open, resource)) {
            self.close_resource();
            self.resource = Some((resource, envelope::open(&mut self.body, resource)));
        }
        if !self.metric.as_ref().is_some_and(|open| std::ptr::eq(open.metric, metric)) {
            self.close_metric();
            self.open_metric(metric, kind, since);
        }
        let point = wire::open(&mut self.body, 1);
        write(&mut self.body);
        wire::close(&mut self.body, point);
        self.points += 1;
        if self.points >= MAX_POINTS || self.body.len() >= MAX_BYTES {
            self.close_request();
        }
    }

    /// The requests.
    pub(super) fn finish(mut self) -> Vec<Batch> {
        self.close_request();
        self.batches
    }

    fn open_metric(&mut self, metric: &'static Metric, kind: Kind, since: Since) {
        let out = &mut self.body;
        let message = wire::open(out, 2);
        wire::string(out, 1, metric.name);
        if !metric.description.is_empty() {
            wire::string(out, 2, metric.description);
        }
        wire::string(out, 3, metric.unit);
        let data = wire::open(out, kind.field());
        self.metric = Some(OpenMetric { metric, kind, since, message, data });
    }

    fn close_metric(&mut self) {
        let Some(open) = self.metric.take() else { return };
        wire::uint(&mut self.body, 2, open.since as u64);
        if open.kind == Kind::Sum {
            wire::uint(&mut self.body, 3, 1); // monotonic
        }
        wire::close(&mut self.body, open.data);
        wire::close(&mut self.body, open.message);
    }

    fn close_resource(&mut self) {
        self.close_metric();
        if let Some((_, envelope)) = self.resource.take() {
            envelope::close(&mut self.body, envelope);
        }
    }

    fn close_request(&mut self) {
        self.close_resource();
        if self.points > 0 {
            let body = std::mem::take(&mut self.body).into();
            self.batches.push(Batch { signal: Signal::Metrics, body, items: self.points });
            self.points = 0;
        }
    }
}
