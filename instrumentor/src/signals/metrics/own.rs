//! The agent's own counters, in the same requests as the metrics of the services.
use underspan_protocols::message::{Attributes, Metric};

use super::{
    encode::{Kind, Since, Writer},
    point::{Interval, times},
};
use crate::{discover::resource::Resource, signals::wire};

/// The agent's counters at the moment of a collection.
#[derive(Debug, Clone, Copy)]
pub struct SelfMetrics<'a> {
    /// The agent itself.
    pub resource: &'a Resource,
    /// When its counters began; nanoseconds since the Unix epoch.
    pub start: u64,
    /// What they count, since then. Those of one metric stand together.
    pub counters: &'a [Counter],
}

/// A counter that only grows.
#[derive(Debug, Clone)]
pub struct Counter {
    /// What it counts.
    pub metric: &'static Metric,
    /// Of what.
    pub attributes: Attributes,
    /// How many, since the start.
    pub value: u64,
}

/// What the counters were, for points that count since the last one.
#[derive(Debug, Default)]
pub(super) struct Previous {
    counters: Vec<Counter>,
    time: Option<u64>,
}

impl Previous {
    pub(super) fn write<'a>(&mut self, writer: &mut Writer<'a>, own: SelfMetrics<'a>, interval: Interval) {
        for counter in own.counters {
            let (start, value) = match (interval.since, self.time) {
                (Since::LastPoint, Some(time)) => (time, counter.value.saturating_sub(self.of(counter))),
                _ => (own.start, counter.value),
            };
            let kind = (Kind::Sum, interval.since);
            writer.point(&own.resource.attributes, counter.metric, kind, |out| {
                for (attribute, value) in &counter.attributes {
                    wire::attribute(out, 7, attribute.name, value);
                }
                times(out, start, interval.now);
                wire::fixed64(out, 6, value);
            });
        }
        if interval.since == Since::LastPoint {
            self.counters = own.counters.to_vec();
            self.time = Some(interval.now);
        }
    }

    /// The value a counter had; a counter is the same when its metric and its attributes are.
    fn of(&self, counter: &Counter) -> u64 {
        let same = |held: &&Counter| {
            std::ptr::eq(held.metric, counter.metric) && held.attributes == counter.attributes
        };
        self.counters.iter().find(same).map_or(0, |held| held.value)
    }
}
