//! Metric points.
use underspan_protocols::{message::Metric, semconv::find_metric};

use super::Findings;
use crate::receiver::{Point, PointValue};

/// What points of a metric must have; those of requests only.
const REQUIRED: &[(&str, &[&str])] = &[
    ("http.server.", &["http.request.method", "url.scheme"]),
    ("http.client.", &["http.request.method", "server.address", "server.port"]),
    ("db.client.", &["db.system.name"]),
    ("underspan.db.server.", &["db.system.name"]),
    ("rpc.", &["rpc.system.name"]),
];
/// The attribute of the series that holds what exceeded the bound.
const OVERFLOW: &str = "otel.metric.overflow";

pub(super) fn check(point: &Point, findings: &mut Findings) {
    let subject = format!("metric {}", point.metric);
    findings.attributes(&subject, &point.attributes);
    let Some(metric) = find_metric(&point.metric) else {
        return findings.add("missing_metric", &subject, "in no registry");
    };
    if point.unit != metric.unit {
        findings.add("unit_mismatch", &subject, format!("unit `{}` should be `{}`", point.unit, metric.unit));
    }
    attributes(point, metric, &subject, findings);
    values(point, metric, &subject, findings);
}

fn attributes(point: &Point, metric: &Metric, subject: &str, findings: &mut Findings) {
    if point.attributes.get(OVERFLOW).is_some() {
        if point.attributes.0.len() != 1 {
            findings.add("overflow", subject, "the overflow has no other attributes");
        }
        return;
    }
    for name in point.attributes.names() {
        if metric.attributes.iter().all(|attribute| attribute.name != name) {
            findings.add("unexpected_attribute", subject, format!("`{name}` is none of the metric's"));
        }
    }
    for (prefix, required) in REQUIRED {
        if point.metric.starts_with(prefix) {
            findings.required(subject, &point.attributes, required);
        }
    }
}

fn values(point: &Point, metric: &Metric, subject: &str, findings: &mut Findings) {
    let (start, time) = match &point.value {
        PointValue::Sum(point) | PointValue::Gauge(point) => {
            (point.start_time_unix_nano, point.time_unix_nano)
        }
        PointValue::Histogram(point) => {
            let buckets: u64 = point.bucket_counts.iter().sum();
            if buckets != point.count || point.bucket_counts.len() != point.explicit_bounds.len() + 1 {
                findings.add("histogram", subject, "its buckets do not add up to its count");
            }
            if !metric.boundaries.is_empty() && point.explicit_bounds != metric.boundaries {
                findings.add("histogram", subject, "its boundaries are not those that are advised");
            }
            (point.start_time_unix_nano, point.time_unix_nano)
        }
        PointValue::Exponential(point) => {
            let buckets = point.positive.as_ref().map_or(0, |buckets| buckets.bucket_counts.iter().sum());
            if point.zero_count + buckets != point.count {
                findings.add("histogram", subject, "its buckets do not add up to its count");
            }
            (point.start_time_unix_nano, point.time_unix_nano)
        }
    };
    if start == 0 || start > time {
        findings.add("invalid_time", subject, "it ends before it starts, or starts in 1970");
    }
    let histogram = matches!(point.value, PointValue::Histogram(_) | PointValue::Exponential(_));
    let measured = metric.name.ends_with(".duration") || metric.name.ends_with(".body.size");
    if histogram != measured {
        findings.add("instrument", subject, "durations and body sizes, and nothing else, are histograms");
    }
    if matches!(point.value, PointValue::Gauge(_)) == (point.temporality != 0) {
        findings.add("instrument", subject, "all but gauges have a temporality");
    }
}
