//! Operating the agent while it runs.
use std::{
    borrow::Cow,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::units::Period;

/// Operating the agent while it runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Where `/healthz`, `/readyz`, `/metrics` and `/status` are served, and `POST /detach` and `/attach`: an address
    /// and a port (0 for any), or `off`. Default `127.0.0.1:4316`.
    pub listen: Listen,
    /// While this file exists, everything is detached from the kernel. Absolute path. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_switch: Option<PathBuf>,
    /// File that gets a JSON line for each program attached or detached and each process selected, deselected, paused or
    /// resumed; `-` is standard error. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_log: Option<PathBuf>,
    /// The agent ends by itself after this time, more than 0. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<Period>,
}

/// Where the admin endpoint listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// At this address.
    At(SocketAddr),
}

impl Listen {
    /// Default of `admin.listen`, beside the ports of OTLP.
    pub const DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4316);
}

impl Default for Listen {
    fn default() -> Self {
        Self::At(Self::DEFAULT)
    }
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            _ => text.parse().map(Self::At).map_err(|_| EXPECTED),
        }
    }
}

const EXPECTED: &str = "expected an address with a port such as 127.0.0.1:4316, or off";

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|expected| de::Error::custom(format_args!("{expected}, found {text:?}")))
    }
}

impl JsonSchema for Listen {
    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["127.0.0.1:4316", "[::1]:4316", "off"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_off() {
        for text in ["127.0.0.1:4316", "[::1]:0", "off"] {
            assert_eq!(text.parse::<Listen>().map(|listen| listen.to_string()).as_deref(), Ok(text));
        }
        for wrong in ["", "4316", "localhost:4316", "127.0.0.1", "OFF"] {
            assert_eq!(wrong.parse::<Listen>(), Err(EXPECTED), "{wrong}");
        }
    }
}
