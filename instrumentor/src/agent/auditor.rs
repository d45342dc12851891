//! What the reader did to the kernel -> entries of the audit log.

use underspan_ebpf::Running;
use underspan_ebpf::probes::inside;
use underspan_protocols::message::Value;
use underspan_protocols::semconv::attribute;

use crate::attach::inside::Found;
use crate::attach::plaintext::Library;
use crate::discover::{ProcessTable, Resource};
use crate::telemetry::audit::{Action, Audit, Entry, Subject};

/// Notes for the audit log. Costs nothing when there is none.
pub(super) struct Auditor {
    audit: Audit,
}

impl Auditor {
    pub(super) fn new(audit: Audit) -> Self {
        Self { audit }
    }

    /// Lines written and lost; `None` without a log.
    pub(super) fn totals(&self) -> Option<(u64, u64)> {
        self.audit.is_on().then(|| self.audit.written().totals())
    }

    pub(super) fn attached(&self, running: &Running, now: u64, reason: &str) {
        self.program(Action::Attach, running, now, reason);
    }

    pub(super) fn detached(&self, running: &Running, now: u64, reason: &str) {
        self.program(Action::Detach, running, now, reason);
    }

    /// Probes were put into a library of a process, or taken back.
    pub(super) fn library(&self, action: Action, library: &Library, pid: u32, time: u64) {
        if let (true, Ok(programs)) = (self.audit.is_on(), &library.probes) {
            for program in library.probe.programs.iter().filter(|program| programs.contains(&program.name)) {
                let subject = Subject::Program {
                    probe: library.probe.name,
                    program: program.name,
                    hook: format!("{}/{} of process {pid}", program.hook(), library.path.display()),
                };
                let places = programs.iter().filter(|name| **name == program.name).count();
                let reason = format!("mapped by a process that is traced; {places} places");
                self.audit.note(Entry { time, action, subject, reason });
            }
        }
    }

    /// Probes were put into a file of a process, or taken back.
    pub(super) fn inside(&self, action: Action, found: &Found, pid: u32, time: u64) {
        if let (true, Ok(places)) = (self.audit.is_on(), &found.probes) {
            let subject = Subject::Program {
                probe: inside::PROBE.name,
                program: found.program,
                hook: format!("uprobe/{} of process {pid}", found.path.display()),
            };
            let reason = format!("{} of a process that is traced; {places} places", found.wanted);
            self.audit.note(Entry { time, action, subject, reason });
        }
    }

    pub(super) fn selected(&self, table: &ProcessTable, pid: u32, now: u64) {
        self.process(Action::Select, table, pid, now, None);
    }

    pub(super) fn paused(&self, table: &ProcessTable, pid: u32, now: u64, reason: &str) {
        self.process(Action::Pause, table, pid, now, Some(reason));
    }

    pub(super) fn resumed(&self, table: &ProcessTable, pid: u32, now: u64, reason: &str) {
        self.process(Action::Resume, table, pid, now, Some(reason));
    }

    /// Without a reason of the agent, the table has one.
    pub(super) fn deselected(&self, table: &ProcessTable, pid: u32, now: u64, reason: Option<&str>) {
        self.process(Action::Deselect, table, pid, now, reason);
    }

    /// For the end.
    pub(super) fn into_audit(self) -> Audit {
        self.audit
    }

    fn program(&self, action: Action, running: &Running, time: u64, reason: &str) {
        if self.audit.is_on() {
            let Running { probe, program, .. } = running;
            let subject = Subject::Program { probe: probe.name, program: program.name, hook: program.hook() };
            self.audit.note(Entry { time, action, subject, reason: reason.to_owned() });
        }
    }

    fn process(&self, action: Action, table: &ProcessTable, pid: u32, time: u64, reason: Option<&str>) {
        if !self.audit.is_on() {
            return;
        }
        let resource = table.resource(pid);
        let subject = Subject::Process {
            pid,
            service: resource.map(|resource| resource.service.clone()).unwrap_or_default(),
            executable: resource.and_then(|resource| executable(resource)),
        };
        let reason = reason.map_or_else(|| table.reason(pid), str::to_owned);
        self.audit.note(Entry { time, action, subject, reason });
    }
}

/// Path of a process's executable, where it was readable.
pub(super) fn executable(resource: &Resource) -> Option<String> {
    match resource.get(attribute::PROCESS_EXECUTABLE_PATH) {
        Some(Value::String(path)) => Some(path.clone()),
        _ => None,
    }
}
