//! Taking probes back. The kernel closes perf events of probes in user space one after the other, about 0.1 s each; a link for many at once
//! takes less than that as a whole.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::UprobeLink;

/// Threads that close descriptors at the same time.
const THREADS: usize = 16;

/// Closes links, several at a time. Returns how many were still open at the end of `patience`; they go on being closed, at the latest by the
/// end of the process. Programs stop seeing processes the moment these leave `targets`, which does not wait for this.
pub fn release(links: Vec<UprobeLink>, patience: Duration) -> usize {
    let end = Instant::now() + patience;
    let all = links.len();
    let (done, closed) = mpsc::channel();
    let queue = Arc::new(Mutex::new(links));
    for _ in 0..all.min(THREADS) {
        let (queue, done) = (Arc::clone(&queue), done.clone());
        let closing = move || {
            loop {
                // The lock ends with the statement: closing happens without it. No panic can happen while it is held.
                let link = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(link) = link else { return };
                drop(link);
                // Nobody listens when patience has run out.
                let _ = done.send(());
            }
        };
        if thread::Builder::new().name("detach".to_owned()).spawn(closing).is_err() {
            break;
        }
    }
    drop(done);
    let mut left = all;
    while left > 0 && closed.recv_timeout(end.saturating_duration_since(Instant::now())).is_ok() {
        left -= 1;
    }
    left
}
