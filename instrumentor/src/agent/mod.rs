//! Wires the stages: kernel -> capture -> assemble -> parse -> correlate -> signals -> export.
//!
//! One thread reads the ring buffer and takes each record all the way to encoded batches; the exporters have a thread of their own behind a
//! bounded queue. Everything in the kernel belongs to the first thread and ends with it.

mod express;
mod own;
mod priority;
mod settings;
mod stages;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use underspan_config::Config;
use underspan_ebpf::{LoadError, ProbeReport, Tracer, Verdict, spare_memory, trim_memory};

use crate::capture;
use crate::discover::{Change, ProcessTable, Resource, WrongGlob};
use crate::export;
use crate::signals::route::InvalidPattern;
use crate::telemetry::Totals;
use express::Express;
use stages::Stages;

/// Longest sleep of the reader: bounds how late a record is seen.
const NAP: Duration = Duration::from_millis(40);
/// Longest time spent on records before timers are looked at.
const TURN: Duration = Duration::from_millis(100);
/// Between looks at silent connections and waiting exchanges.
const TICK: Duration = Duration::from_millis(100);
/// Records between two such looks that are no burst.
const QUIET: u64 = 1000;
/// Between looks at what the kernel does not tell by itself.
const BEAT: Duration = Duration::from_secs(1);

/// Why the agent did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The BPF programs.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A pattern in the configuration.
    #[error(transparent)]
    Glob(#[from] WrongGlob),
    /// A route pattern in the configuration.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    /// An exporter.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// The list of processes.
    #[error("cannot look at the processes of this host: {0}")]
    Processes(#[source] std::io::Error),
    /// A thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
}

/// What an ad-hoc look wants beyond the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// This process is traced whatever the rules say.
    pub launched: Option<u32>,
    /// [`Totals`] hold a table of rate, errors and duration.
    pub summary: bool,
}

/// The running agent.
pub struct Agent {
    stop: Sender<()>,
    reader: JoinHandle<Totals>,
    exporters: export::Pipeline,
    probes: Vec<ProbeReport>,
    shutdown: Duration,
}

impl Agent {
    /// Starts everything and returns when processes are being traced. Lowers the priority of the calling thread for good: a process it starts
    /// later would inherit that.
    pub fn start(config: &Config, wishes: Wishes) -> Result<Self, StartError> {
        spare_memory();
        priority::stand_back(config.nice);
        let exporters = export::Pipeline::start(export::open(&settings::export(config)?)?)?;
        let express = Express::new(config, wishes.summary, exporters.sender())?;
        let table = settings::table(config)?;
        let (stop, stopped) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let own = config.clone();
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || match Reader::start(&own, table, express, wishes.launched) {
                Ok(reader) => {
                    // The receiver waits for exactly this message; were it gone, the next look at `stopped` would end the thread.
                    let _ = started.send(Ok(reader.tracer.reports().to_vec()));
                    reader.run(&stopped)
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                    Totals::default()
                }
            })
            .map_err(StartError::Thread)?;
        let died = || StartError::Thread(std::io::Error::other("the reader ended before it began"));
        let probes = start.recv().map_err(|_| died())??;
        Ok(Self { stop, reader, exporters, probes, shutdown: config.shutdown_timeout.0 })
    }

    /// What became of each probe.
    pub fn probes(&self) -> &[ProbeReport] {
        &self.probes
    }

    /// Detaches from everything, reports what is known and waits for the exporters, no longer than the configuration says.
    pub fn stop(self) -> Totals {
        // An error means that the thread has ended already.
        let _ = self.stop.send(());
        let mut totals = self.reader.join().unwrap_or_default();
        totals.exporters = self.exporters.shutdown(self.shutdown);
        totals
    }
}

/// Loads and attaches every probe and takes it back, to see what this kernel and this process allow.
pub fn try_probes(config: &Config) -> Result<Vec<ProbeReport>, LoadError> {
    Tracer::start(&settings::tracer(config)).map(|tracer| tracer.reports().to_vec())
}

