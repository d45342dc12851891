//! Processes that come and go -> probes in their code and libraries.

use underspan_ebpf::probes::canary;
use underspan_ebpf::uprobes::Uprobes;
use underspan_ebpf::{Running, Tracer};

use super::auditor::Auditor;
use crate::attach::canaries;
use crate::attach::inside::{Found, Inside, Wanted};
use crate::attach::plaintext::{Library, Plaintext};
use crate::telemetry::audit::Action;
use crate::telemetry::status::{DeclaredStatus, InsideStatus};

/// What is attached in user space. Nothing while detached.
#[derive(Default)]
pub(super) struct UserSpace {
    /// The programs, after their canaries.
    uprobes: Option<Uprobes>,
    plaintext: Plaintext,
    inside: Inside,
}

/// What was found in processes, to be told.
#[derive(Default)]
#[must_use = "the operator wants to know"]
pub(super) struct News {
    libraries: Vec<(u32, Library)>,
    inside: Vec<(u32, Found)>,
    /// Declared probes that no process has the file of.
    nowhere: Vec<&'static str>,
}

impl UserSpace {
    /// Attaches from now on, with the programs of this tracer.
    pub(super) fn begin(&mut self, tracer: &mut Tracer, wanted: &[Wanted]) {
        Inside::tell(tracer, wanted);
        self.uprobes = tracer.take_uprobes().map(|mut uprobes| {
            canaries::prove(tracer, &mut uprobes);
            self.plaintext.prepare();
            uprobes
        });
    }

    /// A process is about to be traced. `started`: it has just begun to run a program.
    pub(super) fn track(&mut self, wanted: &[Wanted], pid: u32, started: bool) -> News {
        let Self { uprobes: Some(uprobes), plaintext, inside } = self else { return News::default() };
        let libraries = if started { plaintext.start(uprobes, pid) } else { plaintext.begin(uprobes, pid) };
        News {
            libraries: of(pid, libraries),
            inside: of(pid, inside.begin(uprobes, wanted, pid)),
            ..News::default()
        }
    }

    /// A traced process has made another one, which is traced too.
    pub(super) fn fork(&mut self, wanted: &[Wanted], parent: u32, child: u32) -> News {
        let Self { uprobes: Some(uprobes), plaintext, inside } = self else { return News::default() };
        News {
            libraries: of(child, plaintext.fork(uprobes, parent, child)),
            inside: of(child, inside.begin(uprobes, wanted, child)),
            ..News::default()
        }
    }

    /// A process is traced no longer. What it had is gone.
    pub(super) fn untrack(&mut self, pid: u32) -> News {
        let (libraries, inside) = (of(pid, self.plaintext.end(pid)), of(pid, self.inside.end(pid)));
        News { libraries, inside, ..News::default() }
    }

    /// Looks at the processes that may still be loading their libraries.
    pub(super) fn look_early(&mut self, wanted: &[Wanted]) -> News {
        let Self { uprobes: Some(uprobes), plaintext, inside } = self else { return News::default() };
        News {
            libraries: plaintext.look_early(uprobes),
            inside: inside.look_early(uprobes, wanted),
            nowhere: inside.nowhere(wanted),
        }
    }

    /// A connection of the process is encrypted.
    pub(super) fn speaks_tls(&mut self, pid: u32) {
        if let Self { uprobes: Some(uprobes), plaintext, .. } = self {
            plaintext.speaks(uprobes, pid);
        }
    }

    /// A connection of the process is encrypted and not read.
    pub(super) fn look_again(&mut self, pid: u32) -> News {
        let Self { uprobes: Some(uprobes), plaintext, .. } = self else { return News::default() };
        News { libraries: of(pid, plaintext.look_again(uprobes, pid)), ..News::default() }
    }

    /// Takes everything back, on threads that may go on after this has returned.
    pub(super) fn close(&mut self) -> News {
        let Self { plaintext, inside, .. } = std::mem::take(self);
        News { libraries: plaintext.close(), inside: inside.close(), ..News::default() }
    }

    /// What attaches them; `None` while detached.
    pub(super) fn uprobes(&self) -> Option<&Uprobes> {
        self.uprobes.as_ref()
    }

    /// The programs in use. Those of canaries have done their work.
    pub(super) fn running(&self) -> impl Iterator<Item = Running> {
        let all = self.uprobes.iter().flat_map(Uprobes::running);
        all.filter(|running| running.probe.name != canary::PROBE.name)
    }

    /// Whether it is a Go program whose goroutines can be told apart.
    pub(super) fn has_goroutines(&self, pid: u32) -> bool {
        self.plaintext.has_goroutines(pid)
    }

    /// Why what a process encrypts cannot be read, where that is known.
    pub(super) fn obstacle(&self, pid: u32) -> Option<String> {
        self.plaintext.obstacles(pid).next()
    }

    /// What a process tells of itself.
    pub(super) fn inside(&self, pid: u32) -> Vec<InsideStatus> {
        let status = |found: &Found| InsideStatus {
            runtime: found.wanted.to_owned(),
            file: found.path.display().to_string(),
            places: found.probes.as_ref().copied().unwrap_or(0),
            reason: found.probes.as_ref().err().cloned(),
        };
        self.inside.of(pid).iter().map(status).collect()
    }

    /// What became of the probes that the configuration declares.
    pub(super) fn declared(&self, wanted: &[Wanted]) -> Vec<DeclaredStatus> {
        self.inside.declared(wanted)
    }
}

impl News {
    /// For the log and the audit log. `now` is nanoseconds since the Unix epoch.
    pub(super) fn attached(&self, auditor: &Auditor, now: u64) {
        for (pid, library) in &self.libraries {
            let path = library.path.display();
            match &library.probes {
                Ok(programs) => {
                    let places = programs.len();
                    tracing::debug!(pid, %path, places, probe = library.probe.name, "probes in user space");
                }
                Err(reason) => {
                    tracing::warn!(pid, %path, reason, without = library.probe.without, "no probes in user space");
                }
            }
        }
        for (pid, found) in &self.inside {
            let (runtime, path) = (found.wanted, found.path.display());
            match &found.probes {
                Ok(places) => tracing::debug!(pid, runtime, %path, places, "probes inside"),
                Err(reason) if found.declared => {
                    tracing::warn!(pid, probe = runtime, %path, reason, "a declared probe cannot be had");
                }
                Err(reason) => tracing::info!(pid, runtime, %path, reason, "no probes inside"),
            }
        }
        for probe in &self.nowhere {
            tracing::warn!(
                probe,
                "a declared probe is nowhere: no traced process has mapped a file of its path"
            );
        }
        self.audit(Action::Attach, auditor, now);
    }

    /// For the audit log.
    pub(super) fn detached(&self, auditor: &Auditor, now: u64) {
        self.audit(Action::Detach, auditor, now);
    }

    fn audit(&self, action: Action, auditor: &Auditor, now: u64) {
        for (pid, library) in &self.libraries {
            auditor.library(action, library, *pid, now);
        }
        for (pid, found) in &self.inside {
            auditor.inside(action, found, *pid, now);
        }
    }
}

fn of<T>(pid: u32, found: Vec<T>) -> Vec<(u32, T)> {
    found.into_iter().map(|found| (pid, found)).collect()
}
