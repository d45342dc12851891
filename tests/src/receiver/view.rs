//! What was received, easy to ask about.
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, metric::Data},
    trace::v1 as trace,
};

/// A list of attributes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(pub Vec<KeyValue>);

impl Attributes {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|attribute| attribute.key == name)?.value.as_ref()?.value.as_ref()
    }

    /// The value of an attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an attribute that is an integer.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::IntValue(number) => Some(*number),
            _ => None,
        }
    }

    /// Names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|attribute| attribute.key.as_str())
    }
}

/// A span with what surrounded it.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Attributes of its resource.
    pub resource: Attributes,
    /// Its scope.
    pub scope: InstrumentationScope,
    /// Schema of the scope.
    pub schema_url: String,
    /// Its own attributes.
    pub attributes: Attributes,
    /// The message.
    pub span: trace::Span,
}

/// A metric point with what surrounded it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Attributes of its resource.
    pub resource: Attributes,
    /// Its scope.
    pub scope: InstrumentationScope,
    /// Schema of the scope.
    pub schema_url: String,
    /// Name of the metric.
    pub metric: String,
    /// Unit of the metric.
    pub unit: String,
    /// `AggregationTemporality`: 1 delta, 2 cumulative, 0 for gauges.
    pub temporality: i32,
    /// Its own attributes.
    pub attributes: Attributes,
    /// Its value.
    pub value: PointValue,
}

/// Value of a point.
#[derive(Debug, Clone, PartialEq)]
pub enum PointValue {
    /// A sum.
    Sum(NumberDataPoint),
    /// A gauge.
    Gauge(NumberDataPoint),
    /// A histogram with explicit boundaries.
    Histogram(HistogramDataPoint),
    /// A histogram with exponential buckets.
    Exponential(ExponentialHistogramDataPoint),
}

impl Point {
    /// Number of values in a histogram; 0 for anything else.
    pub fn count(&self) -> u64 {
        match &self.value {
            PointValue::Histogram(point) => point.count,
            PointValue::Exponential(point) => point.count,
            PointValue::Sum(_) | PointValue::Gauge(_) => 0,
        }
    }
}

/// The spans of a request.
pub(super) fn spans(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut out = Vec::new();
    for group in request.resource_spans {
        let resource = Attributes(group.resource.unwrap_or_default().attributes);
        for scoped in group.scope_spans {
            let scope = scoped.scope.unwrap_or_default();
            out.extend(scoped.spans.into_iter().map(|span| Span {
                resource: resource.clone(),
                scope: scope.clone(),
                schema_url: scoped.schema_url.clone(),
                attributes: Attributes(span.attributes.clone()),
                span,
            }));
        }
    }
    out
}

/// The points of a request.
pub(super) fn points(request: ExportMetricsServiceRequest) -> Vec<Point> {
    let mut out = Vec::new();
    for group in request.resource_metrics {
        let resource = Attributes(group.resource.unwrap_or_default().attributes);
        for scoped in group.scope_metrics {
            let scope = scoped.scope.unwrap_or_default();
            for metric in scoped.metrics {
                let (temporality, values) = values(metric.data);
                out.extend(values.into_iter().map(|(attributes, value)| Point {
                    resource: resource.clone(),
                    scope: scope.clone(),
                    schema_url: scoped.schema_url.clone(),
                    metric: metric.name.clone(),
                    unit: metric.unit.clone(),
                    temporality,
                    attributes: Attributes(attributes),
                    value,
                }));
            }
        }
    }
    out
}

fn values(data: Option<Data>) -> (i32, Vec<(Vec<KeyValue>, PointValue)>) {
    match data {
        None | Some(Data::Summary(_)) => (0, Vec::new()),
        Some(Data::Gauge(gauge)) => (0, numbers(gauge.data_points, PointValue::Gauge)),
        Some(Data::Sum(sum)) => (sum.aggregation_temporality, numbers(sum.data_points, PointValue::Sum)),
        Some(Data::Histogram(histogram)) => {
            let points = histogram.data_points.into_iter();
            let points = points.map(|point| (point.attributes.clone(), PointValue::Histogram(point)));
            (histogram.aggregation_temporality, points.collect())
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            let points = histogram.data_points.into_iter();
            let points = points.map(|point| (point.attributes.clone(), PointValue::Exponential(point)));
            (histogram.aggregation_temporality, points.collect())
        }
    }
}

fn numbers(
    points: Vec<NumberDataPoint>,
    value: impl Fn(NumberDataPoint) -> PointValue,
) -> Vec<(Vec<KeyValue>, PointValue)> {
    points.into_iter().map(|point| (point.attributes.clone(), value(point))).collect()
}
