//! Counters -> the Prometheus text format 0.0.4.
//!
//! Names follow OpenTelemetry's rules for Prometheus: dots become underscores, the unit and `_total` are appended, units in braces are dropped.

use std::fmt::Write;

use underspan_protocols::message::Value;

use crate::signals::metrics::Counter;

/// `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A text in the making. Points of one metric are written together.
#[derive(Debug, Default)]
pub struct Text(String);

impl Text {
    /// Counters as the agent exports them over OTLP; those of one metric stand together.
    pub fn counters(&mut self, counters: &[Counter]) {
        for (index, counter) in counters.iter().enumerate() {
            let name = name(counter.metric.name, counter.metric.unit);
            let same = index > 0 && std::ptr::eq(counters[index - 1].metric, counter.metric);
            if !same {
                self.head(&name, Kind::Counter, counter.metric.description);
            }
            let labels: Vec<_> = counter
                .attributes
                .iter()
                .map(|(attribute, value)| (attribute.name.replace('.', "_"), text(value)))
                .collect();
            let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            self.point(&name, &labels, &counter.value.to_string());
        }
    }

    /// A metric with its points: labels and value each.
    pub fn metric(&mut self, name: &str, kind: Kind, help: &str, points: &[(&[(&str, &str)], String)]) {
        self.head(name, kind, help);
        for (labels, value) in points {
            self.point(name, labels, value);
        }
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a String cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn point(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{}{label}=\"{value}\"", if index == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

fn name(metric: &str, unit: &str) -> String {
    let unit = match unit {
        "By" => "_bytes",
        "s" => "_seconds",
        _ => "",
    };
    format!("{}{unit}_total", metric.replace('.', "_"))
}

fn text(value: &Value) -> String {
    match value {
        Value::Static(text) => (*text).to_owned(),
        Value::String(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::StringArray(list) => list.join(","),
    }
}

#[cfg(test)]
mod tests {
    use underspan_protocols::semconv::underspan;

    use super::*;

    #[test]
    fn counters_and_gauges() {
        let lost = |reason, value| Counter {
            metric: &underspan::EXCHANGES_LOST,
            attributes: vec![(underspan::REASON, Value::Static(reason))],
            value,
        };
        let size = Counter { metric: &underspan::CAPTURE_SIZE, attributes: Vec::new(), value: 7 };
        let mut out = Text::default();
        out.counters(&[lost("ring_full", 1), lost("a\"b\\\n", 2), size]);
        out.metric("x_up", Kind::Gauge, "Whether.", &[(&[("a", "1"), ("b", "2")], "0.5".to_owned())]);
        assert_eq!(
            out.finish(),
            "# HELP underspan_exchanges_lost_total Exchanges that passed but could not be reported.\n\
             # TYPE underspan_exchanges_lost_total counter\n\
             underspan_exchanges_lost_total{underspan_reason=\"ring_full\"} 1\n\
             underspan_exchanges_lost_total{underspan_reason=\"a\\\"b\\\\\\n\"} 2\n\
             # HELP underspan_capture_size_bytes_total Bytes of traffic copied from the kernel.\n\
             # TYPE underspan_capture_size_bytes_total counter\n\
             underspan_capture_size_bytes_total 7\n\
             # HELP x_up Whether.\n# TYPE x_up gauge\nx_up{a=\"1\",b=\"2\"} 0.5\n"
        );
    }
}
