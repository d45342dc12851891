//! processes and what they have mapped -> probes inside them
//!
//! Looks at a process when it is selected, forked or runs another program, and a few times after that while its libraries may still be
//! loading.

mod wanted;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use underspan_ebpf::Tracer;
use underspan_ebpf::elf::{FileId, Image, Mapping, executable_mappings};
use underspan_ebpf::uprobes::{Links, Point, Uprobes, release};

use crate::telemetry::status::DeclaredStatus;
pub use wanted::{Files, Place, Seek, Wanted};

/// Files whose places are remembered.
const PLANS: usize = 256;
/// Looks at a process that may still be loading its libraries, one with each turn of the reader's timer.
const EARLY_LOOKS: u8 = 20;

/// A file of a process with probes inside, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What was wanted, for people: a runtime, or `probe NAME`.
    pub wanted: &'static str,
    /// The configuration declares it.
    pub declared: bool,
    /// The program that runs there.
    pub program: &'static str,
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
    /// Declared probes of which was said that they are nowhere.
    told: HashSet<&'static str>,
}

impl Inside {
    /// Tells the kernel what the probes mean, before any is attached.
    pub fn tell(tracer: &mut Tracer, wanted: &[Wanted]) {
        for (wanted, (number, mark)) in
            wanted.iter().flat_map(|wanted| wanted.marks().into_iter().map(move |mark| (wanted, mark)))
        {
            if let Err(error) = tracer.set_mark(number, mark) {
                // The kernel then ignores the probe.
                tracing::warn!(wanted.name, %error, "cannot tell the kernel what a probe means");
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

    /// Declared probes of which, all processes having been looked at, none has the file. Each is named once.
    pub fn nowhere(&mut self, wanted: &[Wanted]) -> Vec<&'static str> {
        if self.processes.is_empty() || self.processes.values().any(|process| process.looks < EARLY_LOOKS) {
            return Vec::new();
        }
        let declared = wanted.iter().filter(|wanted| wanted.declared);
        let missing = declared.filter(|wanted| self.found(wanted.name).next().is_none());
        let mut missing: Vec<_> = missing.map(|wanted| wanted.name).collect();
        missing.retain(|name| self.told.insert(name));
        missing
    }

    /// What became of the probes that the configuration declares.
    pub fn declared(&self, wanted: &[Wanted]) -> Vec<DeclaredStatus> {
        let status = |wanted: &Wanted| {
            let (mut processes, mut places, mut reason) = (0, 0, None);
            for found in self.found(wanted.name) {
                match &found.probes {
                    Ok(there) => (processes, places) = (processes + 1, places + there),
                    Err(why) => reason = Some(format!("{}: {why}", found.path.display())),
                }
            }
            let nowhere = || "no traced process has mapped a file of this path to execute it".to_owned();
            DeclaredStatus {
                name: wanted.name.trim_start_matches("probe ").to_owned(),
                processes,
                places,
                reason: if places == 0 { Some(reason.unwrap_or_else(nowhere)) } else { reason },
            }
        };
        wanted.iter().filter(|wanted| wanted.declared).map(status).collect()
    }

    fn found(&self, name: &str) -> impl Iterator<Item = &Found> {
        let all = self.processes.values().flat_map(|process| &process.found);
        all.filter(move |found| found.wanted == name)
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
        let program = fs::metadata(format!("/proc/{pid}/exe")).map_or(0, |status| status.ino());
        let mut new = Vec::new();
        for mapping in &mappings {
            let known =
                process.found.iter().any(|found| found.inode == mapping.inode && found.path == mapping.path);
            if !known {
                let here = wanted.iter().filter(|wanted| wanted.are_in(&mapping.path));
                let here =
                    here.filter(|wanted| mapping.inode == program || !matches!(wanted.seek, Seek::Go(_)));
                new.extend(here.map(|wanted| (wanted, mapping)));
            }
        }
        let mut found = Vec::new();
        for (wanted, mapping) in new {
            let probes = self.attach(uprobes, wanted, pid, mapping);
            // Any program may be one of Go's; most are not.
            if matches!(wanted.seek, Seek::Go(_)) && matches!(probes, Ok(0) | Err(_)) {
                continue;
            }
            found.push(Found {
                wanted: wanted.name,
                declared: wanted.declared,
                program: wanted.program(),
                path: mapping.path.clone(),
                probes,
                inode: mapping.inode,
            });
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
        let plan = self.plans.entry((image.id(), wanted.name));
        let points = plan.or_insert_with(|| wanted.points(uprobes, &image)).clone()?;
        let mut attached = points.len();
        if points.is_empty() {
            return Ok(0);
        }
        self.links
            .hold(image.id(), wanted.name, pid, wanted.sharing, |scope| {
                let link = uprobes.attach(&image, &points, scope).map_err(|error| error.to_string())?;
                if let Some(refused) = link.refused().first().filter(|_| wanted.declared) {
                    return Err(refused.to_string());
                }
                for refused in link.refused() {
                    tracing::warn!(pid, %refused, "a probe cannot be had");
                }
                attached = link.points();
                Ok(link)
            })
            .map(|_| attached)
    }
}
