//! Points against a naive account of the same exchanges.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a test fails by panicking")]
use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{KeyValue, any_value::Value as Any},
    metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, metric::Data},
};
use proptest::prelude::*;
use prost::Message;
use underspan_protocols::message::{Attribute, AttributeKind, Value};

use super::*;
use crate::signals::tests::sample::{self, DURATION, METHOD, RESPONSE_SIZE, exchanges, resource, server};

const SECOND: u64 = 1_000_000_000;
/// Now, and the beginning, of these tests.
const NOW: u64 = 1_800_000_000 * SECOND;

/// A histogram point with where it belongs.
#[derive(Debug, Clone)]
struct Read {
    service: String,
    metric: String,
    attributes: String,
    point: HistogramDataPoint,
}

fn show(attributes: &[KeyValue]) -> String {
    let mut shown: Vec<_> = attributes
        .iter()
        .map(|attribute| match attribute.value.as_ref().unwrap().value.as_ref().unwrap() {
            Any::StringValue(text) => format!("{}={text}", attribute.key),
            Any::IntValue(number) => format!("{}={number}", attribute.key),
            Any::BoolValue(truth) => format!("{}={truth}", attribute.key),
            other => panic!("{other:?}"),
        })
        .collect();
    shown.sort();
    shown.join(" ")
}

fn decode(batches: Vec<Batch>) -> Vec<(String, String, String, Data)> {
    let mut out = Vec::new();
    for batch in batches {
        assert_eq!(batch.signal, crate::export::Signal::Metrics);
        for group in ExportMetricsServiceRequest::decode(batch.body).unwrap().resource_metrics {
            let service = show(&group.resource.unwrap().attributes[..1]);
            for scope in group.scope_metrics {
                assert_eq!(scope.schema_url, underspan_protocols::semconv::SCHEMA_URL);
                for metric in scope.metrics {
                    out.push((service.clone(), metric.name, metric.unit, metric.data.unwrap()));
                }
            }
        }
    }
    out
}

fn histograms(batches: Vec<Batch>, temporality: i32) -> Vec<Read> {
    let mut out = Vec::new();
    for (service, metric, _, data) in decode(batches) {
        let Data::Histogram(histogram) = data else { panic!("{data:?}") };
        assert_eq!(histogram.aggregation_temporality, temporality);
        out.extend(histogram.data_points.into_iter().map(|point| Read {
            service: service.clone(),
            metric: metric.clone(),
            attributes: show(&point.attributes),
            point,
        }));
    }
    out
}

fn exponential_points(batches: Vec<Batch>) -> Vec<ExponentialHistogramDataPoint> {
    let mut out = Vec::new();
    for (.., data) in decode(batches) {
        let Data::ExponentialHistogram(histogram) = data else { panic!("{data:?}") };
        out.extend(histogram.data_points);
    }
    out
}

fn sums(batches: Vec<Batch>) -> Vec<(i32, NumberDataPoint)> {
    let mut out = Vec::new();
    for (.., data) in decode(batches) {
        let Data::Sum(sum) = data else { panic!("{data:?}") };
        assert!(sum.is_monotonic);
        out.extend(sum.data_points.into_iter().map(|point| (sum.aggregation_temporality, point)));
    }
    out
}

fn metrics(change: impl FnOnce(&mut Settings)) -> Metrics {
    let mut settings = Settings::default();
    change(&mut settings);
    Metrics::new(settings, NOW)
}

