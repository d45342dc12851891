//! OTLP over HTTP (protobuf or JSON) and gRPC, each signal with an endpoint and a queue of its own.
use std::{path::PathBuf, time::Duration};

use http::{HeaderMap, Uri};

use super::{Destination, Entry, Error, Exporter, Limits, Signal, retry};

mod answer;
mod attempt;
pub mod env;
mod grpc;
mod gzip;
mod http_post;
pub mod json;
mod tls;

/// The line in the registry.
pub const ENTRY: Entry = Entry { name: "otlp", open };

/// Sent with every request; gRPC appends the name of its library.
const USER_AGENT: &str = concat!("underspan/", env!("CARGO_PKG_VERSION"));
/// Largest response that is read, as the OTLP specification limits it.
const MAX_RESPONSE: usize = 4 << 20;

/// Where both signals go.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where spans go.
    pub traces: Target,
    /// Where metrics go.
    pub metrics: Target,
    /// When a batch is sent again.
    pub retry: retry::Settings,
    /// What may wait, per signal.
    pub queue: Limits,
    /// Requests in flight, per signal; more than one hides the latency of a distant receiver.
    pub concurrency: usize,
}

/// How requests of one signal are sent.
#[derive(Debug, Clone)]
pub struct Target {
    /// Complete URL; of a gRPC target only scheme and authority matter.
    pub endpoint: Uri,
    /// Transport and encoding.
    pub protocol: Protocol,
    /// Sent with every request; marked as sensitive, so that `Debug` does not show the values.
    pub headers: HeaderMap,
    /// Of request bodies.
    pub compression: Compression,
    /// For one request and its response; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// Files for https.
    pub tls: Tls,
}

/// Transport and encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC.
    Grpc,
    /// Protobuf over HTTP/1.1.
    HttpProtobuf,
    /// JSON over HTTP/1.1.
    HttpJson,
}

/// Compression of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip.
    Gzip,
    /// None.
    None,
}

/// PEM files for https.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificate authorities to trust; without it, the host's.
    pub certificate: Option<PathBuf>,
    /// Private key of the client certificate.
    pub client_key: Option<PathBuf>,
    /// Certificate chain the agent presents.
    pub client_certificate: Option<PathBuf>,
}

fn open(settings: &super::Settings) -> Result<Vec<Destination>, Error> {
    let Some(settings) = &settings.otlp else { return Ok(Vec::new()) };
    [("otlp/traces", Signal::Traces, &settings.traces), ("otlp/metrics", Signal::Metrics, &settings.metrics)]
        .into_iter()
        .map(|(name, signal, target)| {
            Ok(Destination {
                name,
                signal: Some(signal),
                exporter: exporter(target)?,
                limits: settings.queue,
                retry: settings.retry,
                concurrency: settings.concurrency,
            })
        })
        .collect()
}

fn exporter(target: &Target) -> Result<Box<dyn Exporter>, Error> {
    Ok(match target.protocol {
        Protocol::Grpc => Box::new(grpc::Grpc::new(target)?),
        Protocol::HttpProtobuf | Protocol::HttpJson => Box::new(http_post::HttpPost::new(target)?),
    })
}
