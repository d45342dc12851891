//! processes and what they have mapped -> probes where they encrypt: in TLS libraries, and in Go programs
//!
//! Looks at a process when it is selected or runs another program, a few times after that while its libraries may still be loading, and
//! whenever one of its connections turns out to be encrypted and not read. One that has just been started gets probes in what it is likely
//! to load. Probes are a process's own: others that map the same library pay nothing for them. Only those of a server that forks for each
//! connection, and of a process that starts programs which speak TLS, are shared by all processes that map the library, since the children
//! speak before probes of their own could be there.

mod expected;
mod forking;
mod go;
mod places;

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use underspan_ebpf::elf::{FileId, Image, Mapping, executable_mappings};
use underspan_ebpf::probes::tls_libraries::ENTER;
use underspan_ebpf::probes::{Probe, go_routines, go_sql, go_tls, tls_libraries};
use underspan_ebpf::uprobes::{Links, Point, Sharing, UprobeLink, Uprobes, release};

use expected::expected;
use forking::forks_for_each;
use go::GoPlan;
use places::{Part, places};

/// Libraries whose plans are remembered.
const PLANS: usize = 256;
/// Looks at a process that may still be loading its libraries, one with each turn of the reader's timer.
const EARLY_LOOKS: u8 = 10;
/// How long a process that was just started keeps probes in libraries that it has not loaded. One that loads them later gets probes when
/// a connection turns out to be encrypted.
const EXPECTING: Duration = Duration::from_secs(30);
/// Between looks because of connections that are not read.
const AGAIN: Duration = Duration::from_secs(1);

/// Forks after which a server is still looked at: whether it forks for each connection shows once it has children.
const FORKS: u8 = 64;

/// Libraries that are shared for the sake of one process's children.
const COVERED: usize = 32;

/// A library of a process, or its program, and what became of its probes.
#[derive(Debug, Clone)]
pub struct Library {
    /// Whose programs it gets.
    pub probe: &'static Probe,
    /// Where the process has it from.
    pub path: PathBuf,
    inode: u64,
    file: Option<FileId>,
    /// Programs, one for each place; or why there are none.
    pub probes: Result<Vec<&'static str>, String>,
}

/// A process that was looked at.
#[derive(Debug)]
struct Process {
    libraries: Vec<Library>,
    /// Its program was looked at; whether its threads run goroutines.
    goroutines: Option<bool>,
    looks: u8,
    looked: Instant,
    forks: u8,
    /// It forks for each connection.
    forking: bool,
    /// Who made it.
    parent: Option<u32>,
    /// It was seen to start.
    started: bool,
    /// Since when it has probes in libraries that it may never load.
    expecting: Option<Instant>,
    /// Libraries of its children, which start and speak.
    covers: Vec<FileId>,
}

/// Probes in TLS libraries.
#[derive(Default)]
pub struct Plaintext {
    links: Links,
    plans: HashMap<FileId, Result<Vec<Point>, String>>,
    go_plans: HashMap<FileId, Option<GoPlan>>,
    processes: HashMap<u32, Process>,
}

impl Plaintext {
    /// Makes plans for the libraries of this host, so that there is one when a process is started that loads them.
    pub fn prepare(&mut self) {
        for (part, image) in expected(std::process::id()) {
            // What is wrong with it is told once it is loaded.
            drop(self.plan(part, &image));
        }
    }

    /// A process is about to be traced. Gives back its libraries.
    pub fn begin(&mut self, uprobes: &mut Uprobes, pid: u32) -> Vec<Library> {
        drop(self.end(pid));
        let forking = forks_for_each(pid);
        self.processes.insert(pid, Process { forking, ..Process::default() });
        let found = self.look(uprobes, pid);
        if forking {
            self.share(uprobes, pid);
        }
        found
    }

    /// A process has begun to run another program, and is traced from now on. Gives back its libraries.
    pub fn start(&mut self, uprobes: &mut Uprobes, pid: u32) -> Vec<Library> {
        let parent = self.processes.get(&pid).and_then(|process| process.parent);
        drop(self.end(pid));
        self.processes.insert(pid, Process { parent, started: true, ..Process::default() });
        self.expect(uprobes, pid);
        self.look(uprobes, pid)
    }

