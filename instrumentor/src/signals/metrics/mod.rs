//! exchanges and measurements -> metric points
//!
//! Rate, errors and duration of everything that was understood, before any sampling, and what programs tell of themselves. Drops nothing: what
//! exceeds the bound of a metric is folded into its overflow series.
use std::{collections::HashMap, sync::Arc, time::Duration};

use hashbrown::DefaultHashBuilder;
use underspan_protocols::message::Metric;

use self::{
    encode::{Since, Writer},
    own::Previous,
    point::Interval,
    sample::Sample,
    series::{Common, Stream},
};
use crate::{correlate::exchange::Exchange, discover::resource::Resource, export::Batch};

mod encode;
mod exemplar;
mod explicit;
pub mod exponential;
mod own;
mod point;
mod sample;
mod series;

pub use own::{Counter, SelfMetrics};
pub use sample::{Instrument, Measurement};

/// How metrics are kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What points count from.
    pub temporality: Temporality,
    /// Kind of histogram.
    pub histogram: Shape,
    /// Attribute sets per metric and resource, the overflow included; all resources together have ten times
    /// as many per metric. 2000 is OpenTelemetry's default.
    pub max_series: usize,
    /// A series with nothing new for so long is forgotten.
    pub ttl: Duration,
    /// Whether there are histograms of body sizes, which the conventions leave out by default.
    pub body_size: bool,
    /// Whether points carry examples: sampled exchanges, the latest of each bucket.
    pub exemplars: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            temporality: Temporality::Cumulative,
            histogram: Shape::Explicit,
            max_series: 2000,
            ttl: Duration::from_mins(5),
            body_size: false,
            exemplars: true,
        }
    }
}

/// What points count from, in the words of `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temporality {
    /// The start of the series.
    Cumulative,
    /// The last point.
    Delta,
    /// As `Delta` for histograms, `Cumulative` for the agent's own counters, which are read and not kept.
    LowMemory,
}

/// Kind of histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The buckets the semantic conventions advise.
    Explicit,
    /// Base-2 exponential buckets.
    Exponential,
}

/// Resources that may fill their metrics to the bound before newer ones go to their overflow at once.
const FULL_RESOURCES: usize = 10;

/// All series of all services.
#[derive(Debug)]
pub struct Metrics {
    common: Common,
    /// By address of the resource, which is kept alive here.
    resources: HashMap<usize, Kept, DefaultHashBuilder>,
    /// Series of each metric over all resources.
    series: Vec<(&'static Metric, usize)>,
    own: Previous,
}

/// The metrics of one resource.
#[derive(Debug)]
struct Kept {
    resource: Arc<Resource>,
    streams: Vec<Stream>,
}

impl Metrics {
    /// No series. `now` is in nanoseconds since the Unix epoch, here and below.
    pub fn new(settings: Settings, now: u64) -> Self {
        Self {
            common: Common { settings, hasher: DefaultHashBuilder::default(), collected: now },
            resources: HashMap::default(),
            series: Vec::new(),
            own: Previous::default(),
        }
    }

    /// Counts an exchange. Whether it is sampled must be in its flags already, because examples are sampled
    /// ones.
    pub fn record(&mut self, exchange: &Exchange) {
        let convention = exchange.convention;
        let duration = seconds(exchange.end.saturating_sub(exchange.start));
        self.add(Sample::of(exchange, duration), convention.duration);
        if self.common.settings.body_size {
            for (metric, size) in [
                (convention.request_size, exchange.request_size),
                (convention.response_size, exchange.response_size),
            ] {
                if let Some(metric) = metric {
                    #[expect(clippy::cast_precision_loss, reason = "sizes above 2^53 bytes may be rounded")]
                    self.add(Sample::of(exchange, size as f64), metric);
                }
            }
        }
    }

    /// Takes what a process told of itself.
    pub fn measure(&mut self, resource: &Arc<Resource>, measured: &Measurement) {
        let Measurement { metric, instrument, attributes, value } = measured;
        let sample = Sample {
            resource,
            attributes,
            error: None,
            exchange: None,
            instrument: *instrument,
            value: *value,
        };
        self.add(sample, metric);
    }

    fn add(&mut self, sample: Sample<'_>, metric: &'static Metric) {
        let (_, total) = entry(&mut self.series, |(held, _)| std::ptr::eq(*held, metric), || (metric, 0));
        let room = *total < self.common.settings.max_series * FULL_RESOURCES;
        let address = Arc::as_ptr(sample.resource).addr();
        let kept = self
            .resources
            .entry(address)
            .or_insert_with(|| Kept { resource: Arc::clone(sample.resource), streams: Vec::new() });
        let stream =
            entry(&mut kept.streams, |held| std::ptr::eq(held.metric, metric), || Stream::new(metric));
        let before = stream.len();
        stream.record(sample, &self.common, room);
        *total += stream.len() - before;
    }

    /// The points of all series, and of the agent's own counters, as requests of bounded size. Then forgets
    /// series with nothing new for the time to live, and those of processes that nobody else refers to any
    /// more: they have exited.
    pub fn collect(&mut self, now: u64, own: Option<SelfMetrics<'_>>) -> Vec<Batch> {
        let temporality = self.common.settings.temporality;
        let since = |cumulative: bool| if cumulative { Since::Start } else { Since::LastPoint };
        let interval = Interval { now, since: since(temporality == Temporality::Cumulative) };
        let mut writer = Writer::default();
        for Kept { resource, streams } in self.resources.values_mut() {
            for stream in streams {
                stream.write(&mut writer, &resource.attributes, interval);
            }
        }
        if let Some(own) = own {
            let interval = Interval { now, since: since(temporality != Temporality::Delta) };
            self.own.write(&mut writer, own, interval);
        }
        let batches = writer.finish();
        self.common.collected = now;
        self.forget(now);
        batches
    }

    /// Number of attribute sets.
    pub fn series(&self) -> usize {
        self.series.iter().map(|(_, series)| series).sum()
    }

    fn forget(&mut self, now: u64) {
        let ttl = u64::try_from(self.common.settings.ttl.as_nanos()).unwrap_or(u64::MAX);
        let before = now.saturating_sub(ttl);
        self.resources.retain(|_, kept| {
            kept.streams.retain_mut(|stream| stream.retain(before));
            !kept.streams.is_empty() && Arc::strong_count(&kept.resource) > 1
        });
        for (metric, series) in &mut self.series {
            let streams = self.resources.values().flat_map(|kept| &kept.streams);
            *series = streams.filter(|stream| std::ptr::eq(stream.metric, *metric)).map(Stream::len).sum();
        }
    }
}

/// The one that is meant in a short list; added where there is none.
fn entry<T>(list: &mut Vec<T>, meant: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> &mut T {
    let index = list.iter().position(meant).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    });
    &mut list[index]
}

#[expect(clippy::cast_precision_loss, reason = "durations above 104 days may be rounded to the nanosecond")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests;
