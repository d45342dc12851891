//! Entries -> the file, a few at a time.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::Written;
use super::build_id::BuildIds;
use super::line::Entry;

/// Lines per write.
const TOGETHER: usize = 256;

pub(super) struct Writer {
    /// `None`: standard error.
    file: Option<PathBuf>,
    ids: BuildIds,
    written: Arc<Written>,
    /// The last write failed ...
    failed: bool,
    /// ... in the middle of a line, as on a full disk.
    cut: bool,
}

impl Writer {
    pub(super) fn new(file: &Path, written: Arc<Written>) -> Self {
        let file = (file != Path::new("-")).then(|| file.to_owned());
        Self { file, ids: BuildIds::default(), written, failed: false, cut: false }
    }

    /// Writes until the other end is gone.
    pub(super) fn run(&mut self, queue: &Receiver<Entry>) {
        while let Ok(first) = queue.recv() {
            let mut text = String::new();
            let mut lines = 0;
            for entry in std::iter::once(first).chain(queue.try_iter().take(TOGETHER - 1)) {
                entry.write(&mut self.ids, &mut text);
                lines += 1;
            }
            let result = self.write(&text);
            self.written.count(lines, result.is_ok());
            match &result {
                Err(error) if !self.failed => {
                    let file = self.file.as_deref().unwrap_or(Path::new("-")).display();
                    tracing::error!(%file, %error, "cannot write the audit log; lines that are missing are counted");
                }
                Ok(()) if self.failed => tracing::info!("the audit log is written again"),
                _ => {}
            }
            self.failed = result.is_err();
        }
    }

    /// The file is opened each time, so it may be renamed or deleted at any time, as log rotation does.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let Some(path) = &self.file else { return io::stderr().lock().write_all(text.as_bytes()) };
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        if self.cut {
            file.write_all(b"\n")?;
        }
        self.cut = true;
        file.write_all(text.as_bytes())?;
        self.cut = false;
        Ok(())
    }
}