    /// A process has a connection that is encrypted. Where it is one that was just started, its parent will start others.
    pub fn speaks(&mut self, uprobes: &mut Uprobes, pid: u32) {
        let Some(process) = self.processes.get(&pid) else { return };
        let Some(parent) = process.parent.filter(|parent| self.processes.contains_key(parent)) else {
            return;
        };
        // One that is gone already was as short-lived.
        let gone = !Path::new(&format!("/proc/{pid}")).exists();
        if !process.started && !gone {
            return;
        }
        let seen_by = if gone { parent } else { pid };
        let known = &self.processes[&parent].covers;
        let used = process.libraries.iter().filter_map(|library| library.file);
        let images = expected(seen_by);
        let wanted = used.chain(images.iter().map(|(_, image)| image.id()));
        let mut new: Vec<_> = wanted.filter(|file| !known.contains(file)).collect();
        new.truncate(COVERED.saturating_sub(known.len()));
        if new.is_empty() {
            return;
        }
        if let Some(parent) = self.processes.get_mut(&parent) {
            parent.covers.extend(new);
        }
        self.share(uprobes, parent);
        for (part, image) in images {
            self.hold_expected(uprobes, parent, part, &image);
        }
    }

    /// A traced process has made another one, which is traced too. Gives back the libraries of the new one.
    pub fn fork(&mut self, uprobes: &mut Uprobes, parent: u32, child: u32) -> Vec<Library> {
        if let Some(process) = self.processes.get_mut(&parent)
            && process.forks < FORKS
            && !process.forking
            && !process.libraries.is_empty()
        {
            process.forks += 1;
            process.forking = forks_for_each(parent);
            if process.forking {
                self.share(uprobes, parent);
            }
        }
        let found = self.begin(uprobes, child);
        if let Some(process) = self.processes.get_mut(&child) {
            process.parent = Some(parent);
        }
        found
    }

    /// Whether it is a Go program whose goroutines can be told apart.
    pub fn has_goroutines(&self, pid: u32) -> bool {
        self.processes.get(&pid).and_then(|process| process.goroutines).unwrap_or_default()
    }

    /// A process is traced no longer. Gives back the libraries in which it had probes.
    pub fn end(&mut self, pid: u32) -> Vec<Library> {
        // Its programs do nothing from now on; closing may take its time elsewhere.
        release(self.links.give_up(pid), Duration::ZERO);
        let libraries = self.processes.remove(&pid).map(|process| process.libraries);
        libraries.unwrap_or_default().into_iter().filter(|library| library.probes.is_ok()).collect()
    }

    /// Looks at the processes that may still be loading. Gives back what was found.
    pub fn look_early(&mut self, uprobes: &mut Uprobes) -> Vec<(u32, Library)> {
        let early = self.processes.iter().filter(|(_, process)| process.looks < EARLY_LOOKS);
        let pids: Vec<_> = early.map(|(pid, _)| *pid).collect();
        let settled = self.settled();
        pids.into_iter()
            .chain(settled.iter().copied())
            .flat_map(|pid| {
                let found = self.look(uprobes, pid);
                if settled.contains(&pid) {
                    self.settle(pid);
                }
                found.into_iter().map(move |found| (pid, found))
            })
            .collect()
    }

    /// A connection of the process is encrypted and not read: the library may have been loaded since the last look.
    pub fn look_again(&mut self, uprobes: &mut Uprobes, pid: u32) -> Vec<Library> {
        if self.processes.get(&pid).is_some_and(|process| process.looked.elapsed() >= AGAIN) {
            self.look(uprobes, pid)
        } else {
            Vec::new()
        }
    }

    /// Takes everything back, on threads that may go on after this has returned. Gives back which process had probes in which library.
    pub fn close(mut self) -> Vec<(u32, Library)> {
        self.links.close(Duration::ZERO);
        let all = self.processes.into_iter();
        let all = all.flat_map(|(pid, process)| process.libraries.into_iter().map(move |found| (pid, found)));
        all.filter(|(_, library)| library.probes.is_ok()).collect()
    }

    /// Libraries of a process that cannot be read, and why.
    pub fn obstacles(&self, pid: u32) -> impl Iterator<Item = String> {
        let libraries =
            self.processes.get(&pid).map(|process| process.libraries.as_slice()).unwrap_or_default();
        let others = [go_routines::PROBE.name, go_sql::PROBE.name];
        let encrypting = libraries.iter().filter(move |library| !others.contains(&library.probe.name));
        encrypting.filter_map(|library| {
            Some(format!("{}: {}", library.path.display(), library.probes.as_ref().err()?))
        })
    }

