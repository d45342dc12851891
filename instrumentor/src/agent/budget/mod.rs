//! What tracing costs each process, and what is done about it.
//!
//! A call of a traced process on a socket costs what [`meter`] measures, a hit of a probe inside it what the canaries have; the kernel counts
//! both. [`governor`] decides who goes and comes back. Who goes has no probes either: a hit costs the same if nothing comes of it.

mod governor;
mod meter;

use std::time::{Duration, Instant};

use underspan_ebpf::uprobes::{Kind, Uprobes};
use underspan_ebpf::{Tracer, Usage};

pub(super) use governor::Limits;
use governor::{Decision, Excess, Governor, Pause, Reading};
use meter::Meter;

use super::auditor::Auditor;
use super::user_space::UserSpace;
use crate::attach::inside::Wanted;
use crate::discover::ProcessTable;
use crate::telemetry::audit::timestamp;
use crate::telemetry::status::{BudgetStatus, PauseStatus, TargetBudget, TargetStatus};

/// What a hit of a probe costs where no canary has measured it: more than on most machines.
const ASSUMED: Prices = Prices { hit: Duration::from_micros(2), step: Duration::from_micros(5) };

/// What hits of probes inside a process cost it.
#[derive(Debug, Clone, Copy)]
struct Prices {
    hit: Duration,
    step: Duration,
}

impl Prices {
    fn of(uprobes: Option<&Uprobes>) -> Self {
        let cost = |kind| uprobes.and_then(|uprobes| uprobes.cost(kind));
        Self {
            hit: cost(Kind::Emulated).unwrap_or(ASSUMED.hit),
            step: cost(Kind::Stepped).unwrap_or(ASSUMED.step),
        }
    }

    /// Of all hits of a process.
    fn sum(self, usage: &Usage) -> Duration {
        let (hits, steps) = (
            nanoseconds(self.hit).saturating_mul(usage.hits),
            nanoseconds(self.step).saturating_mul(usage.steps),
        );
        Duration::from_nanos(hits.saturating_add(steps))
    }
}

/// See the module.
pub(super) struct Budget {
    limits: Limits,
    governor: Governor<u32>,
    meter: Meter,
    prices: Prices,
    started: Instant,
    /// Since the start.
    pauses: u64,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            governor: Governor::new(limits),
            meter: Meter::new(),
            prices: ASSUMED,
            started: Instant::now(),
            pauses: 0,
        }
    }

    /// Times a process was paused.
    pub(super) fn pauses(&self) -> u64 {
        self.pauses
    }

    /// Whether the process is not traced for a while.
    pub(super) fn is_paused(&self, pid: u32) -> bool {
        self.governor.item(pid).is_some_and(|item| item.pause.is_some())
    }

    /// New programs, nobody selected yet: what was known of processes is void.
    pub(super) fn begin(&mut self, tracer: &mut Tracer, uprobes: Option<&Uprobes>) {
        self.governor = Governor::new(self.limits);
        self.prices = Prices::of(uprobes);
        if self.is_on() {
            self.meter.calibrate(tracer);
        }
    }

    /// To be called a few times a second.
    pub(super) fn tick(&mut self, tracer: &Tracer) {
        if self.is_on() {
            self.meter.tick(tracer);
        }
    }

    /// To be called about once a second: pauses and resumes processes. `now` is nanoseconds since the Unix epoch.
    pub(super) fn beat(
        &mut self,
        (tracer, user_space, wanted): (&mut Tracer, &mut UserSpace, &[Wanted]),
        table: &ProcessTable,
        auditor: &Auditor,
        now: u64,
    ) {
        if !self.is_on() {
            return;
        }
        let cost = self.meter.cost();
        let reading = |(item, usage): (u32, Usage)| Reading {
            item,
            hits: usage.calls,
            cost,
            besides: self.prices.sum(&usage),
        };
        let readings: Vec<_> = tracer.usage().into_iter().map(reading).collect();
        let clock = self.started.elapsed();
        for decision in self.governor.look(clock, &readings) {
            match decision {
                Decision::Pause(pid, excess) if tracer.pause(pid) => {
                    self.pauses += 1;
                    user_space.untrack(pid).detached(auditor, now);
                    let reason = over(&excess);
                    auditor.paused(table, pid, now, &reason);
                    tracing::warn!(pid, service = service(table, pid), "over budget, not traced: {reason}");
                }
                Decision::Resume(pid, missed) if tracer.resume(pid) => {
                    user_space.track(wanted, pid, false).attached(auditor, now);
                    tracer.set_go(pid, user_space.has_goroutines(pid));
                    let reason = format!("within the budget again; {missed} calls passed unseen");
                    auditor.resumed(table, pid, now, &reason);
                    tracing::info!(pid, service = service(table, pid), "traced again: {reason}");
                }
                Decision::Extend(pid) => {
                    tracing::info!(
                        pid,
                        service = service(table, pid),
                        "would still be over budget, not traced"
                    );
                }
                Decision::Pause(..) | Decision::Resume(..) => {} // it has just ended
            }
        }
    }

    /// The whole.
    pub(super) fn status(&self) -> Option<BudgetStatus> {
        let Limits { target, host, .. } = *self.governor.limits();
        self.is_on().then(|| BudgetStatus {
            target_percent: target.map(percent),
            host_percent: host.map(percent),
            spent_percent: percent(self.governor.spent()),
            call_nanoseconds: nanoseconds(self.meter.cost()),
            measured_by: self.meter.source().name().to_owned(),
            hit_nanoseconds: nanoseconds(self.prices.hit),
            step_nanoseconds: nanoseconds(self.prices.step),
            pauses: self.pauses,
        })
    }

    /// What each process costs. `now` is nanoseconds since the Unix epoch.
    pub(super) fn annotate(&self, targets: &mut [TargetStatus], now: u64) {
        let clock = self.started.elapsed();
        for target in targets {
            let Some(item) = self.governor.item(target.pid) else { continue };
            let paused = item.pause.map(|pause| paused(&pause, clock, now));
            if let Some(paused) = &paused {
                target.finding = Some(format!(
                    "over budget until {}: {}; not traced since {}, {} calls on its sockets passed unseen",
                    paused.until, paused.reason, paused.since, paused.calls_unseen
                ));
            }
            target.budget = Some(TargetBudget {
                cost_percent: percent(item.cost()),
                probes_percent: percent(item.besides()),
                paused,
            });
        }
    }

    fn is_on(&self) -> bool {
        self.limits.target.is_some() || self.limits.host.is_some()
    }
}

