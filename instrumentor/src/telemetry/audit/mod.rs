//! what is attached to and selected -> one JSON line each
//!
//! Whoever runs a host wants to know afterwards what the agent was attached to, when and why. Written by a thread of its own, so that a slow
//! disk holds nobody up. Drops: lines for which the queue has no room or the file none; counted in [`Written`] and logged once.

mod build_id;
mod line;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

pub use line::{Action, Entry, Subject, timestamp};
use writer::Writer;

/// Lines that may wait for the disk: a fork bomb's worth, a few megabytes.
const QUEUE: usize = 16_384;

/// Hands entries to the writer; without a file, to nobody.
#[derive(Debug, Default)]
pub struct Audit {
    lane: Option<Lane>,
    written: Arc<Written>,
}

/// What became of the lines.
#[derive(Debug, Default)]
pub struct Written {
    lines: AtomicU64,
    lost: AtomicU64,
}

impl Written {
    /// Lines in the file, and lines that are missing there.
    pub fn totals(&self) -> (u64, u64) {
        (self.lines.load(Relaxed), self.lost.load(Relaxed))
    }

    fn count(&self, lines: u64, written: bool) {
        if written { &self.lines } else { &self.lost }.fetch_add(lines, Relaxed);
    }
}

#[derive(Debug)]
struct Lane {
    entries: SyncSender<Entry>,
    ended: Receiver<()>,
}

impl Audit {
    /// Writes to `file`, or to standard error when it is `-`. A file that cannot be written to is no error: it is logged, and tried again with
    /// every line. Errors when there can be no thread.
    pub fn start(file: Option<&Path>) -> std::io::Result<Self> {
        let written = Arc::new(Written::default());
        let Some(file) = file else { return Ok(Self { lane: None, written }) };
        let (entries, queue) = mpsc::sync_channel(QUEUE);
        let (end, ended) = mpsc::channel();
        let mut writer = Writer::new(file, Arc::clone(&written));
        thread::Builder::new().name("audit".to_owned()).spawn(move || {
            writer.run(&queue);
            // Gone already when nobody waits.
            let _ = end.send(());
        })?;
        Ok(Self { lane: Some(Lane { entries, ended }), written })
    }

    /// Whether anybody reads what is noted.
    pub fn is_on(&self) -> bool {
        self.lane.is_some()
    }

    /// Notes one entry. Never waits.
    pub fn note(&self, entry: Entry) {
        let Some(lane) = &self.lane else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = lane.entries.try_send(entry) {
            self.written.count(1, false);
        }
    }

    /// Counts of lines, for the agent's own numbers.
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Writes what waits, for at most `patience`.
    pub fn finish(self, patience: Duration) {
        if let Some(Lane { entries, ended }) = self.lane {
            drop(entries);
            if ended.recv_timeout(patience).is_err() {
                tracing::warn!("the audit log is not complete: its file takes too long");
            }
        }
    }
}
