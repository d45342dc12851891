//! Which processes are traced right now, and who they are.
use std::{io, path::Path, sync::Arc};

use hashbrown::HashMap;

use super::{
    Identifier, ProcFs, ProcessFacts, Resource, Selectors,
    identity::{Identified, Start},
    scan::scan,
    sockets::Listeners,
};

/// Traced processes by process id. Driven by the kernel's events in their order; `now` is always nanoseconds since the
/// Unix epoch.
#[derive(Debug)]
pub struct ProcessTable {
    proc: ProcFs,
    selectors: Selectors,
    identifier: Identifier,
    ignored: Vec<u32>,
    entries: HashMap<u32, Entry>,
    limits: Limits,
    counters: Counters,
}

/// Bounds of the table.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Processes, running and exited.
    pub processes: usize,
    /// How long an exited process is remembered, in nanoseconds: its last records are still on the way.
    pub linger: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { processes: 8192, linger: 10_000_000_000 }
    }
}

/// What happened that somebody may want to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Processes whose `OTEL_RESOURCE_ATTRIBUTES` was malformed and ignored.
    pub malformed_attributes: u64,
    /// Processes that were gone before they could be read.
    pub vanished: u64,
    /// Processes that were not traced because the table was full.
    pub over_limit: u64,
}

/// What the kernel's map of targets must learn. It follows forks and exits by itself, but an id may be added to it just
/// after its process has ended: so an exit takes it out once more, which does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// This process is traced from now on.
    Track(u32),
    /// This process is no longer traced.
    Untrack(u32),
}

/// Why a process is traced, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// A rule of `select`, by index.
    Rule(usize),
    /// Its parent is traced.
    Child(u32),
    /// The agent launched it.
    Launched,
    /// Its events were lost; the kernel traces it.
    Seen,
    /// It was traced before it executed what it is now.
    Stays,
    /// It executes what is excluded.
    Excluded,
}

#[derive(Debug)]
struct Entry {
    why: Why,
    resource: Arc<Resource>,
    start: Option<u64>,
    ports: Option<Vec<u16>>,
    exited: Option<u64>,
}

impl ProcessTable {
    /// An empty table. `ignored` ([`own_processes`](super::scan::own_processes)) are left out by [`Self::scan`].
    pub fn new(
        proc: ProcFs,
        selectors: Selectors,
        identifier: Identifier,
        ignored: Vec<u32>,
        limits: Limits,
    ) -> Self {
        let counters = Counters::default();
        Self { proc, selectors, identifier, ignored, entries: HashMap::new(), limits, counters }
    }

    /// Looks at all processes. The first time, this is where rules for a process id find their process: an id that is
    /// used again later is another process. Repeat it every second or so if [`Self::needs_rescan`]: it also
    /// notices exits whose event was lost. Errors when the process list cannot be read.
    pub fn scan(&mut self, now: u64) -> io::Result<Vec<Change>> {
        let mut changes = self.settle(now);
        for mut facts in scan(&self.proc, &self.selectors, &self.ignored)? {
            if !self.is_running(facts.pid) {
                let why = self.selectors.matching(&facts).map_or(Why::Seen, Why::Rule);
                let change = self.track(&mut facts, why, now);
                changes.extend((change != Change::None).then_some(change));
            }
        }
        for pid in self.selectors.retire_process_ids() {
            if !self.is_running(pid) {
                tracing::warn!(pid, "the rule for this process id matches no process");
            }
        }
        Ok(changes)
    }

    /// Whether what matches can change without an exec: processes begin to listen on ports.
    pub fn needs_rescan(&self) -> bool {
        self.selectors.needs_ports() || self.identifier.needs_ports()
    }

    /// Traces a process whatever the rules say: the command the agent launched.
    pub fn select(&mut self, pid: u32, now: u64) -> Change {
        let mut facts = ProcessFacts::read(&self.proc, pid);
        self.track(&mut facts, Why::Launched, now)
    }

    /// A process executes another program. One that is traced stays traced, under its new identity, unless it is
    /// excluded now. `filename` is the event's; it counts only if the process is gone already.
    pub fn exec(&mut self, pid: u32, filename: &Path, now: u64) -> Change {
        let mut facts = ProcessFacts::read(&self.proc, pid);
        facts.executable.get_or_insert_with(|| filename.to_owned());
        let running = self.is_running(pid);
        if running && self.selectors.excludes(&facts) {
            if let Some(entry) = self.entries.get_mut(&pid) {
                entry.why = Why::Excluded;
            }
            return self.exit(pid, now);
        }
        let rule = self.selectors.matching(&facts).filter(|_| !self.ignored.contains(&pid)).map(Why::Rule);
        match rule.or(running.then_some(Why::Stays)) {
            Some(why) => self.track(&mut facts, why, now),
            None => Change::None,
        }
    }

    /// A process forks. Children of traced processes are traced.
    pub fn fork(&mut self, parent: u32, child: u32, now: u64) {
        let Some(entry) = self.entries.get(&parent).filter(|entry| entry.exited.is_none()) else {
            // An id that is used again is no longer the process that lingers here.
            self.entries.remove(&child);
            return;
        };
        let start = self.proc.stat(child).map(|stat| stat.start);
        let when = start.map_or(Start::Seen(now), Start::Ticks);
        let resource = Arc::new(self.identifier.forked(&entry.resource, child, when));
        self.insert(child, Entry { why: Why::Child(parent), resource, start, ports: None, exited: None });
    }

    /// A process ends. Its resource stays for a while.
    pub fn exit(&mut self, pid: u32, now: u64) -> Change {
        match self.entries.get_mut(&pid).filter(|entry| entry.exited.is_none()) {
            Some(entry) => {
                entry.exited = Some(now);
                Change::Untrack(pid)
            }
            None => Change::None,
        }
    }

