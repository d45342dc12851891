//! Where telemetry goes, and the agent's own log.
use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Period, Size};

/// Where telemetry goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Export {
    /// To an OTLP receiver.
    pub otlp: Otlp,
    /// To standard output. Default `none`.
    pub stdout: Stdout,
}

/// Export over OTLP. Keys that are not set follow the `OTEL_EXPORTER_OTLP_*` variables, then their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// Whether to export over OTLP. Default `true`.
    pub enabled: bool,
    /// Base URL of the receiver; over HTTP, `v1/traces` and `v1/metrics` are appended. Default
    /// `http://localhost:4318`, or `http://localhost:4317` for gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Transport. Default `http/protobuf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// Headers of each request, text by name. Never printed. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Compression of request bodies. Default `gzip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Time limit of one request, more than 0. Default `10s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Period>,
    /// PEM file with certificate authorities to trust. Default: the host's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key of `client_certificate`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    /// PEM file with the certificate chain the agent presents; needs `client_key`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<PathBuf>,
    /// Whether a gRPC endpoint without scheme is plaintext. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    /// When a failed request is tried again.
    pub retry: Retry,
    /// Encoded bytes that may wait for this receiver, from 64 KiB; more are dropped and counted. Default `8MiB`.
    pub queue: Size,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoint: None,
            protocol: None,
            headers: BTreeMap::new(),
            compression: None,
            timeout: None,
            certificate: None,
            client_key: None,
            client_certificate: None,
            insecure: None,
            retry: Retry::default(),
            queue: Size::mebibytes(8),
        }
    }
}

/// Transport of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Protocol {
    /// gRPC.
    #[serde(rename = "grpc")]
    Grpc,
    /// Protobuf bodies over HTTP/1.1.
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

/// Compression of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip.
    Gzip,
    /// No compression.
    None,
}

/// Exponential backoff with jitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// First wait, more than 0. Default `5s`.
    pub initial_interval: Period,
    /// Longest wait, at least `initial_interval`. Default `30s`.
    pub max_interval: Period,
    /// After this time a batch is dropped and counted. Default `5m`.
    pub max_elapsed_time: Period,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            initial_interval: Period::seconds(5),
            max_interval: Period::seconds(30),
            max_elapsed_time: Period::seconds(300),
        }
    }
}

/// What goes to standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stdout {
    /// One line per span, for people.
    Text,
    /// One OTLP/JSON export request per line.
    Json,
    /// Nothing.
    #[default]
    None,
}

/// The agent's own log, on standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Least severe level that is written. Default `info`.
    pub level: LogLevel,
    /// Form of a line. Default `text`.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Text }
    }
}

/// Severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// The agent cannot do something it was asked to do.
    Error,
    /// Something is lost or off.
    Warn,
    /// What the agent does.
    Info,
    /// Why it does so.
    Debug,
    /// Every step.
    Trace,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}
