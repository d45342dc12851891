//! Which processes are traced, and what they are called.
use std::{borrow::Cow, collections::BTreeMap, fmt, ops::RangeInclusive};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Picks processes. Every field that is set must match (and); rules of a list are alternatives (or). At least
/// one field is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Process id (thread group id) as the agent sees it, from 1. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Glob on the path of the executable (`/proc/PID/exe`), for example `/opt/shop/**`; without a slash, on its
    /// base name, for example `python3*`. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// TCP port the process listens on: a number, or a range such as `8000-8099`. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Ports>,
    /// Beginning of the control group's path in whole components, for example `/system.slice/shop.service`.
    /// Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
}

/// Names the services that match. Selectors as in [`Rule`]; the first rule of the list that matches applies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceRule {
    /// Glob on the executable, as in a selection rule. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// Listening TCP port or range. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Ports>,
    /// Beginning of the control group's path. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// `service.name`. Default: found from the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `service.namespace`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// More resource attributes, text by name, for example `deployment.environment.name: production`.
    /// Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// TCP ports `first` to `last`, both included; `first <= last`, and `first` is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    first: u16,
    last: u16,
}

impl Ports {
    /// Reads `8080` or `8000-8099`. `None` when it is neither, contains port 0 or runs backwards.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (port(first)?, port(last)?);
        (first <= last).then_some(Self { first, last })
    }

    /// The ports as a range.
    pub fn range(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }

    /// Whether `port` is one of them.
    pub fn contains(self, port: u16) -> bool {
        self.range().contains(&port)
    }
}

fn port(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| *port != 0)
}

impl std::str::FromStr for Ports {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or("expected a port from 1 to 65535, or a range such as 8000-8099")
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.first == self.last {
            serializer.serialize_u16(self.first)
        } else {
            serializer.collect_str(self)
        }
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Ports;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port from 1 to 65535 or a range such as 8000-8099")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Ports, E> {
                Ports::parse(&number.to_string())
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Ports, E> {
                Ports::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Ports {
    fn schema_name() -> Cow<'static, str> {
        "Ports".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 65535 },
                { "type": "string", "pattern": "^[0-9]{1,5}(-[0-9]{1,5})?$" },
            ],
            "examples": [8080, "8000-8099"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_or_a_range() {
        let range = Ports::parse("8000-8099").expect("a range");
        assert!(range.contains(8000) && range.contains(8099) && !range.contains(8100));
        assert_eq!(range.to_string(), "8000-8099");
        assert_eq!(Ports::parse("443").expect("a port").to_string(), "443");
        for wrong in ["", "0", "65536", "9-8", "a", "1-", "-1", "1-2-3"] {
            assert_eq!(Ports::parse(wrong), None, "{wrong}");
        }
    }
}
