//! What is known about one series.
use underspan_protocols::message::{Attributes, Metric};

use super::{
    Settings, Shape,
    encode::{Kind, Since, Writer},
    exemplar::Exemplars,
    explicit, exponential,
    sample::{Instrument, Sample},
};
use crate::signals::wire;

/// Examples kept of an exponential histogram, whose buckets move.
const EXPONENTIAL_EXEMPLARS: usize = 8;

/// A value with its examples and its times.
#[derive(Debug)]
pub(super) struct Point {
    value: Value,
    exemplars: Exemplars,
    /// Nothing that it counts was recorded before.
    start: u64,
    /// When it was last written with something new.
    pub(super) last: u64,
    touched: bool,
}

#[derive(Debug)]
enum Value {
    Explicit(explicit::Histogram),
    Exponential(exponential::Histogram),
    Sum(i64),
    Level(i64),
}

/// What points are written for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub(super) now: u64,
    pub(super) since: Since,
}

impl Point {
    pub(super) fn new(metric: &Metric, instrument: Instrument, settings: &Settings, start: u64) -> Self {
        let (value, slots) = match (instrument, settings.histogram) {
            (Instrument::Counter, _) => (Value::Sum(0), 0),
            (Instrument::Level, _) => (Value::Level(0), 0),
            (Instrument::Histogram, Shape::Explicit) => {
                let boundaries = explicit::boundaries(metric);
                (Value::Explicit(explicit::Histogram::new(boundaries)), boundaries.len() + 1)
            }
            (Instrument::Histogram, Shape::Exponential) => {
                (Value::Exponential(exponential::Histogram::default()), EXPONENTIAL_EXEMPLARS)
            }
        };
        let exemplars = Exemplars::new(if settings.exemplars { slots } else { 0 });
        Self { value, exemplars, start, last: start, touched: false }
    }

    pub(super) fn record(&mut self, sample: Sample<'_>) {
        self.touched = true;
        let slot = match &mut self.value {
            Value::Explicit(histogram) => histogram.record(sample.value),
            Value::Exponential(histogram) => {
                histogram.record(sample.value);
                sample.exchange.map_or(0, |exchange| usize::from(exchange.span_id[7])) // ids are random
            }
            Value::Sum(sum) => return *sum += whole(sample.value),
            Value::Level(level) => return *level = whole(sample.value),
        };
        if let Some(exchange) = sample.exchange {
            self.exemplars.offer(slot, sample.value, exchange);
        }
    }

    /// Writes the point, with the attributes that `attributes` appends to the field it is given. Points that
    /// count since the last one begin anew, and are left out when there is nothing.
    pub(super) fn write<'a>(
        &mut self,
        writer: &mut Writer<'a>,
        resource: &'a Attributes,
        metric: &'static Metric,
        interval: Interval,
        attributes: impl FnOnce(&mut Vec<u8>, u32),
    ) {
        let Interval { now, since } = interval;
        // What rises and falls is what it is, since the beginning.
        let since = if matches!(self.value, Value::Level(_)) { Since::Start } else { since };
        if since == Since::LastPoint && !self.touched {
            self.start = now;
            return;
        }
        let (start, exemplars) = (self.start, &mut self.exemplars);
        match &mut self.value {
            Value::Sum(sum) => {
                let value = if since == Since::LastPoint { std::mem::take(sum) } else { *sum };
                writer.point(resource, metric, (Kind::Sum, since), |out| {
                    number(out, value, start, now, attributes);
                });
            }
            Value::Level(level) => {
                writer.point(resource, metric, (Kind::Level, since), |out| {
                    number(out, *level, start, now, attributes);
                });
            }
            Value::Explicit(histogram) => {
                writer.point(resource, metric, (Kind::Histogram, since), |out| {
                    attributes(out, 9);
                    times(out, start, now);
                    explicit(out, histogram);
                    exemplars.write(out, 8);
                });
                if since == Since::LastPoint {
                    histogram.clear();
                }
            }
            Value::Exponential(histogram) => {
                writer.point(resource, metric, (Kind::Exponential, since), |out| {
                    attributes(out, 1);
                    times(out, start, now);
                    exponential(out, histogram);
                    exemplars.write(out, 11);
                });
                if since == Since::LastPoint {
                    histogram.clear();
                }
            }
        }
        if since == Since::LastPoint {
            self.start = now;
        }
        if std::mem::take(&mut self.touched) {
            self.last = now;
        }
    }
}

/// When a point of any kind began and ended.
pub(super) fn times(out: &mut Vec<u8>, start: u64, now: u64) {
    wire::fixed64(out, 2, start);
    wire::fixed64(out, 3, now);
}

/// A `NumberDataPoint`.
fn number(out: &mut Vec<u8>, value: i64, start: u64, now: u64, attributes: impl FnOnce(&mut Vec<u8>, u32)) {
    attributes(out, 7);
    times(out, start, now);
    wire::fixed64(out, 6, value.cast_unsigned());
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates; sums and levels are whole numbers below 2^53"
)]
fn whole(value: f64) -> i64 {
    value as i64
}

fn explicit(out: &mut Vec<u8>, histogram: &explicit::Histogram) {
    wire::fixed64(out, 4, histogram.count);
    wire::double(out, 5, histogram.sum);
    wire::packed64(out, 6, histogram.buckets.iter().copied());
    wire::packed64(out, 7, histogram.boundaries.iter().map(|boundary| boundary.to_bits()));
    if let Some((min, max)) = histogram.range() {
        wire::double(out, 11, min);
        wire::double(out, 12, max);
    }
}

fn exponential(out: &mut Vec<u8>, histogram: &exponential::Histogram) {
    let (scale, offset, buckets) = histogram.buckets();
    wire::fixed64(out, 4, histogram.count());
    wire::double(out, 5, histogram.sum());
    wire::sint(out, 6, scale);
    wire::fixed64(out, 7, histogram.zeros());
    let positive = wire::open(out, 8);
    wire::sint(out, 1, offset);
    wire::packed_uint(out, 2, buckets);
    wire::close(out, positive);
    if let Some((min, max)) = histogram.range() {
        wire::double(out, 12, min);
        wire::double(out, 13, max);
    }
}
