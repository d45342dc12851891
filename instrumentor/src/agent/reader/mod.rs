//! The thread that owns the kernel side: orders, records, and what time brings.

mod orders;
mod report;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use underspan_config::Config;
use underspan_ebpf::{Counters, End, ProbeReport, Settings as TracerSettings, Tracer, Verdict, trim_memory};

use super::StartError;
use super::auditor::Auditor;
use super::budget::Budget;
use super::control::{Holder, Order, Pulse};
use super::express::Express;
use super::settings;
use super::stages::Stages;
use super::user_space::UserSpace;
use crate::capture;
use crate::discover::{Change, ProcessTable};
use crate::runtimes::Runtimes;
use crate::telemetry::Totals;

/// Longest sleep of the reader: bounds how late a record is seen.
const NAP: Duration = Duration::from_millis(40);
/// Longest time spent on records before timers are looked at.
const TURN: Duration = Duration::from_millis(100);
/// A reader that does not keep up is taken to know of what happened so long ago, nanoseconds.
const LATE: u64 = 10_000_000_000;
/// Between looks at exchanges that wait for their parent: with each nap.
const SETTLE: Duration = Duration::from_millis(30);
/// Between looks at silent connections.
const TICK: Duration = Duration::from_millis(100);
/// Records between two looks at memory that are no burst.
const QUIET: u64 = 1000;
/// Between looks at what the kernel does not tell by itself.
const BEAT: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Reader {
    /// `None` while detached.
    tracer: Option<Tracer>,
    /// What is attached in user space, while the tracer is there.
    user_space: UserSpace,
    settings: TracerSettings,
    /// Who keeps it detached, and why.
    holds: Vec<(Holder, String)>,
    /// What became of each probe when they were attached last.
    reports: Vec<ProbeReport>,
    /// Ends of connections that did not fit the ring, to be taken when what is in the ring has been.
    late: Vec<End>,
    /// What tracers counted that are gone.
    before: Counters,
    stages: Stages,
    auditor: Auditor,
    budget: Budget,
    /// Calls nobody heard of, by the time of the last look.
    expired: u64,
    pulse: Arc<Pulse>,
    started: Instant,
    rescan: bool,
    /// Records read by the time of the last look at memory.
    read: u64,
    /// Kernel time until which all records have been read.
    known: u64,
}

/// What is left when the thread has ended.
pub(super) struct Remains {
    pub(super) totals: Totals,
    pub(super) express: Express,
    pub(super) auditor: Auditor,
}

impl Reader {
    /// Attaches, unless somebody holds it: then it waits for them.
    pub(super) fn start(
        config: &Config,
        mut table: ProcessTable,
        express: Express,
        launched: Option<u32>,
        auditor: Auditor,
        pulse: Arc<Pulse>,
        hold: Option<(Holder, String)>,
    ) -> Result<Self, StartError> {
        let rescan = table.needs_rescan();
        if let Some(pid) = launched {
            table.select(pid, capture::Clock::read().now());
        }
        let connections = usize::try_from(config.capture.max_connections).unwrap_or(usize::MAX);
        let stages = Stages::new(
            connections,
            settings::decoding(config),
            settings::sampler(config),
            Runtimes::new(|runtime| settings::detail(config, runtime), &config.probes)?,
            table,
            express,
        );
        let mut reader = Self {
            tracer: None,
            user_space: UserSpace::default(),
            settings: settings::tracer(config),
            holds: hold.into_iter().collect(),
            reports: Vec::new(),
            late: Vec::new(),
            before: Counters::default(),
            stages,
            auditor,
            budget: Budget::new(settings::budget(config)),
            expired: 0,
            pulse,
            started: Instant::now(),
            rescan,
            read: 0,
            known: 0,
        };
        reader.pulse.beat();
        if reader.holds.is_empty() {
            reader.attach("the agent starts")?;
        } else {
            tracing::warn!(reasons = reader.standing().reasons.join("; "), "detached from the start");
        }
        Ok(reader)
    }

    /// What became of each probe.
    pub(super) fn reports(&self) -> &[ProbeReport] {
        &self.reports
    }

    pub(super) fn run(mut self, orders: &Receiver<Order>) -> Remains {
        let start = Instant::now();
        let (mut settle, mut tick, mut beat) = (start, start, start);
        while self.obey(orders) {
            self.pulse.beat();
            if self.tracer.is_some() {
                self.wait();
                self.drain(Instant::now() + TURN);
            }
            if settle.elapsed() >= SETTLE {
                settle = Instant::now();
                let latest = capture::monotonic().saturating_sub(LATE);
                self.stages.tick(self.known.max(latest));
            }
            if tick.elapsed() >= TICK {
                tick = Instant::now();
                self.look_at_silence();
            }
            if beat.elapsed() >= BEAT {
                beat = Instant::now();
                self.beat();
            }
            self.stages.understand.express.flush_due();
            if self.stages.understand.express.metrics_due() {
                let (now, totals) = (self.stages.understand.now(), self.totals());
                self.stages.understand.express.send_metrics(now, &totals);
            }
        }
        self.finish()
    }

    fn wait(&mut self) {
        if let Some(tracer) = &mut self.tracer
            && let Err(error) = tracer.wait(NAP)
        {
            tracing::error!(%error, "cannot wait for the kernel");
            thread::sleep(NAP);
        }
    }

