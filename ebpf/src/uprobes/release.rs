//! Taking probes back. The kernel closes perf events of probes in user space one after the other, about 0.1 s each; a link for many at once
//! takes less than that as a whole.

use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::UprobeLink;

/// Threads that close descriptors at the same time.
const THREADS: usize = 16;

/// Links of this process that are being closed, and word of each that is closed.
static CLOSING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// A link that is counted until it is closed.
struct Closing(Option<UprobeLink>);

impl Closing {
    fn begin(link: UprobeLink) -> Self {
        *CLOSING.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(Some(link))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        drop(self.0.take());
        *CLOSING.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        CLOSING.1.notify_all();
    }
}

/// Waits until every link that was [released](release) is closed, no longer than `patience`. Returns how many are not. To be called before
/// the process ends: of a thread that ends in the middle of closing a link, the kernel leaves breakpoints behind ("leaking uprobe").
pub fn finish_releasing(patience: Duration) -> usize {
    let closing = CLOSING.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = CLOSING.1.wait_timeout_while(closing, patience, |closing| *closing > 0);
    *waited.unwrap_or_else(PoisonError::into_inner).0
}

/// Closes links, several at a time. Returns how many were still open at the end of `patience`; they go on being closed
/// ([`finish_releasing`]). Programs stop seeing processes the moment these leave `targets`, which does not wait for this.
pub fn release(links: Vec<UprobeLink>, patience: Duration) -> usize {
    let end = Instant::now() + patience;
    let all = links.len();
    let (done, closed) = mpsc::channel();
    let queue = Arc::new(Mutex::new(links.into_iter().map(Closing::begin).collect::<Vec<_>>()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_released_is_waited_for() {
        let link = || UprobeLink { held: Vec::new(), points: 1, refused: Vec::new() };
        release((0..100).map(|_| link()).collect(), Duration::ZERO);
        assert_eq!(finish_releasing(Duration::from_mins(1)), 0);
    }
}
