//! Programs in code of user space: attached to places of an [`Image`] and taken back.
//!
//! Programs are loaded when they are first attached, so those nobody wants cost nothing. A kind of probe that a canary has found to be
//! unsafe or wrong here ([`crate::canary`]) is refused from then on.

mod kind;
mod links;
mod release;

use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use aya::maps::MapData;

use crate::abi::STEPPED;
use crate::elf::Image;
use crate::loader::uprobe::{Abilities, Place, Target};
use crate::loader::{Template, Way, program_runs};
use crate::placement::{Exit, Plan};
use crate::probes::REGISTRY;
use crate::tracer::Running;
use crate::usdt::SpecTable;

pub use kind::Kind;
use kind::kinds;
pub use links::{Links, Sharing};
pub use release::{finish_releasing, release};

/// A place in an image where a program is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Name of the program, which must have [`Attach::Uprobe`](crate::probes::Program) as its hook.
    pub program: &'static str,
    /// In the file, bytes.
    pub offset: u64,
    /// Before the instruction there, or when the function that begins there returns.
    pub when: When,
    /// Where in the file the counter is that tells the process somebody looks (USDT).
    pub semaphore: Option<u64>,
    /// What the program gets as its `cookie`, less than 2^30. On kernels before 5.15, each value costs a copy of the program.
    pub cookie: u64,
    /// The function begins here, so nothing of it lies below the stack pointer yet.
    pub at_entry: bool,
}

/// When a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum When {
    /// Before the instruction is executed.
    Before,
    /// When the function returns; the place must be one where the return address is on top of the stack.
    Return,
}

/// Which processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One, with all its threads. Its children are not included.
    Process(u32),
    /// Each that maps the file. Every one of them pays for the hit; the program must look at `targets` itself.
    Everyone,
}

/// Why probes were not attached.
#[derive(Debug, thiserror::Error)]
pub enum UprobeError {
    /// A canary found that this kind of probe is not to be used on this kernel.
    #[error("probes of this kind are off ({kind}): {reason}")]
    Off {
        /// The kind.
        kind: Kind,
        /// What the canary found.
        reason: String,
    },
    /// The kernel has no probes in user space.
    #[error("{0}")]
    Unsupported(&'static str),
    /// There is no such program.
    #[error("there is no program {0} for user space")]
    NoProgram(&'static str),
    /// The program was refused.
    #[error("program {program}: {reason}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What the kernel said.
        reason: String,
    },
    /// The number does not fit where the kernel has no place for it.
    #[error("this kernel passes no numbers to programs, and {0} does not fit into one")]
    Cookie(u64),
    /// There is no room for the arguments of another USDT probe.
    #[error("{0}")]
    Arguments(String),
    /// The place was refused.
    #[error("{file} +{offset:#x}: {error}")]
    Place {
        /// The file.
        file: String,
        /// In it, bytes.
        offset: u64,
        /// What the kernel said.
        error: io::Error,
    },
}

/// Programs at their places. Dropping it takes them back, which may take a while: see [`release`].
#[derive(Debug)]
pub struct UprobeLink {
    /// To be closed in order.
    held: Vec<OwnedFd>,
    points: usize,
    refused: Vec<UprobeError>,
}

impl UprobeLink {
    /// Places where a program is now.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Places the kernel refused, when others were accepted.
    pub fn refused(&self) -> &[UprobeError] {
        &self.refused
    }
}

/// See the module.
pub struct Uprobes {
    templates: HashMap<&'static str, Template>,
    loaded: HashMap<(&'static str, Option<i32>), Arc<OwnedFd>>,
    /// Named by the programs that are yet to be loaded.
    _maps: Vec<MapData>,
    abilities: Abilities,
    off: HashMap<Kind, String>,
    /// Nanoseconds of a hit, of kinds for which canaries have measured them.
    pub(crate) costs: HashMap<Kind, u64>,
    pub(crate) usdt: SpecTable,
}

impl Uprobes {
    pub(crate) fn new(
        templates: HashMap<&'static str, Template>,
        maps: Vec<MapData>,
        usdt: SpecTable,
        events_only: bool,
    ) -> Self {
        let way = events_only.then_some(Way::Event);
        Self {
            templates,
            loaded: HashMap::new(),
            _maps: maps,
            abilities: Abilities::find(way),
            off: HashMap::new(),
            costs: HashMap::new(),
            usdt,
        }
    }

    /// How places are attached on this kernel, for people.
    pub fn way(&self) -> &'static str {
        match (self.abilities.obstacle(), self.abilities.way) {
            (Some(obstacle), _) => obstacle,
            (None, Way::Multi) => "many at once (uprobe_multi)",
            (None, Way::Event) => "one by one (perf events)",
        }
    }

    /// Whether all places of a program in a file are taken back at once, so that probes which may never be hit are cheap.
    pub fn attaches_at_once(&self) -> bool {
        self.abilities.obstacle().is_none() && self.abilities.way == Way::Multi
    }

    /// The programs that were attached so far, and what the kernel counted of them.
    pub fn running(&self) -> Vec<Running> {
        let programs =
            REGISTRY.iter().flat_map(|probe| probe.programs.iter().map(move |program| (*probe, program)));
        let loaded = self.loaded.iter().filter_map(|((name, _), loaded)| {
            let (probe, program) = programs.clone().find(|(_, program)| program.name == *name)?;
            Some(Running { probe, program, runs: program_runs(loaded.as_fd()) })
        });
        loaded.collect()
    }

