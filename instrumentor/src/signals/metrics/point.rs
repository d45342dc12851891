//! What is known about one series.
use underspan_protocols::message::{Attributes, Metric};

use super::{
    Settings, Shape,
    encode::{Kind, Since, Writer},
    exemplar::Exemplars,
    explicit, exponential,
};
use crate::{correlate::exchange::Exchange, signals::wire};

/// Examples kept of an exponential histogram, whose buckets move.
const EXPONENTIAL_EXEMPLARS: usize = 8;

/// A histogram with its examples and its times.
#[derive(Debug)]
pub(super) struct Point {
    histogram: Histogram,
    exemplars: Exemplars,
    /// Nothing that it counts was recorded before.
    start: u64,
    /// When it was last written with something new.
    pub(super) last: u64,
    touched: bool,
}

#[derive(Debug)]
enum Histogram {
    Explicit(explicit::Histogram),
    Exponential(exponential::Histogram),
}

/// What points are written for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub(super) now: u64,
    pub(super) since: Since,
}

impl Point {
    pub(super) fn new(metric: &Metric, settings: &Settings, start: u64) -> Self {
        let (histogram, slots) = match settings.histogram {
            Shape::Explicit => {
                let boundaries = explicit::boundaries(metric);
                (Histogram::Explicit(explicit::Histogram::new(boundaries)), boundaries.len() + 1)
            }
            Shape::Exponential => {
                (Histogram::Exponential(exponential::Histogram::default()), EXPONENTIAL_EXEMPLARS)
            }
        };
        let exemplars = Exemplars::new(if settings.exemplars { slots } else { 0 });
        Self { histogram, exemplars, start, last: start, touched: false }
    }

    pub(super) fn record(&mut self, value: f64, exchange: &Exchange) {
        let slot = match &mut self.histogram {
            Histogram::Explicit(histogram) => histogram.record(value),
            Histogram::Exponential(histogram) => {
                histogram.record(value);
                usize::from(exchange.span_id[7]) // ids are random
            }
        };
        self.exemplars.offer(slot, value, exchange);
        self.touched = true;
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
        if since == Since::LastPoint && !self.touched {
            self.start = now;
            return;
        }
        let (start, exemplars) = (self.start, &mut self.exemplars);
        match &mut self.histogram {
            Histogram::Explicit(histogram) => {
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
            Histogram::Exponential(histogram) => {
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
