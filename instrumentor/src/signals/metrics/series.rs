//! One metric of one resource, and its series.
use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};
use underspan_protocols::{
    message::{Attribute, Attributes, Metric, Value},
    semconv::attribute::ERROR_TYPE,
};

use super::{
    Settings,
    encode::Writer,
    point::{Interval, Point},
    sample::Sample,
};
use crate::signals::wire;

/// Marks the series that holds what found no room; named by the specification of metrics, not by the
/// conventions.
const OVERFLOW: &str = "otel.metric.overflow";

/// One metric of one resource.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) metric: &'static Metric,
    series: HashTable<Series>,
    overflow: Option<Point>,
}

/// One attribute set.
#[derive(Debug)]
struct Series {
    hash: u64,
    /// In the order of the metric's attributes.
    values: Box<[Option<Value>]>,
    point: Point,
}

/// What all series of the agent have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) settings: Settings,
    pub(super) hasher: DefaultHashBuilder,
    /// When the last points were taken.
    pub(super) collected: u64,
}

impl Stream {
    pub(super) fn new(metric: &'static Metric) -> Self {
        Self { metric, series: HashTable::new(), overflow: None }
    }

    /// Number of attribute sets, the overflow not among them.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// Adds a value to its series. Where that is a new one and there is no `room`, the
    /// overflow takes it. Allocates only for a new series.
    pub(super) fn record(&mut self, sample: Sample<'_>, common: &Common, room: bool) {
        let hash = hash(self.metric, sample, &common.hasher);
        let same = |series: &Series| series.hash == hash && series.is_of(self.metric, sample);
        if let Some(series) = self.series.find_mut(hash, same) {
            return series.point.record(sample);
        }
        let point = || Point::new(self.metric, sample.instrument, &common.settings, common.collected);
        // The overflow is one of the metric's attribute sets.
        if !room || self.series.len() + 1 >= common.settings.max_series {
            return self.overflow.get_or_insert_with(point).record(sample);
        }
        let values = self.metric.attributes.iter().map(|attribute| pick(*attribute, sample).keep()).collect();
        let mut series = Series { hash, values, point: point() };
        series.point.record(sample);
        self.series.insert_unique(hash, series, |series| series.hash);
    }

    /// Writes a point for every series that has something to say.
    pub(super) fn write<'a>(
        &mut self,
        writer: &mut Writer<'a>,
        resource: &'a Attributes,
        interval: Interval,
    ) {
        let metric = self.metric;
        for series in &mut self.series {
            let values = &series.values;
            series.point.write(writer, resource, metric, interval, |out, field| {
                for (attribute, value) in metric.attributes.iter().zip(values) {
                    if let Some(value) = value {
                        wire::attribute(out, field, attribute.name, value);
                    }
                }
            });
        }
        if let Some(point) = &mut self.overflow {
            point.write(writer, resource, metric, interval, |out, field| {
                wire::attribute(out, field, OVERFLOW, &Value::Boolean(true));
            });
        }
    }

    /// Forgets the series with nothing new since `before`; false when none is left.
    pub(super) fn retain(&mut self, before: u64) -> bool {
        self.series.retain(|series| series.point.last >= before);
        self.overflow = self.overflow.take().filter(|point| point.last >= before);
        !self.series.is_empty() || self.overflow.is_some()
    }
}

impl Series {
    fn is_of(&self, metric: &Metric, sample: Sample<'_>) -> bool {
        let picked = metric.attributes.iter().map(|attribute| pick(*attribute, sample));
        self.values.iter().zip(picked).all(|(value, picked)| picked.is(value.as_ref()))
    }
}

/// An attribute of a sample, wherever it has it.
#[derive(Clone, Copy)]
enum Picked<'a> {
    Absent,
    Text(&'a str),
    Other(&'a Value),
}

fn pick(attribute: Attribute, sample: Sample<'_>) -> Picked<'_> {
    if attribute.name == ERROR_TYPE.name {
        return sample.error.map_or(Picked::Absent, Picked::Text);
    }
    match sample.attributes.iter().find(|(held, _)| held.name == attribute.name) {
        Some((_, value)) => Picked::of(value),
        None => Picked::Absent,
    }
}

impl<'a> Picked<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Static(text) => Picked::Text(text),
            Value::String(text) => Picked::Text(text),
            other => Picked::Other(other),
        }
    }

    fn is(self, kept: Option<&Value>) -> bool {
        match (self, kept.map(Picked::of)) {
            (Picked::Absent, None) => true,
            (Picked::Text(a), Some(Picked::Text(b))) => a == b,
            (Picked::Other(a), Some(Picked::Other(b))) => a == b,
            _ => false,
        }
    }

    fn keep(self) -> Option<Value> {
        match self {
            Picked::Absent => None,
            Picked::Text(text) => Some(Value::String(text.to_owned())),
            Picked::Other(value) => Some(value.clone()),
        }
    }
}

fn hash(metric: &Metric, sample: Sample<'_>, hasher: &DefaultHashBuilder) -> u64 {
    let mut state = hasher.build_hasher();
    for attribute in metric.attributes {
        match pick(*attribute, sample) {
            Picked::Absent => state.write_u8(0),
            Picked::Text(text) => text.hash(&mut state),
            Picked::Other(Value::Int(number)) => number.hash(&mut state),
            Picked::Other(Value::Boolean(truth)) => truth.hash(&mut state),
            Picked::Other(Value::Double(number)) => number.to_bits().hash(&mut state),
            Picked::Other(Value::StringArray(texts)) => texts.hash(&mut state),
            Picked::Other(Value::Static(_) | Value::String(_)) => {} // text is not other
        }
    }
    state.finish()
}
