//! The thread that owns the kernel side: orders, records, and what time brings.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use underspan_config::Config;
use underspan_ebpf::{
    Counters, End, LoadError, ProbeReport, Settings as TracerSettings, Tracer, Verdict, trim_memory,
};

use super::StartError;
use super::auditor::Auditor;
use super::budget::Budget;
use super::control::{Holder, Order, Pulse, Snapshot, Standing};
use super::express::Express;
use super::stages::Stages;
use super::user_space::UserSpace;
use super::{settings, survey};
use crate::capture;
use crate::discover::{Change, ProcessTable};
use crate::runtimes::Runtimes;
use crate::telemetry::Totals;
use crate::telemetry::status::Tls;

/// Longest sleep of the reader: bounds how late a record is seen.
const NAP: Duration = Duration::from_millis(40);
/// Longest time spent on records before timers are looked at.
const TURN: Duration = Duration::from_millis(100);
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
                self.stages.tick(capture::monotonic());
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

    /// Does what it is told, first of all. False: to end. Without anything attached, orders are what it waits for.
    fn obey(&mut self, orders: &Receiver<Order>) -> bool {
        loop {
            let order = match orders.try_recv() {
                Err(TryRecvError::Empty) if self.tracer.is_some() => return true,
                Err(TryRecvError::Empty) => match orders.recv_timeout(NAP) {
                    Ok(order) => order,
                    Err(RecvTimeoutError::Timeout) => return true,
                    Err(RecvTimeoutError::Disconnected) => return false,
                },
                Ok(order) => order,
                Err(TryRecvError::Disconnected) => return false,
            };
            match order {
                Order::Stop => return false,
                Order::Hold(by, reason, done) => {
                    self.hold(by, reason);
                    self.answer(done);
                }
                Order::Release(by, done) => {
                    self.release(by);
                    self.answer(done);
                }
                // Whoever asked may have lost patience.
                Order::Look(reply) => drop(reply.send(self.snapshot())),
            }
        }
    }

    fn answer(&self, done: Option<oneshot::Sender<Standing>>) {
        if let Some(done) = done {
            // Whoever asked may have lost patience.
            let _ = done.send(self.standing());
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let reasons = self.holds.iter().map(|(_, reason)| reason.clone()).collect();
        Standing { attached: self.tracer.is_some(), reasons }
    }

    fn hold(&mut self, by: Holder, reason: String) {
        if self.tracer.is_some() {
            let begun = Instant::now();
            let programs = self.detach(&reason);
            tracing::warn!(reason, programs, took = ?begun.elapsed(), "detached");
        }
        self.holds.retain(|(holder, _)| *holder != by);
        self.holds.push((by, reason));
    }

    fn release(&mut self, by: Holder) {
        // The kernel's refusal is no objection to another try.
        self.holds.retain(|(holder, _)| *holder != by && *holder != Holder::Kernel);
        if self.tracer.is_some() {
            return;
        }
        if !self.holds.is_empty() {
            tracing::warn!(reasons = self.standing().reasons.join("; "), "stays detached");
        } else if let Err(error) = self.attach("released") {
            tracing::error!(%error, "cannot attach again");
            self.holds.push((Holder::Kernel, format!("cannot attach: {error}")));
        }
    }

    /// Loads and attaches every probe, and selects whoever matches.
    fn attach(&mut self, reason: &str) -> Result<(), StartError> {
        let mut tracer = Tracer::start(&self.settings)?;
        self.user_space.begin(&mut tracer, self.stages.understand.runtimes.wanted());
        self.budget.begin(&mut tracer);
        let now = capture::Clock::read().now();
        let understand = &mut self.stages.understand;
        // Those known before are selected anew with the rest.
        understand.table.scan(now).map_err(StartError::Processes)?;
        understand.changes.clear();
        understand.changes.extend(understand.table.running().map(Change::Track));
        self.reports = tracer.reports().to_vec();
        for running in tracer.running() {
            self.auditor.attached(&running, now, reason);
        }
        self.tracer = Some(tracer);
        self.tell_kernel();
        let mut processes = 0;
        if let Some(tracer) = &mut self.tracer {
            processes = tracer.selected().len();
            // Attaching may have taken longer than the programs' deadline, and from now on nothing may be missed.
            tracer.heartbeat().map_err(LoadError::Setup)?;
        }
        self.pulse.set_attached(true);
        tracing::info!(processes, "ready");
        Ok(())
    }

    /// No new byte from anybody: leaves the kernel, then reads what is there and reports it. The number of programs that were attached.
    fn detach(&mut self, reason: &str) -> usize {
        let Some(tracer) = &mut self.tracer else { return 0 };
        let (running, selected) = (tracer.running(), tracer.selected());
        for pid in &selected {
            tracer.deselect(*pid);
        }
        // The kernel takes its time with these, and has it from here on.
        let taken_back = self.user_space.close();
        count_inside(tracer, &mut self.stages);
        self.stages.understand.runtimes.restart();
        if let Err(error) = tracer.flush() {
            tracing::debug!(%error, "cannot look at silent connections");
        }
        let skipped = tracer.missed_hits();
        if skipped > 0 {
            // The exchanges this cost are among those lost, by the holes the calls left.
            tracing::warn!(skipped, "the kernel passed hooks without running their programs");
        }
        tracer.detach();
        self.pulse.set_attached(false);
        let now = self.stages.understand.now();
        for running in &running {
            self.auditor.detached(running, now, reason);
        }
        taken_back.detached(&self.auditor, now);
        for pid in selected {
            self.auditor.deselected(&self.stages.understand.table, pid, now, Some(reason));
        }
        if let Some(tracer) = &mut self.tracer {
            self.late.append(&mut tracer.late_ends());
        }
        while self.drain(Instant::now() + TURN) > 0 {
            self.pulse.beat();
        }
        self.stages.end();
        if let Some(tracer) = self.tracer.take() {
            self.before += tracer.counters();
        }
        self.expired = 0;
        trim_memory();
        running.len()
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
        let (taken, all) = tracer.drain(until, |record| stages.take(record));
        if all {
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
        if let Err(error) = tracer.heartbeat() {
            tracing::error!(%error, "cannot keep the probes alive");
        }
        count_inside(tracer, &mut self.stages);
        let understand = &self.stages.understand;
        self.budget.beat(tracer, &understand.table, &self.auditor, understand.now());
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
        for change in understand.changes.drain(..) {
            match change {
                Change::None => {}
                Change::Track(pid) => {
                    // First, so that no connection of it begins unseen.
                    let started = understand.started.contains(&pid);
                    let news = self.user_space.track(understand.runtimes.wanted(), pid, started);
                    news.attached(&self.auditor, now);
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

    fn totals(&self) -> Totals {
        let mut kernel = self.before;
        if let Some(tracer) = &self.tracer {
            kernel += tracer.counters();
        }
        let mut stats = self.stages.understand.stats.clone();
        stats.moments_forgotten = self.stages.understand.runtimes.dropped();
        stats.moments_negative = self.stages.understand.runtimes.negative();
        Totals { stats, kernel, pauses: self.budget.pauses(), ..Totals::default() }
    }

    fn snapshot(&self) -> Snapshot {
        let totals = self.totals();
        let mut running = self.tracer.as_ref().map(Tracer::running).unwrap_or_default();
        running.extend(self.user_space.running());
        let facts = survey::Facts {
            standing: self.standing(),
            uptime: self.started.elapsed(),
            reports: &self.reports,
            running: &running,
            totals: &totals,
            exporters: &self.stages.understand.express.exported(),
            audit: self.auditor.totals(),
            budget: self.budget.status(),
            declared: self.user_space.declared(self.stages.understand.runtimes.wanted()),
        };
        let mut targets = self.stages.targets();
        for target in &mut targets {
            target.inside = self.user_space.inside(target.pid);
            // Known only where a library was found and could not be used.
            let why = self.user_space.obstacle(target.pid).filter(|_| target.tls == Some(Tls::Blind));
            target.finding = why.or(target.finding.take());
        }
        self.budget.annotate(&mut targets, self.stages.understand.now());
        let status = survey::status(&facts, targets);
        Snapshot { status, counters: self.stages.understand.express.counters(&totals) }
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
