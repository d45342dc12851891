//! Wires the stages: kernel -> capture -> assemble -> parse -> correlate -> signals -> export.
//!
//! One thread reads the ring buffer and takes each record all the way to encoded batches; the exporters have a thread of their own behind a
//! bounded queue. Everything in the kernel belongs to the first thread and ends with it. A third thread answers questions and watches the
//! kill switch, a fourth writes the audit log.

mod auditor;
mod budget;
mod control;
mod express;
mod linger;
mod own;
mod priority;
mod reader;
mod settings;
mod stages;
mod survey;
mod targets;
mod user_space;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use underspan_config::Config;
use underspan_ebpf::canary::Verdict;
use underspan_ebpf::uprobes::finish_releasing;
use underspan_ebpf::{LoadError, ProbeReport, Tracer, spare_memory};

use crate::attach::canaries;
use crate::capture;
use crate::discover::{Resource, WrongGlob};
use crate::export;
use crate::signals::route::InvalidPattern;
use crate::telemetry::Totals;
use crate::telemetry::admin::{self, Admin};
use crate::telemetry::audit::Audit;
use auditor::Auditor;
use control::Order;
pub use control::{Control, Holder, Pulse, Snapshot, Standing};
use express::Express;
use reader::{Reader, Remains};

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
    // Ends first, so that nobody gives orders to a reader that is gone.
    admin: Admin,
    control: Control,
    reader: JoinHandle<Option<Remains>>,
    exporters: export::Pipeline,
    probes: Vec<ProbeReport>,
    shutdown: Duration,
}

/// Part of the time for the end that the last metrics may take: they tell what became of the spans.
const LAST_METRICS: u32 = 4;

/// What the last probes may take to be taken back, whatever the exporters took.
const LAST_PROBES: Duration = Duration::from_secs(1);

impl Agent {
    /// Starts everything and returns when processes are being traced, or when the kill switch file keeps them from it. Lowers the priority of
    /// the calling thread for good: a process it starts later would inherit that.
    pub fn start(config: &Config, wishes: Wishes) -> Result<Self, StartError> {
        spare_memory();
        priority::stand_back(config.nice);
        let exporters = export::Pipeline::start(export::open(&settings::export(config)?)?)?;
        let express = Express::new(config, wishes.summary, exporters.sender())?;
        let table = settings::table(config)?;
        let audit = Audit::start(config.admin.audit_log.as_deref()).map_err(StartError::Thread)?;
        let switch = settings::admin(config);
        let hold =
            switch.kill_switch.as_deref().and_then(admin::present).map(|reason| (Holder::File, reason));
        let (orders, queue) = mpsc::channel();
        let control = Control { orders, pulse: Arc::default() };
        let (started, start) = mpsc::channel();
        let (own, pulse, auditor) = (config.clone(), Arc::clone(&control.pulse), Auditor::new(audit));
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || match Reader::start(&own, table, express, wishes.launched, auditor, pulse, hold) {
                Ok(reader) => {
                    // The receiver waits for exactly this message; were it gone, the next look at the queue would end the thread.
                    let _ = started.send(Ok(reader.reports().to_vec()));
                    Some(reader.run(&queue))
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                    None
                }
            })
            .map_err(StartError::Thread)?;
        let died = || StartError::Thread(std::io::Error::other("the reader ended before it began"));
        let probes = match start.recv().map_err(|_| died()).flatten() {
            Ok(probes) => probes,
            Err(error) => {
                exporters.shutdown(Duration::ZERO);
                return Err(error);
            }
        };
        let admin = Admin::start(switch, control.clone()).map_err(StartError::Thread)?;
        Ok(Self { admin, control, reader, exporters, probes, shutdown: config.shutdown_timeout.0 })
    }

    /// What became of each probe; nothing while detached from the start.
    pub fn probes(&self) -> &[ProbeReport] {
        &self.probes
    }

    /// For detaching, attaching again and questions.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Where the admin endpoint listens.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.address()
    }

    /// Detaches from everything, reports what is known and waits for the exporters, no longer than the configuration says. The last metrics
    /// go when it is known what became of the spans.
    pub fn stop(self) -> Totals {
        let Self { admin, control, reader, mut exporters, shutdown, .. } = self;
        drop(admin);
        // An error means that the thread has ended already.
        let _ = control.orders.send(Order::Stop);
        let Ok(Some(Remains { mut totals, mut express, auditor })) = reader.join() else {
            return Totals { exporters: exporters.shutdown(shutdown), ..Totals::default() };
        };
        let end = Instant::now() + shutdown;
        auditor.into_audit().finish(shutdown / LAST_METRICS);
        exporters.settle_spans(shutdown.saturating_sub(shutdown / LAST_METRICS));
        express.send_metrics(capture::Clock::read().now(), &totals);
        totals.exporters = exporters.shutdown(end.saturating_duration_since(Instant::now()));
        let left = finish_releasing(end.saturating_duration_since(Instant::now()).max(LAST_PROBES));
        if left > 0 {
            tracing::warn!(
                left,
                "probes in files are still being taken back: the kernel may keep their breakpoints"
            );
        }
        totals
    }
}

/// Loads and attaches every probe, tries what it does on a process of our own, and takes it back: to see what this kernel and this process
/// allow.
pub fn try_probes(config: &Config) -> Result<(Vec<ProbeReport>, Vec<Verdict>), LoadError> {
    let mut tracer = Tracer::start(&settings::tracer(config))?;
    let reports = tracer.reports().to_vec();
    let verdicts = tracer.take_uprobes().map(|mut uprobes| canaries::prove(&mut tracer, &mut uprobes));
    Ok((reports, verdicts.unwrap_or_default()))
}

/// Who a process would be in what the agent exports.
pub fn resource_of(config: &Config, pid: u32) -> Result<Arc<Resource>, StartError> {
    Ok(settings::table(config)?.seen(pid, "", capture::Clock::read().now()))
}
