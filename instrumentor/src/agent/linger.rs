//! How long spans wait for others to share a request with: longer the more of them come.

use std::time::{Duration, Instant};

/// Spans are taken from the kernel this often at least, so a shorter wait would gather nothing.
const SHORTEST: Duration = Duration::from_millis(40);

/// Decides when a batch that is not full goes. At the pace that would just fill a batch within the configured delay, it waits that long;
/// at a tenth of the pace, a tenth. So a lone span goes at once, and the number of requests per second stays small at any rate.
#[derive(Debug)]
pub(super) struct Linger {
    /// Longest wait, from the configuration.
    delay: Duration,
    /// Spans of a full batch.
    batch: u64,
    /// Spans in the last whole window of `delay`, and in the one that began at `window`.
    before: u64,
    now: u64,
    window: Instant,
    /// When the oldest span that waits came.
    oldest: Option<Instant>,
}

impl Linger {
    pub(super) fn new(delay: Duration, batch: usize) -> Self {
        let batch = u64::try_from(batch).unwrap_or(u64::MAX).max(1);
        Self { delay, batch, before: 0, now: 0, window: Instant::now(), oldest: None }
    }

    /// A span waits.
    pub(super) fn add(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.window);
        if passed >= self.delay {
            self.before = if passed >= self.delay * 2 { 0 } else { self.now };
            (self.now, self.window) = (0, at);
        }
        self.now += 1;
        self.oldest.get_or_insert(at);
    }

    /// Nothing waits any more.
    pub(super) fn clear(&mut self) {
        self.oldest = None;
    }

    /// Whether what waits has waited long enough.
    pub(super) fn is_over(&self, at: Instant) -> bool {
        let wait = self.wait();
        self.oldest.is_some_and(|oldest| wait < SHORTEST || at.saturating_duration_since(oldest) >= wait)
    }

    fn wait(&self) -> Duration {
        let pace = self.before.max(self.now).min(self.batch);
        let nanos = self.delay.as_nanos() * u128::from(pace) / u128::from(self.batch);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Times a second that batches go when so many spans come evenly and are looked at every 40 ms, and the longest wait.
    fn run(rate: u32) -> (u32, Duration) {
        let mut linger = Linger::new(SECOND, 512);
        let start = Instant::now();
        let (mut sent, mut waiting, mut longest, mut next) = (0, Vec::new(), Duration::ZERO, 0);
        for look in 0..250 {
            let at = start + SHORTEST * look;
            while start + SECOND * next / rate <= at {
                linger.add(at);
                waiting.push(at);
                next += 1;
                if waiting.len() == 512 {
                    waiting.clear();
                    linger.clear();
                }
            }
            if linger.is_over(at) {
                longest = longest.max(waiting.first().map_or(Duration::ZERO, |first| at - *first));
                waiting.clear();
                linger.clear();
                sent += 1;
            }
        }
        (sent / 10, longest)
    }

    #[test]
    fn a_lone_span_goes_at_once_and_many_share() {
        assert_eq!(run(1), (1, Duration::ZERO));
        assert_eq!(run(10), (10, Duration::ZERO));
        for rate in [20, 50, 100, 300, 500, 1000, 10_000] {
            let (sent, longest) = run(rate);
            assert!(sent <= 25, "{sent} requests a second at {rate}");
            assert!(longest <= SECOND + SHORTEST, "{longest:?} at {rate}");
        }
        assert!(run(300).0 <= 3 && run(1000).0 <= 1, "batches at a high pace are large");
    }

    #[test]
    fn a_burst_long_ago_delays_nothing() {
        let mut linger = Linger::new(SECOND, 512);
        let start = Instant::now();
        (0..500).for_each(|_| linger.add(start));
        linger.clear();
        let later = start + SECOND * 5;
        linger.add(later);
        assert!(linger.is_over(later));
    }
}
