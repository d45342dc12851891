//! batches -> OTLP, stdout
use bytes::Bytes;

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
