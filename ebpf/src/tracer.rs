//! The running probes, their maps and their ring buffer.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use aya::maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray};

use aya_obj::btf::Btf;

use crate::abi::{Control, RawLateEnd, RawVerdict, Target};
use crate::counters::Counters;
use crate::loader::{Attach, Iterator, Link, LoadError, Loader, ProgramError, Runs, kernel_types};
use crate::probes::{PAYLOAD, Probe, Program, REGISTRY, socket_iterators};
use crate::record::{Record, RecordError};
use crate::ring::Ring;
use crate::waiter::Waiter;
use crate::{memory, object, record};

/// How the programs are to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes of the ring buffer, rounded up to a power of two.
    pub ring_bytes: u32,
    /// Most processes selected at once.
    pub max_targets: u32,
    /// Bytes captured of each run of a request.
    pub request_budget: u32,
    /// The same of a response.
    pub response_budget: u32,
    /// Report the programs of processes nobody selected.
    pub announce_execs: bool,
    /// Programs stop by themselves this long after the last [`Tracer::heartbeat`].
    pub deadline: Duration,
    /// Name of the payload probe to use, instead of the best the kernel accepts. For tests.
    pub payload: Option<String>,
}

/// What became of a probe.
#[derive(Debug, Clone)]
pub struct ProbeReport {
    /// The probe.
    pub probe: &'static Probe,
    /// Why it is off; `None` when it runs.
    pub off: Option<String>,
    /// Optional programs of it that do not run: hook, reason, what is lost.
    pub reduced: Vec<(String, String, &'static str)>,
}

/// A program in the kernel.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// The probe it belongs to.
    pub probe: &'static Probe,
    /// The program.
    pub program: &'static Program,
    /// What the kernel counted of it.
    pub runs: Runs,
}

/// What user space tells the kernel about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Capture no more of its bytes.
    Ignore,
}

/// End of a connection that did not fit the ring.
#[derive(Debug, Clone, Copy)]
pub struct LateEnd {
    /// The connection.
    pub conn: u64,
    /// When, nanoseconds of `CLOCK_MONOTONIC`.
    pub time: u64,
    /// Exchanges of it.
    pub exchange: u32,
    /// Of these, counted as lost in the kernel.
    pub lost: u32,
}

/// The probes at work. Dropping it removes everything from the kernel.
pub struct Tracer {
    settings: Settings,
    ring: Ring,
    waiter: Waiter,
    control: Array<MapData, Control>,
    targets: HashMap<MapData, u32, Target>,
    verdicts: HashMap<MapData, u64, RawVerdict>,
    late_ends: HashMap<MapData, u64, RawLateEnd>,
    late_seen: u64,
    counters: PerCpuArray<MapData, u64>,
    attached: Attached,
    reports: Vec<ProbeReport>,
}

/// Wake the reader early when this part of the ring is full.
const WAKE_FRACTION: u32 = 16;

impl Tracer {
    /// Loads and attaches what the kernel accepts. Nothing is traced before [`Tracer::select`].
    pub fn start(settings: &Settings) -> Result<Self, LoadError> {
        let kernel = kernel_types()?;
        let mut refusals = Vec::new();
        for payload in PAYLOAD {
            if settings.payload.as_ref().is_some_and(|wanted| wanted != payload.name) {
                continue;
            }
            match Self::start_with(settings, &kernel, payload, &refusals)? {
                Ok(tracer) => {
                    drop(kernel);
                    memory::trim_memory();
                    return Ok(tracer);
                }
                Err(refused) => refusals.push(refused),
            }
        }
        Err(no_payload(&refusals))
    }

