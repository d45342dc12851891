//! Registry of the semantic conventions (condensed JSON) -> `protocols/src/semconv/generated.rs`.
//!
//! The registry holds `attributes.{name} = {type, deprecated?}` and
//! `metrics.{name} = {unit, deprecated, attributes{name: level}}`. Deprecated names are left out, and so are
//! template attributes (`http.request.header.<key>`), whose full names are not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// What a host agent can say about a process. Attributes of other namespaces appear only where a metric needs them.
const ATTRIBUTES: &[&str] = &[
    "client",
    "cloud",
    "code",
    "container",
    "cpu",
    "cpython",
    "db",
    "deployment",
    "destination",
    "disk",
    "dns",
    "error",
    "exception",
    "go",
    "graphql",
    "host",
    "http",
    "jvm",
    "k8s",
    "messaging",
    "network",
    "nodejs",
    "os",
    "otel",
    "process",
    "rpc",
    "server",
    "service",
    "source",
    "system",
    "telemetry",
    "thread",
    "tls",
    "url",
    "user_agent",
    "v8js",
];

/// Namespaces of the metrics.
const METRICS: &[&str] = &[
    "container",
    "cpython",
    "db",
    "dns",
    "go",
    "http",
    "jvm",
    "messaging",
    "nodejs",
    "otel",
    "process",
    "rpc",
    "system",
    "v8js",
];

/// Boundaries of durations of requests, from the text of the conventions: the registry has none.
const REQUEST: &str = "[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0]";

/// Boundaries the text of the conventions advises, by metric.
const BOUNDARIES: &[(&str, &str)] = &[
    ("db.client.operation.duration", "[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]"),
    (
        "db.client.response.returned_rows",
        "[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0]",
    ),
    ("dns.lookup.duration", REQUEST),
    (
        "http.client.connection.duration",
        "[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0]",
    ),
    ("http.client.request.duration", REQUEST),
    ("http.server.request.duration", REQUEST),
    ("jvm.gc.duration", "[0.01, 0.1, 1.0, 10.0]"),
    ("messaging.client.operation.duration", REQUEST),
    ("messaging.process.duration", REQUEST),
    ("rpc.client.call.duration", REQUEST),
    ("rpc.server.call.duration", REQUEST),
];

/// Writes the table and formats it.
pub(crate) fn generate(registry: &Path, root: &Path) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(registry).with_context(|| format!("reading {}", registry.display()))?;
    let registry: Value = serde_json::from_str(&text).context("the registry is not JSON")?;
    let table = render(&Registry::read(&registry)?)?;
    let target = root.join("protocols/src/semconv/generated.rs");
    std::fs::write(&target, table).with_context(|| format!("writing {}", target.display()))?;
    let status = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root)
        .arg(&target)
        .status()
        .context("running rustfmt")?;
    ensure!(status.success(), "rustfmt failed");
    Ok(())
}

/// The part of the registry that is kept.
struct Registry {
    schema_url: String,
    /// Name -> variant of `AttributeKind`.
    attributes: BTreeMap<String, &'static str>,
    metrics: BTreeMap<String, MetricEntry>,
}

struct MetricEntry {
    unit: String,
    /// Required, conditionally required and recommended attributes.
    attributes: Vec<String>,
}

impl Registry {
    fn read(json: &Value) -> anyhow::Result<Self> {
        let metrics = metrics(json)?;
        let needed: BTreeSet<&String> = metrics.values().flat_map(|metric| &metric.attributes).collect();
        let mut attributes = BTreeMap::new();
        for (name, entry) in object(json, "attributes")? {
            let kept = within(name, ATTRIBUTES) || needed.contains(name);
            if kept
                && !deprecated(entry)
                && let Some(kind) = kind(&entry["type"])
            {
                attributes.insert(name.clone(), kind);
            }
        }
        for name in needed {
            ensure!(
                attributes.contains_key(name),
                "a metric uses {name}, which has no type this table can hold"
            );
        }
        let schema_url = json["schema_url"].as_str().context("the registry has no schema_url")?.to_owned();
        Ok(Self { schema_url, attributes, metrics })
    }
}

