//! what programs tell of themselves -> measurements, and what happened in the course of requests
//!
//! One file per runtime: which probes it has, what they mean to the kernel (a [`Mark`]), and what to make of what the kernel tells then.
//! To add one, write its file and its line in [`REGISTRY`]. What the configuration declares by itself is in [`declared`]. Drops what happened when more is remembered than [`happenings`] allows, and
//! counts it.

mod cpython;
mod declared;
mod go;
pub mod happenings;
mod jvm;
mod postgresql;

use hashbrown::HashMap;
use underspan_config::Probe;
use underspan_ebpf::probes::inside::{DECLARED, Mark};
use underspan_ebpf::uprobes::Sharing;
use underspan_ebpf::{Moment, Sums};
use underspan_protocols::message::{Attributes, Metric};

use crate::attach::inside::{Files, Place, Seek, Wanted};
use crate::correlate::exchange::{Finished, Passed};
use crate::discover::WrongGlob;
use crate::signals::metrics::{Instrument, Measurement};
use declared::Declared;
use happenings::{Happening, Happenings};

/// All runtimes.
pub static REGISTRY: &[&Runtime] = &[&jvm::RUNTIME, &cpython::RUNTIME, &postgresql::RUNTIME, &go::RUNTIME];

/// A kind of program that has probes with a meaning.
pub struct Runtime {
    /// Its name, as in the configuration.
    pub name: &'static str,
    /// Who defines its USDT probes. `None`: they are functions of Go's.
    pub provider: Option<&'static str>,
    /// Whether the program is in a file of this name.
    pub lives_in: fn(&str) -> bool,
    /// Whether its processes share their probes.
    pub sharing: Sharing,
    /// Its probes.
    pub taps: &'static [Tap],
    /// What to say when a file has none of them.
    pub without: &'static str,
    reader: fn() -> Box<dyn Reader>,
}

/// A probe and what it means.
pub struct Tap {
    /// Its name.
    pub probe: &'static str,
    mark: Mark,
    detail: bool,
    /// For versions in which the probe has so many arguments.
    arguments: Option<usize>,
    /// Since Go 1.`since`.
    since: u32,
    /// Where the function returns.
    returns: bool,
}

impl Tap {
    const fn new(probe: &'static str, mark: Mark) -> Self {
        Self { probe, mark, detail: false, arguments: None, since: 0, returns: false }
    }

    /// Frequent, so only on where details are asked for.
    const fn detail(probe: &'static str, mark: Mark) -> Self {
        Self { probe, mark, detail: true, arguments: None, since: 0, returns: false }
    }

    /// Of a function: where it returns.
    const fn returns(mut self) -> Self {
        self.returns = true;
        self
    }

    /// Meant where the function is of this Go or a later one.
    const fn since(mut self, minor: u32) -> Self {
        self.since = minor;
        self
    }

    /// Meant where the probe has so many arguments, which differs by version.
    const fn with_arguments(mut self, arguments: usize) -> Self {
        self.arguments = Some(arguments);
        self
    }
}

/// Makes sense of what the kernel tells of one runtime's processes.
trait Reader {
    /// Something happened at `probe`, or ended there.
    fn moment(&mut self, probe: &'static str, moment: &Moment<'_>, out: &mut Vec<Told>);

    /// A thread's totals, told at `probe`.
    fn sums(&mut self, _probe: &'static str, _sums: &Sums<'_>, _out: &mut Vec<Told>) {}

    /// What it is that was counted at `probe`; `zero` where the mark tells two kinds apart and it was the second.
    fn counted(&self, _probe: &'static str, _zero: bool) -> Option<(&'static Metric, Attributes)> {
        None
    }

    /// A process is gone.
    fn forget(&mut self, _pid: u32) {}
}

/// What a reader says.
enum Told {
    Measured(Measurement),
    Happened(Happening),
}

/// How much is wanted of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    Off,
    /// What costs little.
    Brief,
    /// Everything.
    Full,
}

/// Numbers of marks that a tap has: one more where the kernel tells two kinds apart.
const NUMBERS: u32 = 2;

/// See the module.
pub struct Runtimes {
    wanted: Vec<Wanted>,
    /// By number of their mark, which is the index times [`NUMBERS`].
    taps: Vec<(usize, &'static Tap)>,
    readers: Vec<Box<dyn Reader>>,
    declared: Declared,
    happenings: Happenings,
    counted: HashMap<(u32, u32), u64>,
    told: Vec<Told>,
}

impl Runtimes {
    /// With as much of each runtime as `detail` says, and the probes that the configuration declares. Fails where one of these names no files.
    pub fn new(detail: impl Fn(&str) -> Detail, probes: &[Probe]) -> Result<Self, WrongGlob> {
        let (mut wanted, mut taps) = (Vec::new(), Vec::new());
        for (index, runtime) in REGISTRY.iter().enumerate() {
            let detail = detail(runtime.name);
            if detail == Detail::Off {
                continue;
            }
            let mut places = Vec::new();
            for tap in runtime.taps.iter().filter(|tap| detail == Detail::Full || !tap.detail) {
                let number = u32::try_from(taps.len()).unwrap_or(u32::MAX) * NUMBERS;
                let Tap { probe, mark, arguments, since, returns, .. } = *tap;
                places.push(Place { probe, number, mark, arguments, since, returns, needs: Vec::new() });
                taps.push((index, tap));
            }
            wanted.push(Wanted {
                name: runtime.name,
                files: Files::Named(runtime.lives_in),
                sharing: runtime.sharing,
                declared: false,
                seek: match runtime.provider {
                    Some(provider) => Seek::Usdt { provider, places, without: runtime.without },
                    None => Seek::Go(places),
                },
            });
        }
        let (declared, more) = Declared::new(probes)?;
        wanted.extend(more);
        Ok(Self {
            wanted,
            taps,
            readers: REGISTRY.iter().map(|runtime| (runtime.reader)()).collect(),
            declared,
            happenings: Happenings::default(),
            counted: HashMap::new(),
            told: Vec::new(),
        })
    }

