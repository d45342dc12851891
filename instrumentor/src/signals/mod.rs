//! exchanges -> spans and metric points, as encoded OTLP requests
//!
//! Drops the spans the sampler decides against, after they were counted in the metrics. Folds, but never
//! drops: series beyond the bound of a metric, routes beyond the bound of a service.
pub mod batch;
mod envelope;
pub mod metrics;
pub mod route;
pub mod sampler;
mod span;
pub mod summary;
mod wire;

pub use envelope::{SCOPE_NAME, SCOPE_VERSION};

#[cfg(test)]
pub(crate) mod tests;
