//! Canaries: processes of our own on which each kind of probe is tried before any other process is touched.
//!
//! A child runs functions written for the purpose, under the strictest seccomp filter there is (read, write, exit and nothing else), and
//! says whether they did what they should. Meanwhile the programs tally calls, arguments and results. A kind of probe passes when it saw
//! exactly the calls that were made, with the right values, and the child is alive and its stack was left alone. What one hit costs the
//! process on this very machine is measured on the way.
//!
//! Kernels exist that fail this: return probes on Linux 6.11 to 6.13 make a system call that seccomp filters kill for, and Linux 6.18
//! overwrites the red zone of leaf functions when a probe is on a five-byte nop.

mod battery;
mod channel;
mod child;
mod functions;

use std::fmt;
use std::process::Command;

use crate::tracer::Tracer;
use crate::uprobes::{Kind, Uprobes};

pub use child::child;

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A kind of probe in user space.
    Probe(Kind),
    /// The programs that see the bytes of sockets.
    Sockets,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it should. With what one hit costs the process, nanoseconds, where that was measured.
    Passed {
        /// See there.
        cost: Option<u64>,
    },
    /// Wrongly. The kind is refused from now on.
    Failed(String),
    /// It could not be tried, so nothing is known. The kind is refused too.
    Unknown(String),
}

/// What a canary found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What was tried.
    pub subject: Subject,
    /// How it went.
    pub outcome: Outcome,
}

/// Tries every kind of probe, and the socket programs in use, and has `uprobes` refuse what does not pass. `command` makes the command whose
/// process calls [`child`]; it must run the same file as this process. To be called before any process is selected: counters and the
/// ring buffer are left as if nothing had happened.
pub fn run(tracer: &mut Tracer, uprobes: &mut Uprobes, command: impl Fn() -> Command) -> Vec<Verdict> {
    let mut verdicts =
        vec![Verdict { subject: Subject::Sockets, outcome: battery::sockets(tracer, &command) }];
    for kind in Kind::ALL.into_iter().filter(|kind| functions::of(*kind).is_some()) {
        let outcome = battery::probe(tracer, uprobes, &command, kind);
        match &outcome {
            Outcome::Passed { cost } => uprobes.costs.extend(cost.map(|cost| (kind, cost))),
            Outcome::Failed(reason) | Outcome::Unknown(reason) => uprobes.refuse(kind, reason.clone()),
        }
        verdicts.push(Verdict { subject: Subject::Probe(kind), outcome });
    }
    verdicts
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probe(kind) => kind.fmt(f),
            Self::Sockets => f.pad("sockets"),
        }
    }
}
