//! A child process that does not outlive its owner.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longest wait for something that must happen; reaching it fails the test with a message.
pub const EVENTUALLY: Duration = Duration::from_mins(3);

/// Asks again and again until `condition` holds. Panics with `what` when it never does.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < EVENTUALLY, "waited {EVENTUALLY:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A child, killed when dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Takes charge of a child.
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// The child, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Sends a signal. A child that is gone already is left alone.
    pub fn signal(&mut self, signal: Signal) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let pid = Pid::from_raw(self.0.id().cast_signed()).expect("a child has a pid");
            kill_process(pid, signal).expect("own child");
        }
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.0.wait().expect("own child")
    }

    /// Its status once it has ended.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("own child")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Children of a process, as the kernel lists them now.
pub fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// User and system CPU time a process has used, in clock ticks of 10 ms.
pub fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    // Fields 14 and 15 of proc(5), the name being the second.
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Forgets the most memory that a process ever had: from now on it counts anew.
pub fn forget_peak(pid: u32) {
    // What 5 means: proc(5).
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("own child, or root");
}

/// Resident memory of a process in bytes (`VmRSS`), and the most it ever was (`VmHWM`).
pub fn resident(pid: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    };
    (field("VmRSS:").unwrap_or(0), field("VmHWM:").unwrap_or(0))
}