    /// The probes to attach.
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// Takes what happened at a probe; what is to be measured goes to `out`. Gives back the call that becomes a span, if that is wanted.
    pub fn moment(&mut self, moment: &Moment<'_>, out: &mut Vec<Measurement>) -> Option<Passed> {
        if moment.mark >= DECLARED {
            return self.declared.moment(moment, out);
        }
        if let Some((index, tap)) = self.tap(moment.mark) {
            self.readers[index].moment(tap.probe, moment, &mut self.told);
            self.keep(moment.tgid, out);
        }
        None
    }

    /// The same of a thread's totals.
    pub fn sums(&mut self, sums: &Sums<'_>, out: &mut Vec<Measurement>) {
        if let Some((index, tap)) = self.tap(sums.mark) {
            self.readers[index].sums(tap.probe, sums, &mut self.told);
            self.keep(sums.tgid, out);
        }
    }

    /// The same of what the kernel counted of a process under a mark, since it began.
    pub fn counted(&mut self, pid: u32, mark: u32, times: u64) -> Option<Measurement> {
        let (metric, attributes) = if mark >= DECLARED {
            (self.declared.counted(mark)?, Vec::new())
        } else {
            let (index, tap) = self.tap(mark)?;
            self.readers[index].counted(tap.probe, mark % NUMBERS == 1)?
        };
        let before = self.counted.insert((pid, mark), times).unwrap_or(0);
        // It began anew if the kernel had forgotten it.
        let more = times.checked_sub(before).unwrap_or(times);
        (more > 0).then(|| sum(metric, attributes, more))
    }

    /// Adds to a finished exchange what happened meanwhile.
    pub fn describe(&mut self, finished: &mut Finished) {
        self.happenings.describe(finished);
    }

    /// What happened and was not kept.
    pub fn dropped(&self) -> u64 {
        self.happenings.dropped()
    }

    /// Passes of declared probes whose value was negative, where that cannot be.
    pub fn negative(&self) -> u64 {
        self.declared.negative()
    }

    /// A process is gone.
    pub fn forget(&mut self, pid: u32) {
        self.happenings.forget(pid);
        self.counted.retain(|(of, _), _| *of != pid);
        self.readers.iter_mut().for_each(|reader| reader.forget(pid));
    }

    /// Forgets what the kernel has counted: it begins anew.
    pub fn restart(&mut self) {
        self.counted.clear();
    }

    fn tap(&self, mark: u32) -> Option<(usize, &'static Tap)> {
        self.taps.get(usize::try_from(mark / NUMBERS).ok()?).copied()
    }

    fn keep(&mut self, pid: u32, out: &mut Vec<Measurement>) {
        for told in self.told.drain(..) {
            match told {
                Told::Measured(measurement) => out.push(measurement),
                Told::Happened(happening) => self.happenings.add(pid, happening),
            }
        }
    }
}

fn sum(metric: &'static Metric, attributes: Attributes, value: u64) -> Measurement {
    Measurement { metric, instrument: Instrument::Counter, attributes, value: number(value) }
}

fn level(metric: &'static Metric, attributes: Attributes, value: u64) -> Measurement {
    Measurement { metric, instrument: Instrument::Level, attributes, value: number(value) }
}

fn duration(metric: &'static Metric, attributes: Attributes, nanoseconds: u64) -> Measurement {
    Measurement { metric, instrument: Instrument::Histogram, attributes, value: seconds(nanoseconds) }
}

fn seconds(nanoseconds: u64) -> f64 {
    number(nanoseconds) / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "what is counted here stays below 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}

/// Text of a process, for people.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/runtimes");
        for entry in std::fs::read_dir(folder).expect("the folder of this file") {
            let name = entry.expect("readable").file_name().into_string().expect("ASCII");
            let name = name.trim_end_matches(".rs");
            let own = ["mod", "declared", "happenings"].contains(&name);
            assert!(
                own || REGISTRY.iter().any(|runtime| runtime.name == name),
                "add `&{name}::RUNTIME` to REGISTRY"
            );
        }
    }

    #[test]
    fn marks_have_room() {
        let taps: usize = REGISTRY.iter().map(|runtime| runtime.taps.len()).sum();
        assert!(
            taps * NUMBERS as usize <= DECLARED as usize,
            "the others are for probes of the configuration"
        );
    }
}
