//! The kill switch that needs nothing but a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::agent::{Control, Holder};

/// Between looks.
const LOOK: Duration = Duration::from_millis(100);

/// Why the agent must be detached, if the file exists.
pub fn present(file: &Path) -> Option<String> {
    // A file that cannot be looked at is not there: whoever made it must also make it visible.
    file.symlink_metadata().is_ok().then(|| format!("the file {} exists", file.display()))
}

/// Detaches while the file exists; forever.
pub(super) async fn watch(file: Option<PathBuf>, control: &Control) {
    let Some(file) = file else { return std::future::pending().await };
    let mut held = present(&file).is_some();
    loop {
        tokio::time::sleep(LOOK).await;
        let reason = present(&file);
        match (reason, held) {
            (Some(reason), false) => drop(control.detach(Holder::File, reason)),
            (None, true) => drop(control.attach(Holder::File)),
            _ => continue,
        }
        held = !held;
    }
}
