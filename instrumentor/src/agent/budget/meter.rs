//! What a call on a socket costs a traced process in the kernel.
//!
//! Measured at the start with calls of the agent's own, traced and not: that needs nothing but what tracing needs, and covers entering and
//! leaving the programs too. Then, where the kernel lets us, it counts the programs' real time for a tenth of a second in ten: counting
//! slows down every program on the host, so it is not left on.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::process;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use underspan_ebpf::{RunCount, Tracer};

/// Times of traced and untraced calls that are compared, and calls in each. So many records fit the smallest ring.
const ROUNDS: usize = 15;
const CALLS: u32 = 64;
/// Bytes of each call: they are captured, as those of a small request are.
const SIZE: usize = 64;
/// What a call costs where that cannot be measured: more than on most machines.
const ASSUMED: Duration = Duration::from_micros(2);

/// How long the kernel counts, and how often.
const SAMPLE: Duration = Duration::from_millis(100);
const PERIOD: Duration = Duration::from_secs(10);
/// Calls a sample needs to say something.
const ENOUGH: u64 = 500;
/// Weight of a new sample.
const WEIGHT: f64 = 0.3;

/// Where the figure is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Source {
    /// Nowhere.
    Assumed,
    /// Calls of the agent's own at the start.
    OwnCalls,
    /// The time the programs took.
    RunTime,
}

impl Source {
    /// In the words of the status.
    pub(in crate::agent) fn name(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
            Self::OwnCalls => "own_calls",
            Self::RunTime => "run_time",
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(in crate::agent) struct Meter {
    cost: Duration,
    source: Source,
    sample: Option<Sample>,
    next: Instant,
    refused: bool,
}

/// The kernel counts.
#[derive(Debug)]
struct Sample {
    #[expect(dead_code, reason = "held for its drop, which ends the counting")]
    counting: RunCount,
    begun: Instant,
    runs: u64,
    time: u64,
    calls: u64,
}

impl Meter {
    pub(in crate::agent) fn new() -> Self {
        let next = Instant::now() + PERIOD;
        Self { cost: ASSUMED, source: Source::Assumed, sample: None, next, refused: false }
    }

    /// Of one call.
    pub(in crate::agent) fn cost(&self) -> Duration {
        self.cost
    }

    pub(in crate::agent) fn source(&self) -> Source {
        self.source
    }

    /// Measures with calls of the agent's own. To be called before anybody else is selected: it takes what is in the ring for its own.
    pub(in crate::agent) fn calibrate(&mut self, tracer: &mut Tracer) {
        self.sample = None;
        let measured = own_calls(tracer);
        tracer.deselect(process::id());
        // Neither counts as traffic of anybody.
        discard(tracer);
        tracer.forget_counters();
        match measured {
            Ok(Some(cost)) => (self.cost, self.source) = (cost, Source::OwnCalls),
            Ok(None) => tracing::debug!("own calls are not seen, so their cost is not known"),
            Err(error) => tracing::debug!(%error, "cannot measure what a call costs"),
        }
        tracing::debug!(cost = ?self.cost, source = self.source.name(), "cost of a call on a socket");
    }

    /// Begins and ends samples. To be called a few times a second.
    pub(in crate::agent) fn tick(&mut self, tracer: &Tracer) {
        match &self.sample {
            Some(sample) if sample.begun.elapsed() >= SAMPLE => {
                let (runs, time, calls) = count(tracer);
                let more = (
                    runs.saturating_sub(sample.runs),
                    time.saturating_sub(sample.time),
                    calls.saturating_sub(sample.calls),
                );
                self.sample = None;
                self.learn(more);
            }
            None if !self.refused && self.next <= Instant::now() => {
                self.next = Instant::now() + PERIOD;
                match tracer.count_runs() {
                    Ok(counting) => {
                        let (runs, time, calls) = count(tracer);
                        self.sample = Some(Sample { counting, begun: Instant::now(), runs, time, calls });
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the kernel does not count the time of programs for us");
                        self.refused = true;
                    }
                }
            }
            _ => {}
        }
    }

    /// A process nobody selected runs the programs too, each time for next to nothing. Where most runs are of such, the time says little about
    /// calls.
    fn learn(&mut self, (runs, time, calls): (u64, u64, u64)) {
        if calls < ENOUGH || runs > calls.saturating_mul(4) {
            return;
        }
        let sampled = Duration::from_nanos(time / calls);
        self.cost = match self.source {
            Source::RunTime => self.cost.mul_f64(1.0 - WEIGHT) + sampled.mul_f64(WEIGHT),
            Source::Assumed | Source::OwnCalls => sampled,
        };
        self.source = Source::RunTime;
    }
}

/// Runs of all programs, the time they took, and calls of all targets.
fn count(tracer: &Tracer) -> (u64, u64, u64) {
    let (runs, time) = tracer
        .running()
        .iter()
        .fold((0, 0), |(runs, time), running| (runs + running.runs.count, time + running.runs.time));
    (runs, time, tracer.usage().iter().map(|(_, usage)| usage.calls).sum())
}

/// `None`: the programs do not see them.
fn own_calls(kernel: &mut Tracer) -> io::Result<Option<Duration>> {
    let mut pair = UnixStream::pair()?;
    let own = process::id();
    let (mut untraced, mut traced) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    let mut seen = 0;
    for _ in 0..ROUNDS {
        untraced.push(talk(&mut pair)?);
        kernel.select(own).map_err(io::Error::other)?;
        traced.push(talk(&mut pair)?);
        seen += kernel.usage().iter().find(|(pid, _)| *pid == own).map_or(0, |(_, usage)| usage.calls);
        kernel.deselect(own);
        discard(kernel);
    }
    let more = median(traced).saturating_sub(median(untraced)) / CALLS;
    Ok((seen > 0 && !more.is_zero()).then_some(more))
}

/// CPU time of some calls, a quarter of them in each direction on each end.
fn talk((one, other): &mut (UnixStream, UnixStream)) -> io::Result<Duration> {
    let mut bytes = [b'.'; SIZE];
    let begun = cpu_time();
    for _ in 0..CALLS / 4 {
        one.write_all(&bytes)?;
        other.read_exact(&mut bytes)?;
        other.write_all(&bytes)?;
        one.read_exact(&mut bytes)?;
    }
    Ok(cpu_time().saturating_sub(begun))
}

/// Of this thread: others that want the CPU do not count.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn discard(tracer: &mut Tracer) {
    while !tracer.drain(Instant::now() + SAMPLE, |_| ()).1 {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_need_substance() {
        let mut meter = Meter::new();
        meter.learn((100, 1_000_000, 100));
        meter.learn((100_000, 100_000_000, 1000));
        assert_eq!((meter.cost(), meter.source()), (ASSUMED, Source::Assumed));
        meter.learn((2000, 3_000_000, 1000));
        assert_eq!((meter.cost(), meter.source()), (Duration::from_micros(3), Source::RunTime));
        meter.learn((2000, 1_000_000, 1000));
        assert!((2300..2500).contains(&meter.cost().as_nanos()), "{:?}", meter.cost());
    }

    #[test]
    fn own_calls_take_time() {
        let mut pair = UnixStream::pair().expect("a pair");
        assert!(!talk(&mut pair).expect("they talk").is_zero());
    }
}
