//! What tracing may cost the host.
use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::units::Period;

/// What tracing may cost in the kernel, where it slows down whoever is traced: shares of one CPU. A process that costs more is not traced for
/// a while, then tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Of one process, such as `25%` of one CPU, or `off`. Default `25%`.
    pub target: Share,
    /// Of all processes together; the dearest goes first. Default `50%`.
    pub host: Share,
    /// How long a process is not traced the first time, more than 0; each time in a row twice as long. Default `30s`.
    pub initial_pause: Period,
    /// How long at most, at least `initial_pause`. Default `10m`.
    pub max_pause: Period,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            target: Share::Percent(25.0),
            host: Share::Percent(50.0),
            initial_pause: Period::seconds(30),
            max_pause: Period::seconds(600),
        }
    }
}

/// A share of one CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    /// No limit.
    Off,
    /// Percent; more than 100 is more than one CPU.
    Percent(f64),
}

const EXPECTED: &str = "expected a share of one CPU such as 10%, more than 0, or off";

impl Share {
    /// 1 is a whole CPU; `None` without limit.
    pub fn cpus(self) -> Option<f64> {
        match self {
            Self::Off => None,
            Self::Percent(percent) => Some(percent / 100.0),
        }
    }
}

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let percent: f64 =
            text.strip_suffix('%').and_then(|number| number.trim_end().parse().ok()).ok_or(EXPECTED)?;
        if percent > 0.0 && percent.is_finite() { Ok(Self::Percent(percent)) } else { Err(EXPECTED) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|expected| de::Error::custom(format_args!("{expected}, found {text:?}")))
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["10%", "0.5%", "off"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_or_off() {
        for text in ["10%", "0.5%", "150%", "off"] {
            assert_eq!(text.parse::<Share>().map(|share| share.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("50 %".parse::<Share>().map(Share::cpus), Ok(Some(0.5)));
        for wrong in ["", "10", "%", "0%", "-1%", "NaN%", "inf%", "OFF", "10%%"] {
            assert_eq!(wrong.parse::<Share>(), Err(EXPECTED), "{wrong}");
        }
    }
}
