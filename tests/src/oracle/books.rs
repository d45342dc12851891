//! What one agent exported, and whether it adds up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ResourceMetrics, metric::Data, number_data_point::Value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use super::span::{Kind, Span, attributes};

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
    /// Reads export requests in the order they arrived.
    pub fn read(spans: &[ResourceSpans], metrics: &[ResourceMetrics]) -> Self {
        let mut books = Self::default();
        for group in spans {
            let resource = resource_of(group.resource.as_ref());
            let spans = group.scope_spans.iter().flat_map(|scope| &scope.spans);
            books.spans.extend(spans.filter_map(|span| Span::read(span, &resource)));
        }
        books.read_metrics(metrics);
        books
    }

    /// Points are cumulative: the last of a series is its sum.
    fn read_metrics(&mut self, groups: &[ResourceMetrics]) {
        let mut sums = HashMap::new();
        for group in groups {
            let resource = resource_of(group.resource.as_ref());
            for metric in group.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                match metric.data.as_ref() {
                    Some(Data::Sum(sum)) => {
                        assert_eq!(sum.aggregation_temporality(), AggregationTemporality::Cumulative);
                        for point in &sum.data_points {
                            let value = match point.value {
                                Some(Value::AsInt(number)) => u64::try_from(number).expect("counters do not sink"),
                                _ => panic!("{} is not a counter of whole things", metric.name),
                            };
                            let labels = attributes(&point.attributes);
                            sums.insert((resource.clone(), metric.name.clone(), labels), value);
                        }
                    }
                    Some(Data::Histogram(histogram)) => {
                        assert_eq!(histogram.aggregation_temporality(), AggregationTemporality::Cumulative);
                        for point in &histogram.data_points {
                            let labels = attributes(&point.attributes);
                            sums.insert((resource.clone(), metric.name.clone(), labels), point.count);
                        }
                    }
                    _ => {}
                }
            }
        }
        for ((resource, name, labels), value) in sums {
            if resource.get("service.name").is_some_and(|service| service == "underspan") {
                let reason = labels.get("underspan.reason").cloned().unwrap_or_default();
                *self.counters.entry((name, reason)).or_default() += value;
            } else {
                *self.durations.entry(name).or_default() += value;
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

fn resource_of(resource: Option<&Resource>) -> BTreeMap<String, String> {
    resource.map(|resource| attributes(&resource.attributes)).unwrap_or_default()
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
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
    use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, ScopeMetrics, Sum};

    use super::*;

    fn text(key: &str, value: &str) -> KeyValue {
        let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
        KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
    }

    fn lost(reason: &str, value: i64) -> ResourceMetrics {
        let point = NumberDataPoint {
            attributes: vec![text("underspan.reason", reason)],
            value: Some(Value::AsInt(value)),
            ..NumberDataPoint::default()
        };
        let temporality = AggregationTemporality::Cumulative as i32;
        let sum = Sum { data_points: vec![point], aggregation_temporality: temporality, is_monotonic: true };
        let metric = Metric {
            name: "underspan.exchanges.lost".to_owned(),
            data: Some(Data::Sum(sum)),
            ..Metric::default()
        };
        ResourceMetrics {
            resource: Some(Resource { attributes: vec![text("service.name", "underspan")], ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
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
