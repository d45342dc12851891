//! Who a process is, in OpenTelemetry's words.
use underspan_protocols::message::{Attribute, Attributes, Value};

/// One exported `Resource`: a traced process. Shared by every span and metric of the process.
#[derive(Debug, PartialEq)]
pub struct Resource {
    /// Process id as the agent sees it.
    pub pid: u32,
    /// `service.name`, also among `attributes`.
    pub service: String,
    /// All resource attributes; names are unique.
    pub attributes: Attributes,
}

impl Resource {
    /// The value of an attribute.
    pub fn get(&self, attribute: Attribute) -> Option<&Value> {
        self.attributes.iter().find(|(name, _)| name.name == attribute.name).map(|(_, value)| value)
    }
}

/// Collects attributes; what is said first stays.
#[derive(Debug, Default)]
pub(super) struct Collected(pub(super) Attributes);

impl Collected {
    pub(super) fn say(&mut self, attribute: Attribute, value: Value) {
        if !self.0.iter().any(|(known, _)| known.name == attribute.name) {
            self.0.push((attribute, value));
        }
    }

    pub(super) fn say_text(&mut self, attribute: Attribute, text: impl Into<String>) {
        self.say(attribute, Value::String(text.into()));
    }
}
