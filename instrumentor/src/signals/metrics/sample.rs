//! A value on its way into a series, and what it was measured of.
use std::sync::Arc;

use underspan_protocols::message::{Attributes, Metric};

use crate::{correlate::exchange::Exchange, discover::resource::Resource};

/// How the values of a metric are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instrument {
    /// All of them, in buckets.
    Histogram,
    /// Their sum, which only grows: each value is an increment, a whole number.
    Counter,
    /// The latest, a whole number that may rise and fall.
    Level,
}

/// One value of a metric.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Of which metric.
    pub metric: &'static Metric,
    /// How it is put together with others.
    pub instrument: Instrument,
    /// Its series.
    pub attributes: Attributes,
    /// In the metric's unit.
    pub value: f64,
}

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) resource: &'a Arc<Resource>,
    pub(super) attributes: &'a Attributes,
    /// `error.type`, which an exchange keeps apart.
    pub(super) error: Option<&'a str>,
    /// It may serve as an example.
    pub(super) exchange: Option<&'a Exchange>,
    pub(super) instrument: Instrument,
    pub(super) value: f64,
}

impl<'a> Sample<'a> {
    pub(super) fn of(exchange: &'a Exchange, value: f64) -> Self {
        Self {
            resource: &exchange.resource,
            attributes: &exchange.attributes,
            error: exchange.error.as_deref(),
            exchange: Some(exchange),
            instrument: Instrument::Histogram,
            value,
        }
    }
}
