//! What one agent exported, and whether it adds up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use super::span::{Kind, Span, attributes};
use crate::receiver::{self, Point, PointValue, Receiver};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: i32 = 2;

/// Everything received of one agent.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// Spans of the traced processes, in the order they arrived.
    pub spans: Vec<Span>,
    /// Counters of the agent on itself: name, reason (or nothing), sum.
    counters: BTreeMap<(String, String), u64>,
    /// Requests counted by `http.server.request.duration` and `http.client.request.duration`.
    durations: BTreeMap<String, u64>,
}

impl Books {
    /// What a receiver has taken.
    pub fn of_receiver(receiver: &Receiver) -> Self {
        Self::read(&receiver.spans(), &receiver.points())
    }

    /// Reads spans and points in the order they arrived.
    pub fn read(spans: &[receiver::Span], points: &[Point]) -> Self {
        let mut books = Self { spans: spans.iter().filter_map(Span::read).collect(), ..Self::default() };
        books.read_points(points);
        books
    }

    /// Points are cumulative: the last of a series is its sum.
    fn read_points(&mut self, points: &[Point]) {
        let mut sums = HashMap::new();
        for point in points {
            let value = match &point.value {
                PointValue::Sum(sum) => match sum.value {
                    Some(Value::AsInt(number)) => u64::try_from(number).expect("counters do not sink"),
                    _ => panic!("{} is not a counter of whole things", point.metric),
                },
                PointValue::Gauge(_) => continue,
                PointValue::Histogram(_) | PointValue::Exponential(_) => point.count(),
            };
            assert_eq!(point.temporality, CUMULATIVE, "{}", point.metric);
            let labels = attributes(&point.attributes);
            sums.insert((attributes(&point.resource), point.metric.as_str(), labels), value);
        }
        for ((resource, name, labels), value) in sums {
            if resource.get("service.name").is_some_and(|service| service == "underspan") {
                let reason = labels.get("underspan.reason").cloned().unwrap_or_default();
                *self.counters.entry((name.to_owned(), reason)).or_default() += value;
            } else {
                *self.durations.entry(name.to_owned()).or_default() += value;
            }
        }
    }

    /// A counter of the agent, over all its attributes.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.iter().filter(|((counter, _), _)| counter == name).map(|(_, value)| value).sum()
    }

    /// A counter of the agent by `underspan.reason`, without what is zero.
    pub fn reasons(&self, name: &str) -> BTreeMap<&str, u64> {
        let of_name = self.counters.iter().filter(|((counter, _), value)| counter == name && **value > 0);
        of_name.map(|((_, reason), value)| (reason.as_str(), *value)).collect()
    }

    /// Exchanges that were seen to pass and did not become spans: not understood, or not exported.
    pub fn lost(&self) -> u64 {
        self.counter("underspan.exchanges.lost") + self.counter("underspan.spans.dropped")
    }

    /// Requests accounted for: the left side of the balance.
    pub fn accounted(&self) -> u64 {
        self.spans.len() as u64 + self.lost()
    }

    /// Points a duration histogram of the traced services has counted.
    pub fn measured(&self, metric: &str) -> u64 {
        self.durations.get(metric).copied().unwrap_or(0)
    }

    /// Spans of one kind.
    pub fn of(&self, kind: Kind) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.kind == kind).collect()
    }

    /// Asserts that spans + losses = requests, and that every span has an id of its own.
    pub fn balance(&self, requests: u64) {
        assert_eq!(self.accounted(), requests, "spans + losses = requests does not hold: {self}");
        let ids: BTreeSet<_> = self.spans.iter().map(|span| &span.id).collect();
        assert_eq!(ids.len(), self.spans.len(), "span ids repeat");
    }

    /// Asserts the balance, and that nothing was lost.
    pub fn perfect(&self, requests: u64) {
        assert_eq!(self.lost(), 0, "exchanges were lost: {self}");
        self.balance(requests);
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.of(Kind::Server).len();
        write!(f, "{servers} server and {} client spans", self.spans.len() - servers)?;
        for ((name, reason), value) in self.counters.iter().filter(|(_, value)| **value > 0) {
            write!(f, "\n  {name} {reason} {value}")?;
        }
        for (name, value) in &self.durations {
            write!(f, "\n  {name} {value} points")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
    use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;

    use super::*;
    use crate::receiver::Attributes;

    fn text(key: &str, value: &str) -> KeyValue {
        let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
        KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
    }

    fn lost(reason: &str, value: i64) -> Point {
        Point {
            resource: Attributes(vec![text("service.name", "underspan")]),
            scope: InstrumentationScope::default(),
            schema_url: String::new(),
            metric: "underspan.exchanges.lost".to_owned(),
            unit: "{exchange}".to_owned(),
            temporality: CUMULATIVE,
            attributes: Attributes(vec![text("underspan.reason", reason)]),
            value: PointValue::Sum(NumberDataPoint {
                value: Some(Value::AsInt(value)),
                ..NumberDataPoint::default()
            }),
        }
    }

    #[test]
    fn the_last_point_of_each_series_counts() {
        let books = Books::read(&[], &[lost("a", 1), lost("b", 5), lost("a", 3)]);
        assert_eq!(books.lost(), 8);
        assert_eq!(books.reasons("underspan.exchanges.lost"), BTreeMap::from([("a", 3), ("b", 5)]));
        books.balance(8);
    }

    #[test]
    #[should_panic(expected = "does not hold")]
    fn a_missing_request_is_noticed() {
        Books::read(&[], &[lost("a", 1)]).balance(2);
    }

    #[test]
    #[should_panic(expected = "were lost")]
    fn a_loss_is_not_perfect() {
        Books::read(&[], &[lost("a", 1)]).perfect(1);
    }
}
