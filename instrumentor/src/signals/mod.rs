//! exchanges -> spans and metric points, as encoded OTLP requests
//!
//! Drops the spans the sampler decides against, after they were counted in the metrics. Folds, but never drops: series beyond
//! the bound of a metric, routes beyond the bound of a service.
use underspan_protocols::message::{Attribute, AttributeKind};

pub mod batch;
mod envelope;
pub mod metrics;
pub mod route;
pub mod sampler;
mod span;
pub mod summary;
mod wire;

pub use envelope::{SCHEMA_URL, SCOPE_NAME, SCOPE_VERSION};

/// Class of error an operation ended with; absent when it succeeded.
pub const ERROR_TYPE: Attribute = Attribute { name: "error.type", kind: AttributeKind::String };

#[cfg(test)]
pub(crate) mod tests;