/// Who a process would be in what the agent exports.
pub fn resource_of(config: &Config, pid: u32) -> Result<Arc<Resource>, StartError> {
    Ok(settings::table(config)?.seen(pid, "", capture::Clock::read().now()))
}

/// The thread that owns the kernel side.
struct Reader {
    tracer: Tracer,
    stages: Stages,
    rescan: bool,
    /// Records read by the time of the last look at memory.
    read: u64,
}

impl Reader {
    fn start(
        config: &Config,
        mut table: ProcessTable,
        express: Express,
        launched: Option<u32>,
    ) -> Result<Self, StartError> {
        let tracer = Tracer::start(&settings::tracer(config))?;
        let now = capture::Clock::read().now();
        let mut changes = table.scan(now).map_err(StartError::Processes)?;
        changes.extend(launched.map(|pid| table.select(pid, now)));
        let rescan = table.needs_rescan();
        let connections = usize::try_from(config.capture.max_connections).unwrap_or(usize::MAX);
        let stages =
            Stages::new(connections, settings::decoding(config), settings::sampler(config), table, express);
        let mut reader = Self { tracer, stages, rescan, read: 0 };
        reader.stages.understand.changes = changes;
        reader.tell_kernel();
        tracing::info!(processes = reader.tracer.selected().len(), "ready");
        Ok(reader)
    }

    fn run(mut self, stop: &Receiver<()>) -> Totals {
        let start = Instant::now();
        let (mut tick, mut beat) = (start, start);
        while matches!(stop.try_recv(), Err(TryRecvError::Empty)) {
            if let Err(error) = self.tracer.wait(NAP) {
                tracing::error!(%error, "cannot wait for the kernel");
                thread::sleep(NAP);
            }
            self.drain(Instant::now() + TURN);
            if tick.elapsed() >= TICK {
                tick = Instant::now();
                self.tick();
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

    /// Takes records, then tells the kernel what was learned from them.
    fn drain(&mut self, until: Instant) -> usize {
        let Self { tracer, stages, .. } = self;
        let taken = tracer.drain(until, |record| stages.take(record));
        self.tell_kernel();
        taken
    }

    fn tick(&mut self) {
        if self.stages.is_waiting() {
            self.flush();
        }
        for end in self.tracer.late_ends() {
            self.stages.end_late(&end);
        }
        self.stages.tick(capture::monotonic());
    }

    fn flush(&self) {
        if let Err(error) = self.tracer.flush() {
            tracing::debug!(%error, "cannot look at silent connections");
        }
    }

    fn beat(&mut self) {
        if let Err(error) = self.tracer.heartbeat() {
            tracing::error!(%error, "cannot keep the probes alive");
        }
        self.stages.sweep(capture::monotonic());
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
        let mut joined = false;
        for change in understand.changes.drain(..) {
            match change {
                Change::None => {}
                Change::Track(pid) => match self.tracer.select(pid) {
                    Ok(()) => joined = true,
                    Err(error) => tracing::warn!(pid, %error, "cannot trace this process"),
                },
                Change::Untrack(pid) => self.tracer.deselect(pid),
            }
        }
        if joined && let Err(error) = self.tracer.find_listeners() {
            tracing::debug!(%error, "cannot look for listening sockets");
        }
        for conn in understand.unwanted.drain(..) {
            // Its bytes are then copied and dropped, which costs but harms nobody.
            let _ = self.tracer.set_verdict(conn, Verdict::Ignore);
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            stats: self.stages.understand.stats.clone(),
            kernel: self.tracer.counters(),
            ..Totals::default()
        }
    }

    /// No new byte from anybody: reads what is there, reports it, and leaves the kernel.
    fn finish(mut self) -> Totals {
        self.flush();
        for pid in self.tracer.selected() {
            self.tracer.deselect(pid);
        }
        while self.drain(Instant::now() + TURN) > 0 {}
        self.tick();
        self.stages.finish();
        let mut totals = self.totals();
        let now = self.stages.understand.now();
        totals.summary = self.stages.understand.express.finish(now, &totals);
        totals
    }
}