    /// Tries one way to get payload. `Err` inside: the kernel refused it, try the next.
    fn start_with(
        settings: &Settings,
        kernel: &Btf,
        payload: &'static Probe,
        refusals: &[ProbeReport],
    ) -> Result<Result<Self, ProbeReport>, LoadError> {
        let ring_bytes = settings.ring_bytes.max(4096).next_power_of_two();
        let mut sizes = vec![("ring", ring_bytes), ("targets", settings.max_targets)];
        if payload.typed_sockets {
            sizes.push(("conns_by_socket", 1)); // its stand-in takes no memory where it is not needed
        }
        let switches = [("us_typed_sockets", u32::from(payload.typed_sockets))];
        let mut loader = Loader::new(object::bytes::<()>(), kernel, &sizes, &switches)?;
        let mut control =
            Array::try_from(Map::Array(loader.take_map("control")?)).map_err(LoadError::Setup)?;
        control.set(0, initial_control(settings, ring_bytes), 0).map_err(LoadError::Setup)?;

        let mut attached = Attached::default();
        let mut reports = vec![attached.attach(&loader, payload, payload.typed_sockets)];
        if reports[0].off.is_some() {
            return Ok(Err(reports.swap_remove(0)));
        }
        for probe in REGISTRY.iter().filter(|probe| !PAYLOAD.iter().any(|other| other.name == probe.name)) {
            reports.push(attached.attach(&loader, probe, payload.typed_sockets));
        }
        reports.extend(refusals.iter().cloned());
        let ring = Ring::new(loader.take_map("ring")?, ring_bytes)
            .map_err(|error| LoadError::Setup(MapError::IoError(error)))?;
        Ok(Ok(Self {
            waiter: Waiter::new(ring.as_fd()).map_err(|error| LoadError::Setup(MapError::IoError(error)))?,
            ring,
            control,
            targets: hash(loader.take_map("targets")?)?,
            verdicts: HashMap::try_from(Map::LruHashMap(loader.take_map("verdicts")?))
                .map_err(LoadError::Setup)?,
            late_ends: hash(loader.take_map("late_ends")?)?,
            late_seen: 0,
            counters: PerCpuArray::try_from(Map::PerCpuArray(loader.take_map("counters")?))
                .map_err(LoadError::Setup)?,
            attached,
            reports,
            settings: settings.clone(),
        }))
    }

    /// What became of each probe.
    pub fn reports(&self) -> &[ProbeReport] {
        &self.reports
    }

    /// Every attached program.
    pub fn running(&self) -> Vec<Running> {
        self.attached.running()
    }

    /// Detaches every program, once and for all: first they stop working, then they go. What is in the ring buffer can still be read.
    pub fn detach(&mut self) {
        if let Ok(mut control) = self.control.get(&0, 0) {
            control.deadline = 0;
            // Should it fail, the programs work until their links are closed, which is next.
            let _ = self.control.set(0, control, 0);
        }
        self.attached = Attached::default();
    }

    /// Traces a process from now on, and its children.
    pub fn select(&mut self, tgid: u32) -> Result<(), MapError> {
        self.targets.insert(tgid, Target { since: monotonic() }, 0)
    }

    /// Traces a process no longer.
    pub fn deselect(&mut self, tgid: u32) {
        // Absent already when the process has exited.
        let _ = self.targets.remove(&tgid);
    }

    /// Whether a process is traced.
    pub fn is_selected(&self, tgid: u32) -> bool {
        self.targets.get(&tgid, 0).is_ok()
    }

    /// Every traced process.
    pub fn selected(&self) -> Vec<u32> {
        self.targets.keys().filter_map(Result::ok).collect()
    }

    /// Learns on which ports the selected processes listen already. To be called after selecting processes that were running.
    pub fn find_listeners(&self) -> io::Result<()> {
        self.attached.listeners.as_ref().map_or(Ok(()), |(_, iterator)| iterator.run())
    }

    /// Makes connections that are silent report bytes that passed without being captured, as `Run` records.
    pub fn flush(&self) -> io::Result<()> {
        self.attached.flush.as_ref().map_or(Ok(()), |(_, iterator)| iterator.run())
    }

    /// Moves the programs' deadline forward.
    pub fn heartbeat(&mut self) -> Result<(), MapError> {
        self.update_control(|_| ())
    }

    /// Tells the kernel about a connection.
    pub fn set_verdict(&mut self, conn: u64, verdict: Verdict) -> Result<(), MapError> {
        let Verdict::Ignore = verdict;
        self.verdicts.insert(conn, RawVerdict { ignore: 1, pad: 0 }, 0)
    }

    /// Sums of the programs' counters.
    pub fn counters(&self) -> Counters {
        let mut sums = [0; Counters::COUNT as usize];
        for (index, sum) in (0..Counters::COUNT).zip(&mut sums) {
            // A read of an existing index of our own map cannot fail; 0 is what an unread counter says.
            *sum = self.counters.get(&index, 0).map_or(0, |values| values.iter().sum());
        }
        Counters::from_values(sums)
    }

    /// Ends of connections that did not fit the ring since the last call.
    pub fn late_ends(&mut self) -> Vec<LateEnd> {
        let lost = self.counters().lost_records;
        if lost == self.late_seen {
            return Vec::new();
        }
        self.late_seen = lost;
        let ends: Vec<_> = self
            .late_ends
            .iter()
            .filter_map(Result::ok)
            .map(|(conn, end)| LateEnd { conn, time: end.time, exchange: end.exchange, lost: end.lost })
            .collect();
        for end in &ends {
            let _ = self.late_ends.remove(&end.conn);
        }
        ends
    }

