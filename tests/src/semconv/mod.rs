//! Whether what was received keeps to the semantic conventions: names, types, units, what must be there, and
//! the rules that common backends and the conventions' own conformance suite check. Findings are named as
//! weaver names its own.
use std::{collections::BTreeSet, fmt};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use underspan_protocols::{
    message::AttributeKind,
    semconv::{SCHEMA_URL, find_attribute},
};

use crate::receiver::{Attributes, Point, Receiver, Span};

mod point;
mod span;

#[cfg(test)]
mod tests;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Kind of finding, as weaver calls it where it knows it.
    pub id: &'static str,
    /// The span, metric or resource concerned.
    pub subject: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.id, self.subject, self.problem)
    }
}

/// Names in no registry of attributes, with the reason to send them nevertheless.
const EXCEPTIONS: &[(&str, AttributeKind)] = &[
    // Named by the metrics SDK specification, which the attribute registry does not repeat.
    ("otel.metric.overflow", AttributeKind::Boolean),
];
/// Names of which the registry knows the beginning: a header's name follows.
const TEMPLATES: &[&str] = &["http.request.header.", "http.response.header."];
/// What the resource of a process must have.
const RESOURCE: &[&str] =
    &["service.name", "telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version"];

/// Everything wrong with what a receiver has taken, each finding once.
pub fn check(spans: &[Span], points: &[Point]) -> BTreeSet<Finding> {
    let mut findings = Findings::default();
    for span in spans {
        findings.surroundings(&span.resource, &span.scope.name, &span.schema_url);
        span::check(span, &mut findings);
    }
    for point in points {
        findings.surroundings(&point.resource, &point.scope.name, &point.schema_url);
        point::check(point, &mut findings);
    }
    findings.0
}

/// Asserts that nothing is wrong with what a receiver has taken.
pub fn assert_conforms(receiver: &Receiver) {
    let findings = check(&receiver.spans(), &receiver.points());
    let list: Vec<_> = findings.iter().map(Finding::to_string).collect();
    assert!(list.is_empty(), "against the semantic conventions:\n{}", list.join("\n"));
}

#[derive(Debug, Default)]
struct Findings(BTreeSet<Finding>);

impl Findings {
    fn add(&mut self, id: &'static str, subject: &str, problem: impl Into<String>) {
        self.0.insert(Finding { id, subject: subject.to_owned(), problem: problem.into() });
    }

    fn surroundings(&mut self, resource: &Attributes, scope: &str, schema_url: &str) {
        let service = resource.text("service.name").unwrap_or_default();
        let subject = format!("resource {service}");
        self.attributes(&subject, resource);
        self.required(&subject, resource, RESOURCE);
        if resource.text("telemetry.sdk.name") == Some("opentelemetry") {
            self.add(
                "reserved_name",
                &subject,
                "telemetry.sdk.name=opentelemetry belongs to the OpenTelemetry SDKs",
            );
        }
        if scope != "underspan" || schema_url != SCHEMA_URL {
            self.add("schema_url", &subject, format!("scope `{scope}` with schema `{schema_url}`"));
        }
    }

    /// Every attribute is in a registry, has its type, and is there once.
    fn attributes(&mut self, subject: &str, attributes: &Attributes) {
        let mut names = BTreeSet::new();
        for attribute in &attributes.0 {
            let name = attribute.key.as_str();
            if !names.insert(name) {
                self.add("duplicate_attribute", subject, name);
            }
            let Some(kind) = kind(name) else {
                self.add("missing_attribute", subject, format!("`{name}` is in no registry"));
                continue;
            };
            let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
            if !value.is_some_and(|value| has_kind(value, kind)) {
                self.add("type_mismatch", subject, format!("`{name}` is {value:?} and should be {kind:?}"));
            }
            if matches!(value, Some(Value::StringValue(text)) if text.is_empty()) {
                self.add("empty_value", subject, format!("`{name}` is empty"));
            }
        }
    }

    fn required(&mut self, subject: &str, attributes: &Attributes, names: &[&str]) {
        for name in names.iter().filter(|name| attributes.get(name).is_none()) {
            self.add("required_attribute_not_present", subject, format!("`{name}` is not present"));
        }
    }
}

fn kind(name: &str) -> Option<AttributeKind> {
    if TEMPLATES.iter().any(|template| name.starts_with(template)) {
        return Some(AttributeKind::StringArray);
    }
    let exception = || EXCEPTIONS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    find_attribute(name).map(|attribute| attribute.kind).or_else(exception)
}

fn has_kind(value: &Value, kind: AttributeKind) -> bool {
    match (value, kind) {
        (Value::StringValue(_), AttributeKind::String)
        | (Value::IntValue(_), AttributeKind::Int)
        | (Value::DoubleValue(_), AttributeKind::Double)
        | (Value::BoolValue(_), AttributeKind::Boolean) => true,
        (Value::ArrayValue(list), AttributeKind::StringArray) => {
            list.values.iter().all(|value| matches!(value.value, Some(Value::StringValue(_))))
        }
        _ => false,
    }
}
