//! How the receiver wants its metrics.
use super::{Parsed, Reader, Warning, variable};
use crate::{
    export::Signal,
    signals::metrics::{Shape, Temporality},
};

/// What the environment says about the form of metrics; `None` where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// What points count from.
    pub temporality: Option<Temporality>,
    /// Kind of histogram.
    pub histogram: Option<Shape>,
}

/// Reads the preferences. `lookup` reads the environment.
pub fn preferences(lookup: impl Fn(&str) -> Option<String>) -> (Preferences, Vec<Warning>) {
    let mut reader = Reader { lookup, warnings: Vec::new() };
    let name = |name| variable(Some(Signal::Metrics), name);
    let preferences = Preferences {
        temporality: reader.one(&name("TEMPORALITY_PREFERENCE"), parse_temporality),
        histogram: reader.one(&name("DEFAULT_HISTOGRAM_AGGREGATION"), parse_histogram),
    };
    (preferences, reader.warnings)
}

fn parse_temporality(text: &str) -> Result<Parsed<Temporality>, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "cumulative" => Ok(Temporality::Cumulative.into()),
        "delta" => Ok(Temporality::Delta.into()),
        "lowmemory" => Ok(Temporality::LowMemory.into()),
        _ => Err("not one of cumulative, delta, lowmemory; ignored"),
    }
}

fn parse_histogram(text: &str) -> Result<Parsed<Shape>, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "explicit_bucket_histogram" => Ok(Shape::Explicit.into()),
        "base2_exponential_bucket_histogram" => Ok(Shape::Exponential.into()),
        _ => Err("not one of explicit_bucket_histogram, base2_exponential_bucket_histogram; ignored"),
    }
}
