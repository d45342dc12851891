//! batches -> OTLP, standard output
//!
//! Producers hand over encoded batches without waiting; each destination has a queue of its own, bounded in
//! items and bytes. Whatever is not delivered is counted under a [`DropReason`], so that per destination
//! `pushed = exported + dropped + waiting`.
use std::{future::Future, pin::Pin, time::Duration};

use bytes::Bytes;

pub mod otlp;
pub mod pipeline;
pub mod stdout;

pub use pipeline::{
    Pipeline, Sender,
    counters::{Counters, DropReason, Totals},
    queue::Limits,
    retry,
};

/// Which OTLP service a batch goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// `ExportTraceServiceRequest`.
    Traces,
    /// `ExportMetricsServiceRequest`.
    Metrics,
}

/// One encoded OTLP export request.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What it holds.
    pub signal: Signal,
    /// The request message, protobuf, not compressed.
    pub body: Bytes,
    /// Spans or data points in it.
    pub items: u64,
}

/// A way out. Every file and folder beside `pipeline` is one, with a line in [`REGISTRY`].
pub trait Exporter: Send + Sync {
    /// Gives the body the form it is sent in (frames, compression, text). Called once per batch, however
    /// often it is sent.
    fn encode(&self, batch: Batch) -> Batch {
        batch
    }

    /// Sends an encoded batch, once.
    fn export(&self, batch: &Batch) -> Sending<'_>;
}

/// A batch on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// What became of one attempt to send a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Delivered, perhaps in part. Never sent again.
    Accepted {
        /// Items the receiver says it did not take.
        rejected: u64,
        /// What it says about them, or a warning; empty when it has nothing to say.
        message: String,
    },
    /// Not delivered, and never will be.
    Refused {
        /// What to count the items as.
        reason: DropReason,
        /// For the log.
        error: String,
    },
    /// Not delivered; worth another try.
    Failed {
        /// What to count the items as when this was the last try.
        reason: DropReason,
        /// How long the receiver asks to be left alone.
        after: Option<Duration>,
        /// For the log.
        error: String,
    },
}

impl Outcome {
    /// Everything was taken.
    pub const OK: Self = Self::Accepted { rejected: 0, message: String::new() };
}

/// An exporter with what surrounds it.
pub struct Destination {
    /// For counters and log lines: `otlp/traces`.
    pub name: &'static str,
    /// The only signal it takes; `None` takes all.
    pub signal: Option<Signal>,
    /// The way out.
    pub exporter: Box<dyn Exporter>,
    /// What may wait for it.
    pub limits: Limits,
    /// When to try again.
    pub retry: retry::Settings,
    /// Batches on their way at a time, from 1.
    pub concurrency: usize,
}

/// What each exporter is asked to do; `None` leaves it out.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// To an OTLP receiver.
    pub otlp: Option<otlp::Settings>,
    /// To standard output.
    pub stdout: Option<stdout::Settings>,
}

/// Why an exporter cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A PEM file is missing or is not what it should be.
    #[error("cannot use {path} for TLS: {problem}")]
    Tls {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A client certificate without its key, or the other way round.
    #[error("a TLS client certificate and its private key go together; only one is given")]
    HalfIdentity,
    /// An endpoint from the configuration.
    #[error("cannot export to `{endpoint}`: {problem}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A header from the configuration. Its value may be a secret and is not shown.
    #[error("`{name}` is not a valid header, or its value is not")]
    Header {
        /// Name of the header.
        name: String,
    },
    /// The exporters' thread cannot be started.
    #[error("cannot start the export thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// One exporter.
pub struct Entry {
    /// Its file or folder in `export/`.
    pub name: &'static str,
    /// Opens what the settings ask of it.
    pub open: fn(&Settings) -> Result<Vec<Destination>, Error>,
}

/// Every exporter.
pub static REGISTRY: &[Entry] = &[otlp::ENTRY, stdout::ENTRY];

/// Opens everything the settings ask for.
pub fn open(settings: &Settings) -> Result<Vec<Destination>, Error> {
    let mut destinations = Vec::new();
    for entry in REGISTRY {
        destinations.extend((entry.open)(settings)?);
    }
    Ok(destinations)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::{collections::BTreeSet, fs};

    #[test]
    fn every_exporter_has_its_line() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/export");
        let files: BTreeSet<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "mod" && name != "pipeline")
            .collect();
        let lines: BTreeSet<_> = super::REGISTRY.iter().map(|entry| entry.name.to_owned()).collect();
        let alone: Vec<_> = files.symmetric_difference(&lines).collect();
        assert!(
            alone.is_empty(),
            "a file in export/ and its line in REGISTRY (`{{name}}::ENTRY`, export/mod.rs) go together: {alone:?}"
        );
    }
}
