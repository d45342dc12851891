//! What selection and identity look at.
use std::path::PathBuf;

use super::{ProcFs, proc::Stat, sockets::Listeners};

/// A process as it was found. All but `pid` may be missing: it may have vanished, or be a kernel thread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Process id (thread group id) as the agent sees it.
    pub pid: u32,
    /// Process id of the parent.
    pub parent: Option<u32>,
    /// When it started, in clock ticks (1/100 s) since boot.
    pub start: Option<u64>,
    /// Name of its leader, at most 15 bytes.
    pub name: Option<String>,
    /// Path of the executable.
    pub executable: Option<PathBuf>,
    /// Paths of its control groups.
    pub cgroups: Vec<String>,
    /// TCP ports it listens on, sorted; `None` when nobody looked.
    pub ports: Option<Vec<u16>>,
}

impl ProcessFacts {
    /// Reads what is cheap: everything but the ports.
    pub fn read(proc: &ProcFs, pid: u32) -> Self {
        let stat: Option<Stat> = proc.stat(pid);
        Self {
            pid,
            parent: stat.map(|stat| stat.parent).filter(|parent| *parent != 0),
            start: stat.map(|stat| stat.start),
            name: proc.name(pid),
            executable: proc.executable(pid),
            cgroups: proc.cgroups(pid),
            ports: None,
        }
    }

    /// Looks for the ports of this one process.
    pub fn read_listening_ports(&mut self, proc: &ProcFs) {
        self.read_ports(proc, &mut Listeners::default());
    }

    /// Looks for ports, once.
    pub(super) fn read_ports(&mut self, proc: &ProcFs, listeners: &mut Listeners) {
        if self.ports.is_none() {
            self.ports = Some(listeners.ports(proc, self.pid));
        }
    }
}