    /// Who sent a record. A process the table does not know (its events were lost) is read, or else named after
    /// `name`, the name its thread had in the kernel.
    pub fn seen(&mut self, pid: u32, name: &str, now: u64) -> Arc<Resource> {
        if let Some(entry) = self.entries.get(&pid) {
            return Arc::clone(&entry.resource);
        }
        let mut facts = ProcessFacts::read(&self.proc, pid);
        facts.name.get_or_insert_with(|| name.to_owned());
        let (resource, gone) = self.identify(&facts, now);
        let exited = gone.then_some(now);
        let entry = Entry {
            why: Why::Seen,
            resource: Arc::clone(&resource),
            start: facts.start,
            ports: None,
            exited,
        };
        self.insert(pid, entry);
        resource
    }

    /// The resource of a process, running or lately exited.
    pub fn resource(&self, pid: u32) -> Option<&Arc<Resource>> {
        self.entries.get(&pid).map(|entry| &entry.resource)
    }

    /// Why a process is traced, or why not any more, for people.
    pub fn reason(&self, pid: u32) -> String {
        let Some(entry) = self.entries.get(&pid) else { return "unknown".to_owned() };
        match (entry.exited, entry.why) {
            (_, Why::Excluded) => "executes what `exclude` names".to_owned(),
            (Some(_), _) => "the process ended".to_owned(),
            (None, Why::Rule(index)) => format!("select[{index}]"),
            (None, Why::Child(parent)) => format!("child of {parent}"),
            (None, Why::Launched) => "launched by the agent".to_owned(),
            (None, Why::Seen) => "traced by the kernel, its events were lost".to_owned(),
            (None, Why::Stays) => "traced before it executed this".to_owned(),
        }
    }

    /// Ids of the processes that are traced and run, in no order.
    pub fn running(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().filter(|(_, entry)| entry.exited.is_none()).map(|(pid, _)| *pid)
    }

    /// Forgets processes that exited long enough ago, and gives their resources: no record of theirs will follow.
    pub fn expire(&mut self, now: u64) -> Vec<Arc<Resource>> {
        let linger = self.limits.linger;
        let expired = self
            .entries
            .extract_if(|_, entry| entry.exited.is_some_and(|at| now.saturating_sub(at) > linger));
        expired.map(|(_, entry)| entry.resource).collect()
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn is_running(&self, pid: u32) -> bool {
        self.entries.get(&pid).is_some_and(|entry| entry.exited.is_none())
    }

    fn track(&mut self, facts: &mut ProcessFacts, why: Why, now: u64) -> Change {
        if self.identifier.needs_ports() {
            facts.read_ports(&self.proc, &mut Listeners::default());
        }
        let (resource, gone) = self.identify(facts, now);
        let ports = facts.ports.take();
        let entry = Entry { why, resource, start: facts.start, ports, exited: gone.then_some(now) };
        if self.insert(facts.pid, entry) && !gone { Change::Track(facts.pid) } else { Change::None }
    }

    /// The resource, and whether the process is gone.
    fn identify(&mut self, facts: &ProcessFacts, now: u64) -> (Arc<Resource>, bool) {
        if facts.start.is_none() {
            self.counters.vanished += 1;
            let file =
                facts.executable.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
            let name = file.or_else(|| facts.name.as_deref().map(Into::into)).unwrap_or_default();
            return (Arc::new(self.identifier.vanished(facts.pid, &name, Start::Seen(now))), true);
        }
        let Identified { resource, malformed } = self.identifier.identify(&self.proc, facts, now);
        if malformed {
            self.counters.malformed_attributes += 1;
            tracing::warn!(
                pid = facts.pid,
                service = resource.service,
                "OTEL_RESOURCE_ATTRIBUTES of this process is malformed: all of it is ignored"
            );
        }
        (Arc::new(resource), false)
    }

    /// False when the table is full of running processes.
    fn insert(&mut self, pid: u32, entry: Entry) -> bool {
        if !self.entries.contains_key(&pid) && self.entries.len() >= self.limits.processes {
            let exited = self.entries.iter().filter_map(|(pid, entry)| Some((entry.exited?, *pid)));
            let Some((_, oldest)) = exited.min() else {
                self.counters.over_limit += 1;
                return false;
            };
            self.entries.remove(&oldest);
        }
        self.entries.insert(pid, entry);
        true
    }

    /// Notices what no event told: processes that are gone or replaced, and ports that a service rule waits for.
    fn settle(&mut self, now: u64) -> Vec<Change> {
        let mut listeners = Listeners::default();
        let mut changes = Vec::new();
        let mut stale = Vec::new();
        for (pid, entry) in self.entries.iter_mut().filter(|(_, entry)| entry.exited.is_none()) {
            let start = self.proc.stat(*pid).map(|stat| stat.start);
            if start.is_none() || (entry.start.is_some() && start != entry.start) {
                entry.exited = Some(now);
                changes.push(Change::Untrack(*pid));
            } else if self.identifier.needs_ports() {
                let ports = Some(listeners.ports(&self.proc, *pid));
                if ports != entry.ports {
                    entry.ports.clone_from(&ports);
                    stale.push((*pid, ports));
                }
            }
        }
        for (pid, ports) in stale {
            let facts = ProcessFacts { ports, ..ProcessFacts::read(&self.proc, pid) };
            let (resource, _) = self.identify(&facts, now);
            if let Some(entry) = self.entries.get_mut(&pid).filter(|entry| *entry.resource != *resource) {
                entry.resource = resource;
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests;