fn service(table: &ProcessTable, pid: u32) -> &str {
    table.resource(pid).map_or("", |resource| &resource.service)
}

fn paused(pause: &Pause, clock: Duration, now: u64) -> PauseStatus {
    let unix = |time: Duration| timestamp((now + nanoseconds(time)).saturating_sub(nanoseconds(clock)));
    PauseStatus {
        since: unix(pause.since),
        until: unix(pause.until),
        reason: over(&pause.excess),
        calls_unseen: pause.missed,
    }
}

fn over(excess: &Excess) -> String {
    let (cost, limit) = (percent(excess.cost), percent(excess.limit));
    if excess.host {
        format!(
            "tracing all processes took {cost} % of a CPU, the limit is {limit} %, and this one was the dearest"
        )
    } else {
        format!("tracing it took {cost} % of a CPU, the limit is {limit} %")
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// With three digits after the point.
fn percent(share: f64) -> f64 {
    (share * 100_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_cost_and_limit() {
        let excess = Excess { host: false, cost: 0.123_456, limit: 0.1 };
        assert_eq!(over(&excess), "tracing it took 12.346 % of a CPU, the limit is 10 %");
        assert!(over(&Excess { host: true, ..excess }).contains("the dearest"));
    }

    #[test]
    fn times_of_a_pause_are_times_of_day() {
        let second = Duration::from_secs(1);
        let mut governor = Governor::new(Limits {
            target: Some(0.1),
            host: None,
            initial_pause: 10 * second,
            max_pause: 10 * second,
        });
        for hits in 0..2 {
            governor.look(second, &[Reading { item: 1, hits, cost: second, besides: Duration::ZERO }]);
        }
        governor.look(5 * second, &[Reading { item: 1, hits: 9, cost: second, besides: Duration::ZERO }]);
        let pause = governor.item(1).and_then(|item| item.pause).expect("paused");
        let shown = paused(&pause, 8 * second, 1_700_000_008_000_000_000);
        assert_eq!(
            (shown.since.as_str(), shown.until.as_str()),
            ("2023-11-14T22:13:25.000000Z", "2023-11-14T22:13:35.000000Z")
        );
    }
}
