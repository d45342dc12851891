//! Programs in the kernel -> hooks. A hook ends when its link is dropped, at the latest with the process: nothing is pinned.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya_obj::generated::bpf_attach_type;

use super::program::{Attach, ProgramError};
use super::sys;

/// A program at its hook.
#[derive(Debug)]
pub(crate) struct Link {
    #[expect(dead_code, reason = "held for its drop, which detaches the program")]
    link: OwnedFd,
    program: OwnedFd,
}

impl Link {
    /// How often the program ran and for how long, where the kernel keeps count.
    pub(crate) fn runs(&self) -> Runs {
        sys::program_runs(self.program.as_fd()).unwrap_or_default()
    }
}

/// What the kernel counted of a program; zero unless `kernel.bpf_stats_enabled` is on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runs {
    /// Times it ran.
    pub count: u64,
    /// Time that took, nanoseconds.
    pub time: u64,
}

pub(super) fn attach(program: OwnedFd, attach: &Attach) -> Result<Link, ProgramError> {
    let step = "attaching";
    match attach {
        Attach::TypedTracepoint(_) => sys::open_raw_tracepoint(program.as_fd(), None),
        Attach::Iterator { .. } => Err(io::Error::other("iterators are run, not attached")),
    }
    .map(|link| Link { link, program })
    .map_err(|error| ProgramError::Other { step, error })
}

/// A program that visits the kernel's objects of one kind whenever asked.
#[derive(Debug)]
pub(crate) struct Iterator {
    link: OwnedFd,
    program: OwnedFd,
}

pub(super) fn iterator(program: OwnedFd, map: Option<BorrowedFd<'_>>) -> Result<Iterator, ProgramError> {
    sys::link_iterator(program.as_fd(), bpf_attach_type::BPF_TRACE_ITER as u32, map)
        .map(|link| Iterator { link, program })
        .map_err(|error| ProgramError::Other { step: "attaching", error })
}

impl Iterator {
    /// As [`Link::runs`].
    pub(crate) fn runs(&self) -> Runs {
        sys::program_runs(self.program.as_fd()).unwrap_or_default()
    }

    /// Visits every object once.
    pub(crate) fn run(&self) -> io::Result<()> {
        let mut pass = File::from(sys::create_iterator(self.link.as_fd())?);
        // The programs write no text; reading to the end is what makes the kernel go on.
        let mut nothing = [0; 64];
        while pass.read(&mut nothing)? > 0 {}
        Ok(())
    }
}
