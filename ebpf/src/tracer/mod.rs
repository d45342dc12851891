//! The running probes, their maps and their ring buffer.

mod attached;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use aya::maps::{Array, HashMap, Map, MapData, MapError, Queue};

use crate::abi::{Control, RawCanary, RawCounted, RawEnd, RawMark, RawVerdict, Target};
use crate::control::ControlEntry;
use crate::counters::{CounterSets, Counters, possible_cpus};
use crate::framing::{Framing, FramingTable};
use crate::loader::{Fitted, LOOPS, LoadError, Loader, Preemption, Runs, enable_statistics, kernel_types};
use crate::marks::Mark;
use crate::probes::{PAYLOAD, Probe, Program, REGISTRY, socket_iterators};
use crate::record::{End, Record, RecordError};
use crate::ring::Ring;
use crate::trials::Trials;
use crate::uprobes::Uprobes;
use crate::usdt::SpecTable;
use crate::waiter::Waiter;
use crate::{memory, object, record};
use attached::{Attached, refused_at_once};

/// Threads whose state the kernel may refuse to keep in task storage at one time.
const SPARE_THREADS: u32 = 1024;
/// The same for what is kept of threads that pass marks, which is larger and rarer.
const SPARE_INSIDE: u32 = 64;

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
    /// Attach probes in user space one by one even where the kernel can do many at once. For tests.
    pub uprobes_by_event: bool,
    /// Do as on kernels that interrupt programs everywhere and free what iterators visit, as Linux 7 does. For tests.
    pub as_newest: bool,
    /// Names of the payload probes that may be used, of which the best the kernel accepts is; empty for any.
    pub payload: Vec<String>,
    /// Framings to capture by, at most [`Framing::MOST`], with at most [`Framing::SIGNATURES`]; they are numbered from 1.
    pub framings: Vec<Framing>,
}

impl Default for Settings {
    /// For a look at few processes, by whatever the kernel accepts.
    fn default() -> Self {
        Self {
            ring_bytes: 1 << 20,
            max_targets: 16,
            request_budget: 4096,
            response_budget: 1024,
            announce_execs: false,
            deadline: Duration::from_secs(5),
            uprobes_by_event: false,
            as_newest: false,
            payload: Vec::new(),
            framings: Vec::new(),
        }
    }
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

/// Calls that a canary's program saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many.
    pub hits: u64,
    /// Sum of each argument, wrapping; of the result in the first place.
    pub sums: [u64; 12],
}

/// What user space tells the kernel about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Capture no more of its bytes.
    Ignore {
        /// What was judged is its plain text, which began when it was decrypted; else what is on the wire.
        decrypted: bool,
    },
    /// Capture by the framing of this number.
    Framing(u32),
}

/// How often a process made programs run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls on sockets.
    pub calls: u64,
    /// Hits of probes inside it where the kernel emulates the instruction.
    pub hits: u64,
    /// Hits of those where it executes a copy of it, and of return probes.
    pub steps: u64,
}

