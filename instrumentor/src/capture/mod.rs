//! ring-buffer records -> records with a place in time
//!
//! The kernel's clock counts from boot; telemetry wants the time of day. Drops records it cannot read and counts them as
//! `records.malformed`; what did not fit the ring is counted by the kernel.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Turns `CLOCK_MONOTONIC` into nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    offset: u64,
}

impl Clock {
    /// Compares the clocks now. To be repeated now and then, since the time of day is adjusted.
    pub fn read() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { offset: nanos(wall).saturating_sub(monotonic()) }
    }

    /// The time of day of a kernel timestamp.
    pub fn unix(&self, monotonic: u64) -> u64 {
        monotonic.saturating_add(self.offset)
    }

    /// Now, nanoseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        self.unix(monotonic())
    }
}

/// Now, on the kernel programs' clock.
pub fn monotonic() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_time_becomes_time_of_day() {
        let clock = Clock::read();
        let before = nanos(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970"));
        let now = clock.unix(monotonic());
        assert!(now.abs_diff(before) < 1_000_000_000, "{now} {before}");
    }
}
