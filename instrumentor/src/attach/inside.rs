//! processes and what they have mapped -> probes inside them
//!
//! Looks at a process when it is selected, forked or runs another program, and a few times after that while its libraries may still be
//! loading.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use underspan_ebpf::elf::{FileId, Image, Mapping, executable_mappings};
use underspan_ebpf::probes::inside::{Mark, USDT};
use underspan_ebpf::uprobes::{Links, Point, UprobeError, Uprobes, release};
use underspan_ebpf::{Tracer, usdt};

use crate::runtimes::Runtime;

/// Files whose places are remembered.
const PLANS: usize = 256;
/// Looks at a process that may still be loading its libraries, one with each turn of the reader's timer.
const EARLY_LOOKS: u8 = 20;

/// What is wanted of the processes of a runtime.
pub struct Wanted {
    /// The runtime.
    pub runtime: &'static Runtime,
    /// Its probes.
    pub places: Vec<Place>,
}

/// A probe that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Its name.
    pub probe: &'static str,
    /// Number of its mark.
    pub number: u32,
    /// What it means.
    pub mark: Mark,
    /// Only where it has so many arguments.
    pub arguments: Option<usize>,
}

/// A file of a process with probes inside, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The runtime, for people.
    pub runtime: &'static str,
    /// Where the process has the file from.
    pub path: PathBuf,
    /// Places with a program; or why there are none.
    pub probes: Result<usize, String>,
    inode: u64,
}

#[derive(Debug, Default)]
struct Process {
    found: Vec<Found>,
    looks: u8,
}

/// Probes inside processes.
#[derive(Default)]
pub struct Inside {
    links: Links,
    plans: HashMap<(FileId, &'static str), Result<Vec<Point>, String>>,
    processes: HashMap<u32, Process>,
}

impl Inside {
    /// Tells the kernel what the probes mean, before any is attached.
    pub fn tell(tracer: &mut Tracer, wanted: &[Wanted]) {
        for place in wanted.iter().flat_map(|wanted| &wanted.places) {
            if let Err(error) = tracer.set_mark(place.number, place.mark) {
                // The kernel then ignores the probe.
                tracing::warn!(probe = place.probe, %error, "cannot tell the kernel what a probe means");
            }
        }
    }

    /// A process is about to be traced, or runs another program. Gives back what was found.
    pub fn begin(&mut self, uprobes: &mut Uprobes, wanted: &[Wanted], pid: u32) -> Vec<Found> {
        drop(self.end(pid));
        if wanted.is_empty() {
            return Vec::new();
        }
        self.processes.insert(pid, Process::default());
        self.look(uprobes, wanted, pid)
    }

    /// A process is traced no longer. Gives back where it had probes.
    pub fn end(&mut self, pid: u32) -> Vec<Found> {
        // Its programs do nothing from now on; closing may take its time elsewhere.
        release(self.links.give_up(pid), Duration::ZERO);
        let found = self.processes.remove(&pid).map(|process| process.found);
        found.unwrap_or_default().into_iter().filter(|found| found.probes.is_ok()).collect()
    }

    /// Looks at the processes that may still be loading. Gives back what was found.
    pub fn look_early(&mut self, uprobes: &mut Uprobes, wanted: &[Wanted]) -> Vec<(u32, Found)> {
        let early = self.processes.iter().filter(|(_, process)| process.looks < EARLY_LOOKS);
        let pids: Vec<_> = early.map(|(pid, _)| *pid).collect();
        let look = |pid| self.look(uprobes, wanted, pid).into_iter().map(move |found| (pid, found));
        pids.into_iter().flat_map(look).collect()
    }

    /// Takes everything back, on threads that may go on after this has returned. Gives back who had probes where.
    pub fn close(mut self) -> Vec<(u32, Found)> {
        self.links.close(Duration::ZERO);
        let all = self.processes.into_iter();
        let all = all.flat_map(|(pid, process)| process.found.into_iter().map(move |found| (pid, found)));
        all.filter(|(_, found)| found.probes.is_ok()).collect()
    }

    /// What is inside a process.
    pub fn of(&self, pid: u32) -> &[Found] {
        self.processes.get(&pid).map(|process| process.found.as_slice()).unwrap_or_default()
    }

    /// Gives back what is new.
    fn look(&mut self, uprobes: &mut Uprobes, wanted: &[Wanted], pid: u32) -> Vec<Found> {
        let Some(process) = self.processes.get_mut(&pid) else { return Vec::new() };
        process.looks = process.looks.saturating_add(1);
        // A process that is gone has nothing mapped.
        let mappings = executable_mappings(pid).unwrap_or_default();
        let mut new = Vec::new();
        for mapping in &mappings {
            let known =
                process.found.iter().any(|found| found.inode == mapping.inode && found.path == mapping.path);
            let Some(name) = mapping.path.file_name().map(|name| name.to_string_lossy()).filter(|_| !known)
            else {
                continue;
            };
            new.extend(
                wanted
                    .iter()
                    .filter(|wanted| (wanted.runtime.lives_in)(&name))
                    .map(|wanted| (wanted, mapping)),
            );
        }
        let mut found = Vec::new();
        for (wanted, mapping) in new {
            let probes = self.attach(uprobes, wanted, pid, mapping);
            let (runtime, path) = (wanted.runtime.name, mapping.path.clone());
            found.push(Found { runtime, path, probes, inode: mapping.inode });
        }
        // An interpreter may be in the executable or in a library of it; where one has probes, there is nothing to say of the other.
        if let Some(process) = self.processes.get_mut(&pid) {
            process.found.extend(found.iter().cloned());
        }
        found
    }

    fn attach(
        &mut self,
        uprobes: &mut Uprobes,
        wanted: &Wanted,
        pid: u32,
        mapping: &Mapping,
    ) -> Result<usize, String> {
        let image = Image::of_mapping(pid, mapping).map_err(|error| error.to_string())?;
        if self.plans.len() >= PLANS {
            self.plans.clear();
        }
        let runtime = wanted.runtime;
        let plan = self.plans.entry((image.id(), runtime.name));
        let points = plan.or_insert_with(|| points(uprobes, &image, wanted)).clone()?;
        let mut attached = points.len();
        self.links
            .hold(image.id(), runtime.name, pid, runtime.sharing, |scope| {
                let link = uprobes.attach(&image, &points, scope)?;
                for refused in link.refused() {
                    tracing::warn!(pid, %refused, "a probe cannot be had");
                }
                attached = link.points();
                Ok(link)
            })
            .map(|_| attached)
            .map_err(|error: UprobeError| error.to_string())
    }
}

/// Places of the wanted probes in a file.
fn points(uprobes: &mut Uprobes, image: &Image, wanted: &Wanted) -> Result<Vec<Point>, String> {
    let probes = usdt::probes(image).map_err(|error| error.to_string())?;
    let mut points = Vec::new();
    for place in &wanted.places {
        let wanted =
            |probe: &&usdt::Probe| probe.provider == wanted.runtime.provider && probe.name == place.probe;
        let Some(probe) = probes.iter().find(wanted) else { continue };
        let number = u16::try_from(place.number).unwrap_or(u16::MAX);
        points.extend(uprobes.usdt_points(probe, USDT, number).map_err(|error| error.to_string())?);
    }
    if points.is_empty() { Err(wanted.runtime.without.to_owned()) } else { Ok(points) }
}
