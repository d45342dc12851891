//! processes and what they have mapped -> probes in their TLS libraries
//!
//! Looks at a process when it is selected or runs another program, a few times after that while its libraries may still be loading, and
//! whenever one of its connections turns out to be encrypted and not read. Probes are a process's own: others that map the same library
//! pay nothing for them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use underspan_ebpf::Running;
use underspan_ebpf::elf::{FileId, Image, ImageError, Mapping, executable_mappings};
use underspan_ebpf::placement::Planner;
use underspan_ebpf::probes::openssl::{CALLS, ENTER, FREE, LEAVE, RELEASE};
use underspan_ebpf::uprobes::{Links, Point, Sharing, UprobeLink, Uprobes, release};

/// What the links are for.
const PURPOSE: &str = "tls";
/// Libraries whose plans are remembered.
const PLANS: usize = 256;
/// Looks at a process that may still be loading its libraries, one with each turn of the reader's timer.
const EARLY_LOOKS: u8 = 10;
/// Between looks because of connections that are not read.
const AGAIN: Duration = Duration::from_secs(1);

/// A library of a process and what became of its probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Where the process has it from.
    pub path: PathBuf,
    inode: u64,
    /// Places with a program; or why there are none.
    pub probes: Result<usize, String>,
}

/// A process that was looked at.
#[derive(Debug)]
struct Process {
    libraries: Vec<Library>,
    looks: u8,
    looked: Instant,
}

/// Probes in TLS libraries.
pub struct Plaintext {
    uprobes: Uprobes,
    links: Links,
    plans: HashMap<FileId, Result<Vec<Point>, String>>,
    processes: HashMap<u32, Process>,
}

impl Plaintext {
    /// With the programs for user space, after their canaries.
    pub fn new(uprobes: Uprobes) -> Self {
        Self { uprobes, links: Links::default(), plans: HashMap::new(), processes: HashMap::new() }
    }

    /// A process is about to be traced, or runs another program. Gives back its libraries.
    pub fn begin(&mut self, pid: u32) -> Vec<Library> {
        drop(self.end(pid));
        let process = Process { libraries: Vec::new(), looks: 0, looked: Instant::now() };
        self.processes.insert(pid, process);
        self.look(pid)
    }

    /// A process is traced no longer. Gives back the libraries in which it had probes.
    pub fn end(&mut self, pid: u32) -> Vec<Library> {
        // Its programs do nothing from now on; closing may take its time elsewhere.
        release(self.links.give_up(pid), Duration::ZERO);
        let libraries = self.processes.remove(&pid).map(|process| process.libraries);
        libraries.unwrap_or_default().into_iter().filter(|library| library.probes.is_ok()).collect()
    }

    /// Looks at the processes that may still be loading. Gives back what was found.
    pub fn look_early(&mut self) -> Vec<(u32, Library)> {
        let early = self.processes.iter().filter(|(_, process)| process.looks < EARLY_LOOKS);
        let pids: Vec<_> = early.map(|(pid, _)| *pid).collect();
        pids.into_iter().flat_map(|pid| self.look(pid).into_iter().map(move |found| (pid, found))).collect()
    }

    /// A connection of the process is encrypted and not read: the library may have been loaded since the last look.
    pub fn look_again(&mut self, pid: u32) -> Vec<Library> {
        if self.processes.get(&pid).is_some_and(|process| process.looked.elapsed() >= AGAIN) {
            self.look(pid)
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
        libraries.iter().filter_map(|library| {
            Some(format!("{}: {}", library.path.display(), library.probes.as_ref().err()?))
        })
    }

    /// The programs in use.
    pub fn running(&self) -> Vec<Running> {
        let all = self.uprobes.running().into_iter();
        // Those of canaries have done their work.
        all.filter(|running| running.probe.name == underspan_ebpf::probes::openssl::PROBE.name).collect()
    }

    /// Gives back what is new.
    fn look(&mut self, pid: u32) -> Vec<Library> {
        let Some(process) = self.processes.get_mut(&pid) else { return Vec::new() };
        process.looks = process.looks.saturating_add(1);
        process.looked = Instant::now();
        // A process that is gone has nothing mapped.
        let mappings = executable_mappings(pid).unwrap_or_default();
        let known = |mapping: &Mapping| {
            process
                .libraries
                .iter()
                .any(|library| library.inode == mapping.inode && library.path == mapping.path)
        };
        let found: Vec<_> =
            mappings.into_iter().filter(is_library).filter(|mapping| !known(mapping)).collect();
        let found: Vec<_> = found
            .into_iter()
            .map(|mapping| {
                let probes = self.attach(pid, &mapping);
                Library { probes, inode: mapping.inode, path: mapping.path }
            })
            .collect();
        if let Some(process) = self.processes.get_mut(&pid).filter(|_| !found.is_empty()) {
            process.libraries.extend(found.iter().cloned());
            process.looks = EARLY_LOOKS;
        }
        found
    }

    fn attach(&mut self, pid: u32, mapping: &Mapping) -> Result<usize, String> {
        let image = Image::of_mapping(pid, mapping).map_err(|error| error.to_string())?;
        if self.plans.len() >= PLANS {
            self.plans.clear();
        }
        let plan = self.plans.entry(image.id());
        let points = plan.or_insert_with(|| points(&image).map_err(|error| error.to_string())).clone()?;
        let uprobes = &mut self.uprobes;
        self.links
            .hold(image.id(), PURPOSE, pid, Sharing::Own, |scope| {
                let link = uprobes.attach(&image, &points, scope).map_err(|error| error.to_string())?;
                complete(link)
            })
            .map(|_| points.len())
    }
}

/// The beginning of a call without its end, or the other way round, would mislead.
fn complete(link: UprobeLink) -> Result<UprobeLink, String> {
    match link.refused().first() {
        None => Ok(link),
        Some(error) => Err(error.to_string()),
    }
}

/// OpenSSL under its own name, and under those that packagers give to a copy: `libssl.so.3`, `libssl-1a2b3c.so.1.1`.
fn is_library(mapping: &Mapping) -> bool {
    mapping.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libssl"))
}

/// Places in a library.
fn points(image: &Image) -> Result<Vec<Point>, ImageError> {
    let planner = Planner::new(image)?;
    let mut points = Vec::new();
    for call in CALLS {
        match planner.plan(call.function, call.convention) {
            Ok(plan) => points.extend(plan.points(ENTER, LEAVE, call.cookie)),
            Err(ImageError::NoFunction { .. }) if !call.required => {}
            Err(error) => return Err(error),
        }
    }
    let (function, convention) = RELEASE;
    let [begins, _] = planner.plan(function, convention)?.points(FREE, FREE, 0);
    points.push(begins);
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_by_any_of_its_names() {
        let mapping =
            |path: &str| Mapping { start: 0, end: 0, offset: 0, inode: 1, path: path.into(), deleted: false };
        for path in ["/usr/lib/libssl.so.3", "/opt/a.libs/libssl-8f3e1a2c.so.1.1", "/lib/libssl3.so"] {
            assert!(is_library(&mapping(path)), "{path}");
        }
        for path in ["/usr/lib/libcrypto.so.3", "/usr/lib/libssl/module.so", "/usr/bin/notlibssl.so"] {
            assert!(!is_library(&mapping(path)), "{path}");
        }
    }
}
