//! Spans and metrics.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Period;

/// Spans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// Whether spans are exported. Default `true`.
    pub enabled: bool,
    /// Which spans are exported, in the words of `OTEL_TRACES_SAMPLER`. Metrics are computed before. Default
    /// `parentbased_always_on`.
    pub sampler: Sampler,
    /// Share of traces the two `traceidratio` samplers keep, from 0 to 1. Default 1.
    pub ratio: f64,
    /// Spans per export request, from 1. Default 512.
    pub batch_size: u32,
    /// Spans that may wait for export, at least `batch_size`; more are dropped and counted. Default 32768.
    pub max_queue_size: u32,
    /// Longest a span waits for its batch to fill, more than 0. Default `1s`.
    pub schedule_delay: Period,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            enabled: true,
            sampler: Sampler::ParentBasedAlwaysOn,
            ratio: 1.0,
            batch_size: 512,
            max_queue_size: 32768,
            schedule_delay: Period::seconds(1),
        }
    }
}

/// Which spans are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Sampler {
    /// All.
    #[serde(rename = "always_on")]
    AlwaysOn,
    /// None.
    #[serde(rename = "always_off")]
    AlwaysOff,
    /// The share `ratio` of traces.
    #[serde(rename = "traceidratio")]
    TraceIdRatio,
    /// As the parent decided; all without parent.
    #[serde(rename = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// As the parent decided; none without parent.
    #[serde(rename = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// As the parent decided; the share `ratio` without parent.
    #[serde(rename = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

impl Sampler {
    /// Whether `traces.ratio` means something to this sampler.
    pub fn uses_ratio(self) -> bool {
        matches!(self, Self::TraceIdRatio | Self::ParentBasedTraceIdRatio)
    }
}

/// Metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Whether metrics are computed and exported. Default `true`.
    pub enabled: bool,
    /// Time between two exports, more than 0. Default `1m`.
    pub interval: Period,
    /// Whether points count from the start or from the last export. Without it
    /// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` is followed. Default `cumulative`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporality: Option<Temporality>,
    /// Kind of histogram. Without it `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` is followed. Default
    /// `explicit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// Attribute sets per metric, from 1; more are folded into one series. Default 2000.
    pub max_series: u32,
    /// A series without new values is forgotten after this time, at least `interval`. Default `5m`.
    pub ttl: Period,
    /// Whether histograms of body sizes are exported too. Default `false`.
    pub body_size: bool,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Period::seconds(60),
            temporality: None,
            histogram: None,
            max_series: 2000,
            ttl: Period::seconds(300),
            body_size: false,
        }
    }
}

/// What a point counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Temporality {
    /// The series' start.
    Cumulative,
    /// The last export.
    Delta,
    /// As `delta` for counters and histograms, `cumulative` for what goes up and down.
    LowMemory,
}

/// Kind of histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Histogram {
    /// The buckets the semantic conventions advise.
    Explicit,
    /// Base-2 exponential buckets.
    Exponential,
}
