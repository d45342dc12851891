//! When to send a batch again.
use std::time::Duration;

/// Exponential backoff with jitter. The defaults are those of the OpenTelemetry Collector's exporters; the
/// specification names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// First wait.
    pub initial_interval: Duration,
    /// Longest wait the backoff grows to.
    pub max_interval: Duration,
    /// A batch that is not delivered this long after its first try is dropped and counted.
    pub max_elapsed_time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            initial_interval: Duration::from_secs(5),
            max_interval: Duration::from_secs(30),
            max_elapsed_time: Duration::from_mins(5),
        }
    }
}

/// Growth of the interval from one try to the next.
const MULTIPLIER: f64 = 1.5;
/// A wait lies this share below or above the interval, so that many agents do not return at once.
const JITTER: f64 = 0.5;

/// The waits of one batch.
#[derive(Debug)]
pub(super) struct Backoff {
    settings: Settings,
    interval: Duration,
}

impl Backoff {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, interval: settings.initial_interval }
    }

    /// How long to wait now. A receiver that says how long is obeyed, and the backoff goes on from there; it
    /// cannot ask for more than `max_elapsed_time`.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Duration {
        if let Some(asked) = asked {
            let asked = asked.min(self.settings.max_elapsed_time);
            self.interval = self.interval.max(asked).min(self.settings.max_interval);
            return asked;
        }
        let wait = self.interval.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64());
        self.interval = self.interval.mul_f64(MULTIPLIER).min(self.settings.max_interval);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_to_the_limit_within_their_jitter() {
        let mut backoff = Backoff::new(Settings::default());
        let mut interval = 5.0_f64;
        for _ in 0..20 {
            let wait = backoff.next(None).as_secs_f64();
            assert!((interval * 0.5..=interval * 1.5).contains(&wait), "{wait} around {interval}");
            interval = (interval * 1.5).min(30.0);
        }
    }

    #[test]
    fn the_receiver_is_obeyed_within_reason() {
        let mut backoff = Backoff::new(Settings::default());
        assert_eq!(backoff.next(Some(SECOND)), SECOND, "shorter than the backoff");
        assert_eq!(backoff.next(Some(20 * SECOND)), 20 * SECOND);
        assert!(backoff.next(None) >= 10 * SECOND, "goes on from what was asked");
        assert_eq!(backoff.next(Some(SECOND * 86_400)), Settings::default().max_elapsed_time);
    }
}
