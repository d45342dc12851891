//! Names -> the only attributes and metrics that may leave the agent.
//!
//! [`attribute`] and [`metric`] are generated from the pinned semantic conventions, [`underspan`] holds our own.
//! A name found by neither [`find_attribute`] nor [`find_metric`] must not be emitted; tests check that.

mod generated;
pub mod underspan;

pub use generated::{SCHEMA_URL, attribute, metric};

use crate::message::{Attribute, Metric};

/// The attribute of this name, from the semantic conventions or from our own registry.
pub fn find_attribute(name: &str) -> Option<Attribute> {
    let standard = attribute::ALL.binary_search_by(|entry| entry.name.cmp(name)).ok();
    let own = || underspan::ATTRIBUTES.iter().find(|entry| entry.name == name).copied();
    standard.map(|index| attribute::ALL[index]).or_else(own)
}

/// The metric of this name, from the semantic conventions or from our own registry.
pub fn find_metric(name: &str) -> Option<&'static Metric> {
    let standard = metric::ALL.binary_search_by(|entry| entry.name.cmp(name)).ok();
    let own = || underspan::METRICS.iter().find(|entry| entry.name == name).copied();
    standard.map(|index| metric::ALL[index]).or_else(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::AttributeKind;

    #[test]
    fn tables_are_sorted_and_names_unique() {
        assert!(attribute::ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(metric::ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        for own in underspan::ATTRIBUTES {
            assert!(own.name.starts_with("underspan."), "{} is not ours", own.name);
            assert!(attribute::ALL.iter().all(|standard| standard.name != own.name));
        }
        for own in underspan::METRICS {
            assert!(own.name.starts_with("underspan."), "{} is not ours", own.name);
            assert!(own.attributes.iter().all(|of| find_attribute(of.name) == Some(*of)));
        }
    }

    #[test]
    fn types_units_and_levels_come_from_the_registry() {
        assert_eq!(SCHEMA_URL, "https://opentelemetry.io/schemas/1.44.0");
        let status = find_attribute("http.response.status_code").map(|found| found.kind);
        assert_eq!(status, Some(AttributeKind::Int));
        assert_eq!(find_attribute("http.status_code"), None, "deprecated names are left out");
        let duration = find_metric("http.server.request.duration").expect("it is stable");
        assert_eq!(duration.unit, "s");
        assert_eq!(duration.boundaries.len(), 14);
        assert!(duration.attributes.contains(&attribute::HTTP_ROUTE));
        assert!(!duration.attributes.contains(&attribute::SERVER_ADDRESS), "opt-in, set by strangers");
    }

    #[test]
    fn our_own_names_are_found() {
        assert_eq!(find_attribute("underspan.reason"), Some(underspan::REASON));
        let lost = find_metric("underspan.exchanges.lost").map(|metric| metric.name);
        assert_eq!(lost, Some(underspan::EXCHANGES_LOST.name));
        assert_eq!(find_attribute("underspan.nonsense"), None);
    }
}