/// The kernel counts runs of programs as long as this lives.
#[derive(Debug)]
pub struct RunCount(#[expect(dead_code, reason = "held for its drop, which ends the counting")] OwnedFd);

/// The probes at work. Dropping it removes everything from the kernel.
pub struct Tracer {
    settings: Settings,
    ring: Ring,
    waiter: Waiter,
    control: ControlEntry,
    targets: HashMap<MapData, u32, Target>,
    verdicts: HashMap<MapData, u64, RawVerdict>,
    late_ends: Queue<MapData, RawEnd>,
    late_seen: u64,
    counters: CounterSets,
    /// What they said when counting began anew.
    forgotten: [u64; Counters::COUNT],
    canaries: Array<MapData, RawCanary>,
    /// Programs are loaded that refer to them as long as there are [`Uprobes`].
    _framings: FramingTable,
    marks: Array<MapData, RawMark>,
    counted: HashMap<MapData, RawCounted, u64>,
    uprobes: Option<Uprobes>,
    attached: Attached,
    reports: Vec<ProbeReport>,
}

/// Flag of map updates: only an element that exists (`BPF_EXIST`).
const BPF_EXIST: u64 = 2;
/// Wake the reader early when this part of the ring is full.
const WAKE_FRACTION: u32 = 16;

/// Since this function of Linux 7, an element of socket storage loses the reference to its owner before it is off the list of the map,
/// along which the iterator `bpf_sk_storage_map` goes: `__bpf_sk_storage_map_seq_show` follows the reference unchecked. Trying that
/// out would be a crash.
const FREES_VISITED: &str = "bpf_selem_unlink_nofail";

impl Tracer {
    /// Loads and attaches what the kernel accepts. Nothing is traced before [`Tracer::select`].
    pub fn start(settings: &Settings) -> Result<Self, LoadError> {
        let kernel = kernel_types()?;
        let fitted = Fitted::new(object::bytes::<()>(), &kernel)?;
        let trials = Trials::of(&fitted)?;
        let mut refusals = Vec::new();
        for payload in PAYLOAD {
            if !settings.payload.is_empty() && !settings.payload.iter().any(|wanted| wanted == payload.name) {
                continue;
            }
            if let Some(refused) = refused_at_once(&kernel, payload) {
                refusals.push(refused);
                continue;
            }
            match Self::start_with(settings, &fitted, &trials, payload, &refusals)? {
                Ok(tracer) => {
                    drop(fitted);
                    drop(kernel);
                    memory::trim_memory();
                    return Ok(tracer);
                }
                Err(refused) => refusals.push(refused),
            }
        }
        let reasons: Vec<_> = refusals.into_iter().filter_map(|report| report.off).collect();
        Err(LoadError::NoPayload(reasons.join("; ")))
    }

    /// Tries one way to get payload. `Err` inside: the kernel refused it, try the next.
    fn start_with(
        settings: &Settings,
        fitted: &Fitted<'_>,
        trials: &Trials,
        payload: &'static Probe,
        refusals: &[ProbeReport],
    ) -> Result<Result<Self, ProbeReport>, LoadError> {
        let ring_bytes = settings.ring_bytes.max(4096).next_power_of_two();
        let cpus = possible_cpus().map_err(|error| LoadError::Setup(MapError::IoError(error)))?;
        let mut sizes = vec![("ring", ring_bytes), ("targets", settings.max_targets), ("counters", cpus)];
        let typed_sockets = payload.typed_sockets && trials.sockets;
        // Stand-ins take no memory where they are not needed.
        if typed_sockets {
            sizes.push(("conns_by_socket", 1));
        }
        if trials.tasks {
            sizes.push(("threads_by_id", SPARE_THREADS));
            sizes.push(("inside_by_id", SPARE_INSIDE));
            sizes.push(("calls_by_id", SPARE_INSIDE));
        }
        let everywhere = Preemption { functions: true, tracepoints: true };
        let preemption = if settings.as_newest { everywhere } else { Preemption::of_kernel() };
        let copies = payload.programs.iter().map(|program| preemption.copies(program.attach)).max();
        let switches = [
            ("us_copies", copies.filter(|&copies| copies > 1).map_or(0, |copies| (1 << copies) - 1)),
            ("us_typed_sockets", u32::from(typed_sockets)),
            ("us_task_storage", u32::from(trials.tasks)),
            (LOOPS, u32::from(trials.loops)),
        ];
        let mut loader = Loader::new(fitted, &sizes, &switches)?.with_copies(preemption);
        let control = ControlEntry::new(loader.take_map("control")?, initial_control(settings, ring_bytes))
            .map_err(LoadError::Setup)?;

        let mut attached = Attached::default();
        let flush = match (typed_sockets, settings.as_newest || fitted.has_function(FREES_VISITED)) {
            (true, false) => socket_iterators::FLUSH,
            (true, true) => socket_iterators::FLUSH_FILES,
            (false, _) => socket_iterators::FLUSH_BY_SOCKET,
        };
        let mut reports = vec![attached.attach(&loader, payload, flush)];
        if reports[0].off.is_some() {
            return Ok(Err(reports.swap_remove(0)));
        }
        let tried = |probe: &Probe| {
            let mut others = trials.reports.iter().map(|report| report.probe).chain(PAYLOAD.iter().copied());
            others.any(|other| other.name == probe.name)
        };
        for probe in REGISTRY.iter().filter(|probe| !tried(probe)) {
            reports.push(attached.attach(&loader, probe, flush));
        }
        reports.extend(trials.reports.iter().cloned());
        reports.extend(refusals.iter().cloned());
        let specs = Array::try_from(Map::Array(loader.take_map("usdt_specs")?)).map_err(LoadError::Setup)?;
        let templates = std::mem::take(&mut attached.templates);
        let framings = FramingTable::fill(&mut loader, &settings.framings)?;
        let ring = Ring::new(loader.take_map("ring")?, ring_bytes)
            .map_err(|error| LoadError::Setup(MapError::IoError(error)))?;
        Ok(Ok(Self {
            waiter: Waiter::new(ring.as_fd()).map_err(|error| LoadError::Setup(MapError::IoError(error)))?,
            ring,
            control,
            targets: hash(loader.take_map("targets")?)?,
            verdicts: HashMap::try_from(Map::LruHashMap(loader.take_map("verdicts")?))
                .map_err(LoadError::Setup)?,
            late_ends: Queue::try_from(Map::Queue(loader.take_map("late_ends")?))
                .map_err(LoadError::Setup)?,
            late_seen: 0,
            counters: CounterSets::new(loader.take_map("counters")?, cpus).map_err(LoadError::Setup)?,
            forgotten: [0; Counters::COUNT],
            canaries: Array::try_from(Map::Array(loader.take_map("canaries")?)).map_err(LoadError::Setup)?,
            _framings: framings,
            marks: Array::try_from(Map::Array(loader.take_map("marks")?)).map_err(LoadError::Setup)?,
            counted: HashMap::try_from(Map::LruHashMap(loader.take_map("counted")?))
                .map_err(LoadError::Setup)?,
            uprobes: Some(Uprobes::new(
                templates,
                loader.into_maps(),
                SpecTable::new(specs),
                settings.uprobes_by_event,
            )),
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
        self.control.end();
        self.attached = Attached::default();
    }

    /// Hands out the programs for user space, to be attached by whoever decides about that, on whatever thread. `None` the second time.
    pub fn take_uprobes(&mut self) -> Option<Uprobes> {
        self.uprobes.take()
    }

    /// What the canaries' programs saw under the number they were attached with.
    pub fn tally(&self, number: u32) -> Tally {
        // An index of our own map can always be read; a larger one has seen nothing.
        let raw = self.canaries.get(&number, 0).unwrap_or_default();
        Tally { hits: raw.hits, sums: raw.sums }
    }

    /// Forgets what they saw.
    pub fn clear_tally(&mut self, number: u32) -> Result<(), MapError> {
        self.canaries.set(number, RawCanary::default(), 0)
    }

    /// Says what the mark of this number means, below [`MARKS_MAX`](crate::probes::inside::MARKS_MAX). To be done before a probe with it
    /// is attached.
    pub fn set_mark(&mut self, number: u32, mark: Mark) -> Result<(), MapError> {
        self.marks.set(number, mark.raw(), 0)
    }

    /// What was counted by process since the start: process, mark, times. Beyond some thousand of these, the least used is forgotten.
    pub fn counted(&self) -> Vec<(u32, u32, u64)> {
        let all = self.counted.iter().filter_map(Result::ok);
        all.map(|(RawCounted { tgid, mark }, times)| (tgid, mark, times)).collect()
    }

    /// Forgets what was counted for a process.
    pub fn forget_counted(&mut self, tgid: u32, mark: u32) {
        // Absent already when it was the least used.
        let _ = self.counted.remove(&RawCounted { tgid, mark });
    }

    /// Traces a process from now on, and its children. One that is selected already stays as it is, paused or not.
    pub fn select(&mut self, tgid: u32) -> Result<(), MapError> {
        if self.is_selected(tgid) {
            return Ok(());
        }
        self.targets.insert(tgid, Target { since: monotonic(), ..Target::default() }, 0)
    }

    /// Has the calls of a selected process counted and nothing else. Its children from now on are traced all the same. False when it is
    /// gone.
    pub fn pause(&mut self, tgid: u32) -> bool {
        self.change(tgid, |target| target.paused = 1)
    }

    /// Ends a pause. What its connections say next is told as of connections joined on their way. False when the process is gone.
    pub fn resume(&mut self, tgid: u32) -> bool {
        self.change(tgid, |target| (target.paused, target.resumed) = (0, monotonic()))
    }

    /// Says whether a selected process is a Go program whose threads keep the running goroutine just below the thread pointer
    /// ([`crate::go::Program::goroutines`]). Its calls are then its goroutines', not its threads'. False when the process is gone.
    pub fn set_go(&mut self, tgid: u32, go: bool) -> bool {
        self.change(tgid, |target| target.go = u32::from(go))
    }

    /// What each selected process has made the programs do since its selection, pauses included.
    pub fn usage(&self) -> Vec<(u32, Usage)> {
        let usage = |target: Target| Usage { calls: target.calls, hits: target.hits, steps: target.steps };
        self.targets.iter().filter_map(Result::ok).map(|(tgid, target)| (tgid, usage(target))).collect()
    }

    /// Calls counted while this runs are few and may be missed.
    fn change(&mut self, tgid: u32, change: impl FnOnce(&mut Target)) -> bool {
        let Ok(mut target) = self.targets.get(&tgid, 0) else { return false };
        change(&mut target);
        // Never puts back a process that has just ended.
        self.targets.insert(tgid, target, BPF_EXIST).is_ok()
    }

    /// Makes the kernel count runs of programs, and their time, until the result is dropped: every program of the host, each run of which
    /// gets some 50 ns slower. Needs `CAP_SYS_ADMIN`.
    pub fn count_runs(&self) -> io::Result<RunCount> {
        enable_statistics().map(RunCount)
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
        self.attached.listeners.as_ref().map_or(Ok(()), |(_, iterator)| iterator.run(Vec::new))
    }

    /// Makes connections that are silent report bytes that passed without being captured, as `Run` records.
    pub fn flush(&self) -> io::Result<()> {
        self.attached.flush.as_ref().map_or(Ok(()), |(_, iterator)| iterator.run(|| self.selected()))
    }

    /// Moves the programs' deadline forward.
    pub fn heartbeat(&self) {
        self.control.beat(monotonic(), deadline(&self.settings));
    }

    /// Tells the kernel about a connection.
    pub fn set_verdict(&mut self, conn: u64, verdict: Verdict) -> Result<(), MapError> {
        let verdict = match verdict {
            Verdict::Ignore { decrypted } => RawVerdict { ignore: 1 + u32::from(decrypted), framing: 0 },
            Verdict::Framing(framing) => RawVerdict { ignore: 0, framing },
        };
        self.verdicts.insert(conn, verdict, 0)
    }

    /// Sums of the programs' counters.
    pub fn counters(&self) -> Counters {
        let mut sums = self.counters.sums();
        for (sum, forgotten) in sums.iter_mut().zip(self.forgotten) {
            *sum = sum.saturating_sub(forgotten);
        }
        Counters::from_values(sums)
    }

    /// Counts from zero again.
    pub fn forget_counters(&mut self) {
        self.forgotten = self.counters.sums();
    }

    /// How often a hook was passed and its program not run, as far as the kernel says, by the program's name. The calls this concerns are
    /// in [`Counters::missed`] when their threads went on.
    pub fn missed_hits(&self) -> BTreeMap<&'static str, u64> {
        let mut missed = BTreeMap::new();
        for (_, program, link) in &self.attached.links {
            *missed.entry(program.name).or_default() += link.missed();
        }
        missed.retain(|_, hits| *hits > 0);
        missed
    }

    /// Ends of connections that did not fit the ring since the last call. Records of theirs may still be in the ring.
    pub fn late_ends(&mut self) -> Vec<End> {
        let lost = self.counters().lost_records;
        if lost == self.late_seen {
            return Vec::new();
        }
        self.late_seen = lost;
        std::iter::from_fn(|| self.late_ends.pop(0).ok()).map(|end| End::from(&end)).collect()
    }

    /// Waits until records may be there, or `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        self.heartbeat();
        self.control.sleep();
        self.waiter.wait(timeout)
    }

    /// Hands out the records that are there, at most until `until`. Returns how many, and whether that was all.
    pub fn drain(
        &mut self,
        until: Instant,
        mut take: impl FnMut(Result<Record<'_>, RecordError>),
    ) -> (usize, bool) {
        let mut count = 0;
        while let Some(bytes) = self.ring.next() {
            take(record::parse(bytes));
            count += 1;
            if count % 256 == 0 && Instant::now() >= until {
                return (count, false);
            }
        }
        (count, true)
    }
}

fn initial_control(settings: &Settings, ring_bytes: u32) -> Control {
    Control {
        deadline: deadline(settings),
        resumed: 0,
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

/// Now, nanoseconds of `CLOCK_MONOTONIC`: the clock of the programs.
pub(crate) fn monotonic() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the kernel to fill.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