    /// From now on, no probe of this kind is attached.
    pub fn refuse(&mut self, kind: Kind, reason: impl Into<String>) {
        self.off.insert(kind, reason.into());
    }

    /// Why no probe of this kind is attached; `None` when it is not refused.
    pub fn refused(&self, kind: Kind) -> Option<&str> {
        self.off.get(&kind).map(String::as_str)
    }

    /// What a hit of this kind of probe costs a process, as far as a canary has measured it here.
    pub fn cost(&self, kind: Kind) -> Option<Duration> {
        self.costs.get(&kind).copied().map(Duration::from_nanos)
    }

    /// Attaches programs to places of an image. Fails when no place could be had; places that could not while others could are named in
    /// the link.
    pub fn attach(
        &mut self,
        image: &Image,
        points: &[Point],
        scope: Scope,
    ) -> Result<UprobeLink, UprobeError> {
        if let Some(obstacle) = self.abilities.obstacle() {
            return Err(UprobeError::Unsupported(obstacle));
        }
        let mut link = UprobeLink { held: Vec::new(), points: 0, refused: Vec::new() };
        let mut groups: BTreeMap<(&'static str, When, Option<i32>), Vec<Place>> = BTreeMap::new();
        for point in points {
            match self.check(image, point) {
                Ok((cookie, constant)) => {
                    let Point { offset, semaphore, .. } = *point;
                    groups.entry((point.program, point.when, constant)).or_default().push(Place {
                        offset,
                        semaphore,
                        cookie,
                    });
                }
                Err(error) => link.refused.push(error),
            }
        }
        for ((program, when, constant), places) in groups {
            self.attach_group(image, (program, constant), when, scope, &places, &mut link)?;
        }
        // One of them is as good as the others when there was no success at all.
        match link.refused.pop() {
            Some(error) if link.points == 0 => Err(error),
            last => {
                link.refused.extend(last);
                Ok(link)
            }
        }
    }

    /// The cookie for the program at this point, and the constant it needs in place of that, if it does.
    fn check(&self, image: &Image, point: &Point) -> Result<(u64, Option<i32>), UprobeError> {
        let kinds = kinds(image, point);
        for kind in kinds.iter().copied() {
            if let Some(reason) = self.off.get(&kind) {
                return Err(UprobeError::Off { kind, reason: reason.clone() });
            }
        }
        let template = self.templates.get(point.program).ok_or(UprobeError::NoProgram(point.program))?;
        let stepped = kinds.iter().any(|kind| matches!(kind, Kind::Stepped | Kind::Return));
        let cookie = point.cookie | if stepped { STEPPED } else { 0 };
        if self.abilities.cookies || !template.uses_cookie() {
            return Ok((cookie, None));
        }
        i32::try_from(cookie)
            .map(|constant| (cookie, Some(constant)))
            .map_err(|_| UprobeError::Cookie(cookie))
    }

    fn attach_group(
        &mut self,
        image: &Image,
        program: (&'static str, Option<i32>),
        when: When,
        scope: Scope,
        places: &[Place],
        link: &mut UprobeLink,
    ) -> Result<(), UprobeError> {
        let loaded = self.load(program)?;
        let target = Target {
            // Made of digits and letters.
            path: CString::new(image.kernel_path()).unwrap_or_default(),
            at_return: when == When::Return,
            pid: match scope {
                Scope::Process(pid) => Some(pid),
                Scope::Everyone => None,
            },
        };
        if let Ok(mut held) = self.abilities.attach(loaded.as_fd(), &target, places) {
            link.held.append(&mut held);
            link.points += places.len();
            return Ok(());
        }
        // One bad place must not cost the others.
        for place in places {
            match self.abilities.attach(loaded.as_fd(), &target, std::slice::from_ref(place)) {
                Ok(mut held) => {
                    link.held.append(&mut held);
                    link.points += 1;
                }
                Err(error) => link.refused.push(UprobeError::Place {
                    file: image.path().display().to_string(),
                    offset: place.offset,
                    error,
                }),
            }
        }
        Ok(())
    }

    fn load(&mut self, program: (&'static str, Option<i32>)) -> Result<Arc<OwnedFd>, UprobeError> {
        if let Some(loaded) = self.loaded.get(&program) {
            return Ok(Arc::clone(loaded));
        }
        let (name, constant) = program;
        let template = self.templates.get(name).ok_or(UprobeError::NoProgram(name))?;
        let loaded = template
            .load(self.abilities.way, constant)
            .map_err(|error| UprobeError::Program { program: name, reason: error.to_string() })?;
        let loaded = Arc::new(loaded);
        self.loaded.insert(program, Arc::clone(&loaded));
        Ok(loaded)
    }
}

impl Plan {
    /// The points at which `entry` sees the calls and `exit` the results, both with `cookie`.
    pub fn points(&self, entry: &'static str, exit: &'static str, cookie: u64) -> [Point; 2] {
        let at = |offset, distance, program, when| Point {
            program,
            offset,
            when,
            semaphore: None,
            cookie,
            at_entry: distance == 0,
        };
        [
            at(self.entry.offset, self.entry.distance, entry, When::Before),
            match self.exit {
                Exit::Site { offset, distance, .. } => at(offset, distance, exit, When::Before),
                Exit::Probe { offset, distance, .. } => at(offset, distance, exit, When::Return),
            },
        ]
    }
}