    /// Gives back what is new.
    fn look(&mut self, uprobes: &mut Uprobes, pid: u32) -> Vec<Library> {
        let Some(process) = self.processes.get_mut(&pid) else { return Vec::new() };
        process.looks = process.looks.saturating_add(1);
        process.looked = Instant::now();
        // A process that is gone has nothing mapped.
        let mappings = executable_mappings(pid).unwrap_or_default();
        let look_for_go = process.goroutines.is_none();
        let program = fs::metadata(format!("/proc/{pid}/exe")).map_or(0, |status| status.ino());
        let mut candidates: Vec<_> = mappings
            .into_iter()
            .filter_map(|mapping| Some((Part::of(&mapping.path, mapping.inode == program)?, mapping)))
            .filter(|(_, mapping)| !process.has(mapping))
            .collect();
        // What belongs to a library is of use only beside it.
        candidates.sort_by_key(|(part, _)| matches!(part, Part::Sibling));
        let mut found = Vec::new();
        for (part, mapping) in candidates {
            let speaks =
                |library: &Library| library.probes.as_ref().is_ok_and(|programs| programs.contains(&ENTER));
            let process = &self.processes[&pid];
            if matches!(part, Part::Sibling) && !process.libraries.iter().chain(&found).any(speaks) {
                continue;
            }
            let library = self.attach(uprobes, pid, part, &mapping);
            if library.probes.as_ref().is_ok_and(Vec::is_empty) {
                continue;
            }
            found.push(library);
        }
        if look_for_go {
            found.extend(self.look_for_go(uprobes, pid));
        }
        if let Some(process) = self.processes.get_mut(&pid).filter(|_| !found.is_empty()) {
            process.libraries.extend(found.iter().cloned());
            process.looks = EARLY_LOOKS;
        }
        found
    }

    /// Gives a process probes in libraries it is likely to load.
    fn expect(&mut self, uprobes: &mut Uprobes, pid: u32) {
        // One by one, they would take the kernel too long to take back.
        if !uprobes.attaches_at_once() {
            return;
        }
        if let Some(process) = self.processes.get_mut(&pid) {
            process.expecting = Some(Instant::now());
        }
        for (part, image) in expected(pid) {
            self.hold_expected(uprobes, pid, part, &image);
        }
    }

    /// Those that have loaded what they load as they start.
    fn settled(&self) -> Vec<u32> {
        let long = |process: &Process| process.expecting.is_some_and(|since| since.elapsed() >= EXPECTING);
        self.processes.iter().filter(|(_, process)| long(process)).map(|(pid, _)| *pid).collect()
    }

    /// Takes back the probes in libraries that a process has not loaded, nor will its children.
    fn settle(&mut self, pid: u32) {
        let Some(process) = self.processes.get_mut(&pid) else { return };
        process.expecting = None;
        let needed = |file| process.uses(file) || process.covers.contains(&file);
        release(self.links.give_up_where(pid, |file| !needed(file)), Duration::ZERO);
    }

    /// What is wrong with such a library is told once it is loaded.
    fn hold_expected(&mut self, uprobes: &mut Uprobes, pid: u32, part: Part, image: &Image) {
        if let Ok(points) = self.plan(part, image) {
            let _ = self.hold(uprobes, pid, image, &tls_libraries::PROBE, &points);
        }
    }

    fn plan(&mut self, part: Part, image: &Image) -> Result<Vec<Point>, String> {
        remembered(&mut self.plans, image.id(), || places(image, part).map_err(|error| error.to_string()))
    }

    fn attach(&mut self, uprobes: &mut Uprobes, pid: u32, part: Part, mapping: &Mapping) -> Library {
        let mut library = Library {
            probe: &tls_libraries::PROBE,
            inode: mapping.inode,
            file: None,
            path: mapping.path.clone(),
            probes: Ok(Vec::new()),
        };
        library.probes =
            Image::of_mapping(pid, mapping).map_err(|error| error.to_string()).and_then(|image| {
                library.file = Some(image.id());
                let points = self.plan(part, &image)?;
                self.hold(uprobes, pid, &image, library.probe, &points)
            });
        library
    }

