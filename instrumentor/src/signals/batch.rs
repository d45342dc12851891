//! Exchanges and calls -> batches of spans, grouped by the process they belong to.
use std::sync::Arc;

use super::{envelope, span};
use crate::{
    correlate::exchange::{Call, Exchange},
    discover::resource::Resource,
    export::{Batch, Signal},
};

/// When a batch is full.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Spans per batch; 512 is what OpenTelemetry's own processors send.
    pub max_spans: usize,
    /// Encoded bytes per batch: receivers commonly refuse more than 4 MiB.
    pub max_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_spans: 512, max_bytes: 2 << 20 }
    }
}

/// Buffers that a burst grew beyond this are given back.
const KEPT_CAPACITY: usize = 256 << 10;
/// Emptied buffers kept for the next batch.
const KEPT_BUFFERS: usize = 16;

/// Collects spans, each written once into its resource's buffer.
#[derive(Debug)]
pub struct SpanBatcher {
    settings: Settings,
    groups: Vec<Group>,
    spare: Vec<Vec<u8>>,
    spans: usize,
    bytes: usize,
}

/// The spans of one resource.
#[derive(Debug)]
struct Group {
    resource: Arc<Resource>,
    spans: Vec<u8>,
}

impl SpanBatcher {
    /// An empty batcher.
    pub fn new(settings: Settings) -> Self {
        Self { settings, groups: Vec::new(), spare: Vec::new(), spans: 0, bytes: 0 }
    }

    /// Adds a span. True when the batch is full: [`take`](Self::take) it before the next push.
    pub fn push(&mut self, exchange: &Exchange) -> bool {
        self.add(&exchange.resource, |out| span::write(out, exchange))
    }

    /// The same of a call.
    pub fn push_call(&mut self, call: &Call) -> bool {
        self.add(&call.resource, |out| span::write_call(out, call))
    }

    fn add(&mut self, resource: &Arc<Resource>, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        // Spans of a process come in runs, and the newest process is the likeliest.
        let known = self.groups.iter().rposition(|group| Arc::ptr_eq(&group.resource, resource));
        let index = known.unwrap_or_else(|| {
            let spans = self.spare.pop().unwrap_or_default();
            self.groups.push(Group { resource: Arc::clone(resource), spans });
            self.groups.len() - 1
        });
        let buffer = &mut self.groups[index].spans;
        let before = buffer.len();
        write(buffer);
        self.bytes += buffer.len() - before;
        self.spans += 1;
        self.is_full()
    }

    /// Spans waiting.
    pub fn len(&self) -> usize {
        self.spans
    }

    /// Whether no span waits.
    pub fn is_empty(&self) -> bool {
        self.spans == 0
    }

    /// Whether the batch reached one of its limits.
    pub fn is_full(&self) -> bool {
        self.spans >= self.settings.max_spans || self.bytes >= self.settings.max_bytes
    }

    /// What was collected, as one request; `None` when there is nothing.
    pub fn take(&mut self) -> Option<Batch> {
        if self.is_empty() {
            return None;
        }
        let mut body = Vec::with_capacity(self.bytes + self.groups.len() * 512);
        for Group { resource, mut spans } in self.groups.drain(..) {
            let envelope = envelope::open(&mut body, &resource.attributes);
            body.extend_from_slice(&spans);
            envelope::close(&mut body, envelope);
            if self.spare.len() < KEPT_BUFFERS && spans.capacity() <= KEPT_CAPACITY {
                spans.clear();
                self.spare.push(spans);
            }
        }
        let items = self.spans as u64;
        self.spans = 0;
        self.bytes = 0;
        Some(Batch { signal: Signal::Traces, body: body.into(), items })
    }
}