    /// Takes records, then tells the kernel what was learned from them.
    fn drain(&mut self, until: Instant) -> usize {
        let Self { tracer: Some(tracer), stages, auditor, late, user_space, .. } = self else { return 0 };
        let begun = capture::monotonic();
        let (taken, all) = tracer.drain(until, |record| stages.take(record));
        if all {
            self.known = begun;
            // Whatever came before these ends has been read.
            late.drain(..).for_each(|end| stages.end_of(&end));
        }
        let understand = &mut stages.understand;
        let now = understand.now();
        for (parent, pid, time) in understand.forked.drain(..) {
            auditor.selected(&understand.table, pid, time);
            user_space.fork(understand.runtimes.wanted(), parent, pid).attached(auditor, now);
            tracer.set_go(pid, user_space.has_goroutines(pid));
        }
        for pid in understand.encrypted.drain(..) {
            user_space.speaks_tls(pid);
        }
        for pid in understand.blind.drain(..) {
            user_space.look_again(pid).attached(auditor, now);
        }
        self.tell_kernel();
        taken
    }

    fn look_at_silence(&mut self) {
        let understand = &self.stages.understand;
        let news = self.user_space.look_early(understand.runtimes.wanted());
        news.attached(&self.auditor, understand.now());
        if self.stages.is_waiting() {
            self.flush();
        }
        if let Some(tracer) = &mut self.tracer {
            self.late.append(&mut tracer.late_ends());
            self.budget.tick(tracer);
        }
    }

    fn flush(&self) {
        if let Some(tracer) = &self.tracer
            && let Err(error) = tracer.flush()
        {
            tracing::debug!(%error, "cannot look at silent connections");
        }
    }

    fn beat(&mut self) {
        self.stages.sweep(capture::monotonic());
        let Some(tracer) = &mut self.tracer else { return };
        tracer.heartbeat();
        count_inside(tracer, &mut self.stages);
        let understand = &self.stages.understand;
        let attached = (&mut *tracer, &mut self.user_space, understand.runtimes.wanted());
        self.budget.beat(attached, &understand.table, &self.auditor, understand.now());
        let expired = tracer.counters().expired;
        if expired > self.expired {
            let calls = expired - self.expired;
            tracing::warn!(calls, "calls on sockets passed unseen while the agent stood still");
        }
        self.expired = expired;
        // What a burst needed is given back when it is over.
        let read = std::mem::replace(&mut self.read, self.stages.understand.stats.records);
        if self.read - read < QUIET && read != self.read {
            trim_memory();
        }
        if self.rescan {
            let now = self.stages.understand.now();
            match self.stages.understand.table.scan(now) {
                Ok(changes) => self.stages.understand.changes.extend(changes),
                Err(error) => tracing::warn!(%error, "cannot look at the processes of this host"),
            }
            self.tell_kernel();
        }
    }

    fn tell_kernel(&mut self) {
        let understand = &mut self.stages.understand;
        let Some(tracer) = &mut self.tracer else { return understand.changes.clear() };
        let now = understand.now();
        let mut joined = false;
        for change in std::mem::take(&mut understand.changes) {
            match change {
                Change::None => {}
                Change::Track(pid) => {
                    // First, so that no connection of it begins unseen. One that runs another program while it is paused gets its probes
                    // at the end of the pause.
                    if !self.budget.is_paused(pid) {
                        let started = understand.started.contains(&pid);
                        let news = self.user_space.track(understand.runtimes.wanted(), pid, started);
                        // A large program takes its time.
                        news.attached(&self.auditor, understand.now());
                    }
                    let go = self.user_space.has_goroutines(pid);
                    match tracer.select(pid) {
                        Ok(()) => {
                            tracer.set_go(pid, go);
                            joined = true;
                            self.auditor.selected(&understand.table, pid, now);
                        }
                        Err(error) => tracing::warn!(pid, %error, "cannot trace this process"),
                    }
                }
                Change::Untrack(pid) => {
                    tracer.deselect(pid);
                    self.user_space.untrack(pid).detached(&self.auditor, now);
                    self.auditor.deselected(&understand.table, pid, now, None);
                }
            }
        }
        understand.started.clear();
        if joined && let Err(error) = tracer.find_listeners() {
            tracing::debug!(%error, "cannot look for listening sockets");
        }
        for (conn, framing) in understand.framed.drain(..) {
            // Its messages are then captured by the run, and some of them missed.
            let _ = tracer.set_verdict(conn, Verdict::Framing(framing));
        }
        for (conn, decrypted) in understand.unwanted.drain(..) {
            // Its bytes are then copied and dropped, which costs but harms nobody.
            let _ = tracer.set_verdict(conn, Verdict::Ignore { decrypted });
        }
    }

    fn finish(mut self) -> Remains {
        self.detach("the agent ends");
        let totals = Totals { summary: self.stages.understand.express.summary(), ..self.totals() };
        let mut express = self.stages.understand.express;
        express.send_spans();
        Remains { totals, express, auditor: self.auditor }
    }
}

/// Takes what the kernel counted by process.
fn count_inside(tracer: &mut Tracer, stages: &mut Stages) {
    for (pid, mark, times) in tracer.counted() {
        if !stages.understand.counted(pid, mark, times) {
            tracer.forget_counted(pid, mark);
        }
    }
}