/// Service, metric and attributes -> the values, by looking at every exchange again.
fn account(exchanges: &[Exchange]) -> BTreeMap<(String, &'static str, String), Vec<f64>> {
    let mut account: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for exchange in exchanges {
        for (metric, value) in [
            (&DURATION, (exchange.end - exchange.start) as f64 / 1e9),
            (&RESPONSE_SIZE, exchange.response_size as f64),
        ] {
            let mut shown = Vec::new();
            for attribute in metric.attributes {
                let held = exchange.attributes.iter().find(|(held, _)| held.name == attribute.name);
                match held.map(|(_, value)| value) {
                    Some(Value::Static(text)) => shown.push(format!("{}={text}", attribute.name)),
                    Some(Value::String(text)) => shown.push(format!("{}={text}", attribute.name)),
                    Some(Value::Int(number)) => shown.push(format!("{}={number}", attribute.name)),
                    _ => {}
                }
                if attribute.name == "error.type" {
                    shown.extend(exchange.error.iter().map(|error| format!("error.type={error}")));
                }
            }
            shown.sort();
            let service = format!("service.name={}", exchange.resource.service);
            account.entry((service, metric.name, shown.join(" "))).or_default().push(value);
        }
    }
    account
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn explicit_histograms_are_exact(exchanges in exchanges(1..80)) {
        let mut metrics = metrics(|settings| settings.body_size = true);
        for exchange in &exchanges { metrics.record(exchange); }
        let account = account(&exchanges);
        prop_assert_eq!(metrics.series(), account.len());
        let points = histograms(metrics.collect(NOW + SECOND, None), 2);
        prop_assert_eq!(points.len(), account.len());
        for Read { service, metric, attributes, point } in points {
            let boundaries = explicit::boundaries(if metric == DURATION.name { &DURATION } else { &RESPONSE_SIZE });
            let values = &account[&(service, if metric == DURATION.name { DURATION.name } else { RESPONSE_SIZE.name }, attributes)];
            let mut buckets = vec![0; boundaries.len() + 1];
            for value in values { buckets[boundaries.iter().filter(|boundary| *boundary < value).count()] += 1; }
            prop_assert_eq!(point.bucket_counts, buckets);
            prop_assert_eq!(&point.explicit_bounds, boundaries);
            prop_assert_eq!(point.count, values.len() as u64);
            prop_assert_eq!(point.sum, Some(values.iter().sum()));
            prop_assert_eq!(point.min, values.iter().copied().reduce(f64::min));
            prop_assert_eq!(point.max, values.iter().copied().reduce(f64::max));
            prop_assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (NOW, NOW + SECOND));
        }
    }

    #[test]
    fn points_since_the_last_add_up(exchanges in exchanges(1..80), every in 1..20usize) {
        let mut delta = metrics(|settings| settings.temporality = Temporality::Delta);
        let mut counted = 0;
        let mut now = NOW;
        for some in exchanges.chunks(every) {
            for exchange in some { delta.record(exchange); }
            let points = histograms(delta.collect(now + SECOND, None), 1);
            prop_assert!(points.iter().all(|read| read.point.count > 0));
            prop_assert!(points.iter().all(|read| read.point.start_time_unix_nano == now));
            counted += points.iter().map(|read| read.point.count).sum::<u64>();
            now += SECOND;
        }
        prop_assert_eq!(counted, exchanges.len() as u64);
        prop_assert!(delta.collect(now + SECOND, None).is_empty());
    }

    #[test]
    fn exponential_histograms_count_everything(exchanges in exchanges(1..80)) {
        let mut metrics = metrics(|settings| settings.histogram = Shape::Exponential);
        for exchange in &exchanges { metrics.record(exchange); }
        for _ in 0..2 {
            let points = exponential_points(metrics.collect(NOW + SECOND, None));
            prop_assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), exchanges.len() as u64);
            for point in points {
                let positive = point.positive.unwrap();
                prop_assert_eq!(point.zero_count + positive.bucket_counts.iter().sum::<u64>(), point.count);
                let base = f64::from(-point.scale).exp2().exp2();
                if point.max > Some(0.0) {
                    let end = positive.offset + i32::try_from(positive.bucket_counts.len()).unwrap();
                    prop_assert!(point.max.unwrap() <= base.powi(end) * 1.0001, "{:?} {} {}", point.max, base, end);
                }
            }
        }
    }
}

/// A request with a method of its own.
fn numbered(number: usize) -> Exchange {
    let mut exchange = server();
    exchange.attributes = vec![(METHOD, Value::String(format!("M{number}")))];
    exchange
}

#[test]
fn what_exceeds_the_bound_is_folded_and_not_dropped() {
    let mut metrics = metrics(|settings| settings.max_series = 5);
    let resource = resource("shop");
    for number in (0..20).chain(0..20) {
        metrics.record(&Exchange { resource: Arc::clone(&resource), ..numbered(number) });
    }
    let points = histograms(metrics.collect(NOW, None), 2);
    let overflow: Vec<_> =
        points.iter().filter(|read| read.attributes == "otel.metric.overflow=true").collect();
    assert_eq!((points.len(), overflow.len()), (5, 1), "the overflow is one of them");
    assert_eq!(overflow[0].point.count, 32);
    assert_eq!(points.iter().map(|read| read.point.count).sum::<u64>(), 40);

    // Each resource has its own bound, until all of them together reach theirs.
    let resources: Vec<_> = (0..60).map(|i| sample::resource(&i.to_string())).collect();
    for resource in &resources {
        for number in 0..2 {
            metrics.record(&Exchange { resource: Arc::clone(resource), ..numbered(number) });
        }
    }
    assert_eq!(metrics.series(), 5 * FULL_RESOURCES);
    let points = histograms(metrics.collect(NOW, None), 2);
    assert_eq!(points.iter().map(|read| read.point.count).sum::<u64>(), 40 + 120);
}