fn metrics(json: &Value) -> anyhow::Result<BTreeMap<String, MetricEntry>> {
    let mut metrics = BTreeMap::new();
    for (name, entry) in object(json, "metrics")? {
        if !within(name, METRICS) || deprecated(entry) {
            continue;
        }
        let unit = entry["unit"].as_str().with_context(|| format!("{name} has no unit"))?.to_owned();
        let mut attributes: Vec<String> = Vec::new();
        for (attribute, level) in object(entry, "attributes")? {
            if level != "opt_in" {
                attributes.push(attribute.clone());
            }
        }
        attributes.sort();
        metrics.insert(name.clone(), MetricEntry { unit, attributes });
    }
    Ok(metrics)
}

fn object<'a>(json: &'a Value, key: &str) -> anyhow::Result<&'a serde_json::Map<String, Value>> {
    json[key].as_object().with_context(|| format!("`{key}` is not an object"))
}

fn within(name: &str, namespaces: &[&str]) -> bool {
    name.split('.').next().is_some_and(|first| namespaces.contains(&first))
}

fn deprecated(entry: &Value) -> bool {
    !matches!(entry["deprecated"], Value::Null | Value::Bool(false))
}

/// The variant of `AttributeKind`, or nothing for types no attribute of ours has.
fn kind(json: &Value) -> Option<&'static str> {
    if let Some(members) = json["enum"].as_array() {
        return Some(if members.iter().all(Value::is_number) { "Int" } else { "String" });
    }
    match json.as_str()? {
        "string" => Some("String"),
        "int" => Some("Int"),
        "double" => Some("Double"),
        "boolean" => Some("Boolean"),
        "string[]" => Some("StringArray"),
        _ => None,
    }
}

fn render(registry: &Registry) -> anyhow::Result<String> {
    let version = registry.schema_url.rsplit('/').next().context("the schema_url ends with a version")?;
    let mut out = format!(
        "//! Generated from the OpenTelemetry semantic conventions {version} by\n\
         //! `cargo xtask semconv semconv-{version}.registry.min.json`; do not edit.\n\n\
         use crate::message::{{Attribute, AttributeKind, Metric}};\n\n\
         /// Schema these names belong to.\n\
         pub const SCHEMA_URL: &str = \"{}\";\n\n",
        registry.schema_url
    );
    render_attributes(&mut out, registry)?;
    render_metrics(&mut out, registry)?;
    Ok(out)
}

fn render_attributes(out: &mut String, registry: &Registry) -> anyhow::Result<()> {
    out.push_str("/// Attributes, by name in upper case.\npub mod attribute {\nuse super::{Attribute, AttributeKind};\n");
    for (name, kind) in &registry.attributes {
        writeln!(out, "\n/// `{name}`")?;
        writeln!(
            out,
            "pub const {}: Attribute = Attribute {{ name: \"{name}\", kind: AttributeKind::{kind} }};",
            constant(name)
        )?;
    }
    out.push_str("\n/// All of the above, sorted by name.\npub static ALL: &[Attribute] = &[");
    for name in registry.attributes.keys() {
        write!(out, "{}, ", constant(name))?;
    }
    out.push_str("];\n}\n\n");
    Ok(())
}

fn render_metrics(out: &mut String, registry: &Registry) -> anyhow::Result<()> {
    out.push_str("/// Metrics, by name in upper case.\npub mod metric {\nuse super::{Metric, attribute};\n");
    for (name, metric) in &registry.metrics {
        let boundaries = BOUNDARIES.iter().find(|(of, _)| of == name).map_or("[]", |(_, list)| list);
        writeln!(out, "\n/// `{name}`")?;
        writeln!(
            out,
            "pub static {}: Metric = Metric {{ name: \"{name}\", unit: \"{}\", description: \"\", \
             boundaries: &{boundaries}, attributes: &[",
            constant(name),
            metric.unit
        )?;
        for attribute in &metric.attributes {
            write!(out, "attribute::{}, ", constant(attribute))?;
        }
        out.push_str("] };\n");
    }
    out.push_str("\n/// All of the above, sorted by name.\npub static ALL: &[&Metric] = &[");
    for name in registry.metrics.keys() {
        write!(out, "&{}, ", constant(name))?;
    }
    out.push_str("];\n}\n");
    for (name, _) in BOUNDARIES {
        ensure!(
            registry.metrics.contains_key(*name),
            "{name} has boundaries but is no metric of the registry"
        );
    }
    Ok(())
}

fn constant(name: &str) -> String {
    name.replace(['.', '-'], "_").to_uppercase()
}