    /// Waits until records may be there, or `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        self.update_control(|control| control.sleeping = 1).map_err(io::Error::other)?;
        self.waiter.wait(timeout)
    }

    /// Hands out the records that are there, at most until `until`. Returns how many.
    pub fn drain(&mut self, until: Instant, mut take: impl FnMut(Result<Record<'_>, RecordError>)) -> usize {
        let mut count = 0;
        while let Some(bytes) = self.ring.next() {
            take(record::parse(bytes));
            count += 1;
            if count % 256 == 0 && Instant::now() >= until {
                break;
            }
        }
        count
    }

    fn update_control(&mut self, change: impl FnOnce(&mut Control)) -> Result<(), MapError> {
        let mut control = self.control.get(&0, 0)?;
        control.deadline = deadline(&self.settings);
        control.sleeping = 0;
        change(&mut control);
        self.control.set(0, control, 0)
    }
}

fn initial_control(settings: &Settings, ring_bytes: u32) -> Control {
    Control {
        deadline: deadline(settings),
        request_budget: settings.request_budget,
        response_budget: settings.response_budget,
        wake_bytes: ring_bytes / WAKE_FRACTION,
        sleeping: 0,
        announce_execs: u32::from(settings.announce_execs),
        pad: 0,
    }
}

fn deadline(settings: &Settings) -> u64 {
    monotonic().saturating_add(u64::try_from(settings.deadline.as_nanos()).unwrap_or(u64::MAX))
}

fn hash<V: aya::Pod, K: aya::Pod>(map: MapData) -> Result<HashMap<MapData, K, V>, LoadError> {
    HashMap::try_from(Map::HashMap(map)).map_err(LoadError::Setup)
}

fn no_payload(refusals: &[ProbeReport]) -> LoadError {
    let reasons: Vec<_> = refusals.iter().filter_map(|report| report.off.clone()).collect();
    if reasons.iter().any(|reason| reason.starts_with("operation not permitted")) {
        return LoadError::Privilege {
            capability: "CAP_PERFMON",
            what: "loading tracing programs".to_owned(),
        };
    }
    LoadError::NoPayload(reasons.join("; "))
}

/// What holds the programs in the kernel.
#[derive(Debug, Default)]
struct Attached {
    links: Vec<(&'static Probe, &'static Program, Link)>,
    flush: Option<(&'static Program, Iterator)>,
    listeners: Option<(&'static Program, Iterator)>,
}

impl Attached {
    fn running(&self) -> Vec<Running> {
        let links = self.links.iter().map(|(probe, program, link)| (*probe, *program, link.runs()));
        let iterators = [&self.flush, &self.listeners].into_iter().flatten();
        let iterators = iterators.map(|(program, made)| (&socket_iterators::PROBE, *program, made.runs()));
        links.chain(iterators).map(|(probe, program, runs)| Running { probe, program, runs }).collect()
    }

    /// Attaches a probe's programs; a required one that fails takes the whole probe back.
    fn attach(&mut self, loader: &Loader<'_>, probe: &'static Probe, typed_sockets: bool) -> ProbeReport {
        let mut report = ProbeReport { probe, off: None, reduced: Vec::new() };
        let mut links = Vec::new();
        for program in probe.programs {
            let result: Result<(), ProgramError> = match (&program.attach, program.name) {
                (Attach::Iterator { .. }, socket_iterators::LISTENERS) => loader
                    .iterator(program.name, &program.attach)
                    .map(|made| self.listeners = Some((program, made))),
                // Of the two, the one that visits the map in use.
                (Attach::Iterator { .. }, name) if (name == socket_iterators::FLUSH) == typed_sockets => {
                    loader
                        .iterator(program.name, &program.attach)
                        .map(|made| self.flush = Some((program, made)))
                }
                (Attach::Iterator { .. }, _) => Ok(()),
                (hook, _) => loader.attach(program.name, hook).map(|link| links.push((probe, program, link))),
            };
            match (result, program.optional) {
                (Ok(()), _) => {}
                (Err(error), Some(lost)) => report.reduced.push((program.hook(), error.to_string(), lost)),
                (Err(error), None) => {
                    report.off = Some(format!("{error} ({})", program.hook()));
                    return report;
                }
            }
        }
        self.links.append(&mut links);
        report
    }
}

/// Now, nanoseconds of `CLOCK_MONOTONIC`: the clock of the programs.
pub(crate) fn monotonic() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the kernel to fill.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