#[test]
fn series_and_processes_that_are_gone_are_forgotten_after_their_last_export() {
    let mut metrics = metrics(|settings| settings.ttl = Duration::from_mins(5));
    let (stays, exits) = (resource("stays"), resource("exits"));
    metrics.record(&Exchange { resource: Arc::clone(&stays), ..numbered(1) });
    metrics.record(&Exchange { resource: exits, ..numbered(2) });
    assert_eq!(histograms(metrics.collect(NOW + SECOND, None), 2).len(), 2);
    assert_eq!(metrics.series(), 1, "nobody else refers to the process that exited");

    let later = NOW + 300 * SECOND;
    assert_eq!(histograms(metrics.collect(later, None), 2).len(), 1, "still within its time to live");
    assert_eq!(histograms(metrics.collect(later + 2 * SECOND, None), 2).len(), 1, "and a last time");
    assert_eq!(metrics.series(), 0);
    assert!(metrics.collect(later + 3 * SECOND, None).is_empty());

    metrics.record(&Exchange { resource: stays, ..numbered(1) });
    let again = histograms(metrics.collect(later + 9 * SECOND, None), 2);
    assert_eq!(
        again[0].point.start_time_unix_nano,
        later + 3 * SECOND,
        "a new start, after the end of the old"
    );
}

#[test]
fn requests_are_bounded() {
    let mut metrics = metrics(|settings| settings.max_series = 30_000);
    let resource = resource("shop");
    for number in 0..20_000 {
        metrics.record(&Exchange { resource: Arc::clone(&resource), ..numbered(number) });
    }
    let batches = metrics.collect(NOW, None);
    assert!(batches.len() > 2);
    assert!(batches.iter().all(|batch| batch.items <= 8192 && batch.body.len() < 4 << 20));
    assert_eq!(batches.iter().map(|batch| batch.items).sum::<u64>(), 20_000);
    assert_eq!(histograms(batches, 2).len(), 20_000);
}

#[test]
fn examples_are_sampled_and_of_their_bucket() {
    for shape in [Shape::Explicit, Shape::Exponential] {
        let mut metrics = metrics(|settings| settings.histogram = shape);
        let resource = resource("shop");
        let of = |milliseconds: u64, flags, id| Exchange {
            resource: Arc::clone(&resource),
            end: server().start + milliseconds * 1_000_000,
            span_id: [id; 8],
            flags,
            ..server()
        };
        for exchange in [of(1, 1, 1), of(2, 3, 2), of(3, 0, 3), of(300, 1, 4)] {
            metrics.record(&exchange);
        }
        let mut exemplars = match shape {
            Shape::Explicit => histograms(metrics.collect(NOW, None), 2).remove(0).point.exemplars,
            Shape::Exponential => exponential_points(metrics.collect(NOW, None)).remove(0).exemplars,
        };
        exemplars.sort_by_key(|exemplar| exemplar.span_id.clone());
        let ids: Vec<_> = exemplars.iter().map(|exemplar| exemplar.span_id[0]).collect();
        match shape {
            Shape::Explicit => assert_eq!(ids, [2, 4], "the latest sampled one of each bucket"),
            Shape::Exponential => assert_eq!(ids, [1, 2, 4]),
        }
        let last = exemplars.last().unwrap();
        assert_eq!(last.trace_id, server().trace_id);
        let value = opentelemetry_proto::tonic::metrics::v1::exemplar::Value::AsDouble(0.3);
        assert_eq!(last.value, Some(value));
    }
    let mut without = metrics(|settings| settings.exemplars = false);
    without.record(&server());
    assert!(histograms(without.collect(NOW, None), 2)[0].point.exemplars.is_empty());
}

static LOST: Metric = Metric {
    name: "underspan.records.lost",
    unit: "{record}",
    description: "",
    boundaries: &[],
    attributes: &[],
};
const REASON: Attribute = Attribute { name: "underspan.reason", kind: AttributeKind::String };

#[test]
fn the_agents_own_counters_come_along() {
    let agent = resource("underspan");
    let counters = |a, b| {
        [("full", a), ("late", b)].map(|(reason, value)| Counter {
            metric: &LOST,
            attributes: vec![(REASON, Value::Static(reason))],
            value,
        })
    };
    for (temporality, code, second, start) in [
        (Temporality::Cumulative, 2, [5, 9], NOW - SECOND),
        (Temporality::LowMemory, 2, [5, 9], NOW - SECOND),
        (Temporality::Delta, 1, [2, 9], NOW),
    ] {
        let mut metrics = metrics(|settings| settings.temporality = temporality);
        let mut collect = |now, counters: &[Counter]| {
            let own = SelfMetrics { resource: &agent, start: NOW - SECOND, counters };
            sums(metrics.collect(now, Some(own)))
        };
        let values = |points: &[(i32, NumberDataPoint)]| {
            use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value::AsInt;
            points
                .iter()
                .map(|(_, point)| if let Some(AsInt(value)) = point.value { value } else { -1 })
                .collect::<Vec<_>>()
        };
        assert_eq!(values(&collect(NOW, &counters(3, 0))), [3, 0], "{temporality:?}");
        let points = collect(NOW + SECOND, &counters(5, 9));
        assert_eq!(values(&points), second, "{temporality:?}");
        assert!(
            points
                .iter()
                .all(|(temporality, point)| *temporality == code && point.start_time_unix_nano == start)
        );
    }
}