    /// Go programs bring their own TLS, and goroutines.
    fn look_for_go(&mut self, uprobes: &mut Uprobes, pid: u32) -> Vec<Library> {
        // It may be gone, or not for us to read: then so are its libraries.
        let Ok(image) = Image::of_process(pid) else { return Vec::new() };
        let plan = remembered(&mut self.go_plans, image.id(), || GoPlan::of(&image));
        if let Some(process) = self.processes.get_mut(&pid) {
            process.goroutines = Some(plan.as_ref().is_some_and(|plan| plan.goroutines));
        }
        let Some(plan) = plan else { return Vec::new() };
        let parts = [
            (&go_tls::PROBE, plan.points),
            (&go_routines::PROBE, Ok(plan.lineage)),
            (&go_sql::PROBE, plan.databases),
        ];
        let some = parts.into_iter().filter(|(_, points)| !points.as_ref().is_ok_and(Vec::is_empty));
        some.map(|(probe, points)| Library {
            probe,
            probes: points.and_then(|points| self.hold(uprobes, pid, &image, probe, &points)),
            inode: image.id().inode,
            file: Some(image.id()),
            path: image.path().to_owned(),
        })
        .collect()
    }

    /// Gives a process the probes of a file, and itself their programs.
    fn hold(
        &mut self,
        uprobes: &mut Uprobes,
        pid: u32,
        image: &Image,
        probe: &Probe,
        points: &[Point],
    ) -> Result<Vec<&'static str>, String> {
        if points.is_empty() {
            return Ok(Vec::new());
        }
        let shared = self.processes.get(&pid).is_some_and(|process| process.forking)
            || self.processes.values().any(|process| process.shares(image.id()));
        let sharing = if shared { Sharing::Shared } else { Sharing::Own };
        self.links.hold(image.id(), probe.name, pid, sharing, |scope| {
            let link = uprobes.attach(image, points, scope).map_err(|error| error.to_string())?;
            complete(link)
        })?;
        Ok(points.iter().map(|point| point.program).collect())
    }

    /// The libraries of a process turn out to be needed by children it is yet to make.
    fn share(&mut self, uprobes: &mut Uprobes, parent: u32) {
        let Some(process) = self.processes.get(&parent) else { return };
        let own = process.libraries.iter().filter_map(|library| library.file).filter(|_| process.forking);
        let files: Vec<_> = own.chain(process.covers.iter().copied()).collect();
        let purpose = tls_libraries::PROBE.name;
        let sharing = |pid: u32, other: &Process| {
            files.iter().any(|file| other.uses(*file) || self.links.holds(*file, purpose, pid))
        };
        let others = self.processes.iter().filter(|(pid, other)| **pid != parent && sharing(**pid, other));
        // First itself, from which the others know that they share.
        let users: Vec<_> = std::iter::once(parent).chain(others.map(|(pid, _)| *pid)).collect();
        let own: Vec<_> = users.iter().flat_map(|pid| self.links.give_up(*pid)).collect();
        for pid in users {
            // The same again, shared from now on. A call under way is seen by either.
            let Some(process) = self.processes.get_mut(&pid) else { continue };
            process.libraries.clear();
            process.goroutines = None;
            if process.started {
                self.expect(uprobes, pid);
            }
            self.look(uprobes, pid);
        }
        release(own, Duration::ZERO);
    }
}

/// What is to be done with a file is found out once.
fn remembered<T: Clone>(plans: &mut HashMap<FileId, T>, file: FileId, make: impl FnOnce() -> T) -> T {
    if plans.len() >= PLANS {
        plans.clear();
    }
    plans.entry(file).or_insert_with(make).clone()
}

impl Process {
    fn has(&self, mapping: &Mapping) -> bool {
        self.libraries.iter().any(|library| library.inode == mapping.inode && library.path == mapping.path)
    }

    fn uses(&self, file: FileId) -> bool {
        self.libraries.iter().any(|library| library.file == Some(file) && library.probes.is_ok())
    }

    /// Its children need the probes of this file.
    fn shares(&self, file: FileId) -> bool {
        self.forking && self.uses(file) || self.covers.contains(&file)
    }
}

impl Default for Process {
    fn default() -> Self {
        Self {
            libraries: Vec::new(),
            looks: 0,
            looked: Instant::now(),
            forks: 0,
            forking: false,
            parent: None,
            started: false,
            expecting: None,
            covers: Vec::new(),
            goroutines: None,
        }
    }
}

/// The beginning of a call without its end, or the other way round, would mislead.
fn complete(link: UprobeLink) -> Result<UprobeLink, String> {
    match link.refused().first() {
        None => Ok(link),
        Some(error) => Err(error.to_string()),
    }
}
