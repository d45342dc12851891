//! Attribute names that are known only at run time: from targets' environments and from the configuration.
use std::sync::Mutex;

use underspan_protocols::{
    message::{Attribute, AttributeKind, Value},
    semconv,
};

/// Different names kept at most; they come from strangers.
const NAMES: usize = 256;
/// Longest name, in bytes.
const LENGTH: usize = 128;
/// Longest value, in characters.
const VALUE: usize = 1024;

/// Names in use, which live as long as the agent: that lets every later stage copy an [`Attribute`] freely.
static KNOWN: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// The attribute of this name with the value typed as the conventions want it. `None` when the value has the wrong
/// type, the name is no attribute's name, or there are too many names already.
pub(super) fn attribute(name: &str, value: &str) -> Option<(Attribute, Value)> {
    let attribute = match semconv::find_attribute(name) {
        Some(attribute) => attribute,
        None => Attribute { name: keep(name)?, kind: AttributeKind::String },
    };
    let value = printable(value, VALUE);
    let value = match attribute.kind {
        AttributeKind::String => Value::String(value),
        AttributeKind::Int => Value::Int(value.parse().ok()?),
        AttributeKind::Double => Value::Double(value.parse().ok()?),
        AttributeKind::Boolean => Value::Boolean(value.parse().ok()?),
        AttributeKind::StringArray => Value::StringArray(vec![value]),
    };
    Some((attribute, value))
}

/// Text without what could steer a terminal, cut at `longest` characters.
pub(super) fn printable(text: &str, longest: usize) -> String {
    text.chars().take(longest).map(|letter| if letter.is_control() { '_' } else { letter }).collect()
}

fn keep(name: &str) -> Option<&'static str> {
    let sound = !name.is_empty() && name.len() <= LENGTH && name.bytes().all(|byte| byte.is_ascii_graphic());
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(kept) = known.iter().find(|kept| **kept == name) {
        return Some(kept);
    }
    if !sound || known.len() == NAMES {
        return None;
    }
    let kept: &'static str = String::leak(name.to_owned());
    known.push(kept);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_type_of_the_conventions() {
        let named = |name, value| attribute(name, value).map(|(attribute, value)| (attribute.name, value));
        assert_eq!(
            named("service.version", "1.0"),
            Some(("service.version", Value::String("1.0".to_owned())))
        );
        assert_eq!(named("process.pid", "12"), Some(("process.pid", Value::Int(12))));
        assert_eq!(named("process.pid", "twelve"), None);
        assert_eq!(named("team.color", "r\x1b[d"), Some(("team.color", Value::String("r_[d".to_owned()))));
        assert_eq!(named("", "x"), None);
        assert_eq!(named("with space", "x"), None);
        assert_eq!(named(&"n".repeat(LENGTH + 1), "x"), None);
    }

    #[test]
    fn a_name_is_kept_once() {
        let first = keep("team.name").expect("room for it");
        assert!(std::ptr::eq(first, keep("team.name").expect("known")));
    }
}
