//! Programs in the kernel -> hooks. A hook ends when its link is dropped, at the latest with the process: nothing is pinned.

pub(crate) mod uprobe;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya_obj::generated::bpf_attach_type;

use super::program::{Attach, ProgramError, no_function};
use super::{Visit, kprobe, sys};

/// A program at its hook.
#[derive(Debug)]
pub(crate) struct Link {
    /// Dropping it detaches the program.
    hook: OwnedFd,
    program: OwnedFd,
    /// The program's copies at the same hook.
    copies: Vec<Link>,
}

impl Link {
    /// Keeps a program's `copy` with it.
    pub(super) fn add_copy(&mut self, copy: Self) {
        self.copies.push(copy);
    }

    /// How often the program ran and for how long, its copies included, where the kernel keeps count.
    pub(crate) fn runs(&self) -> Runs {
        let own = sys::program_runs(self.program.as_fd()).unwrap_or_default();
        let add = |sum: Runs, more: Runs| Runs { count: sum.count + more.count, time: sum.time + more.time };
        self.copies.iter().map(Self::runs).fold(own, add)
    }

    /// How often the hook was passed and the program not run, as far as the kernel says: 0 where it does not. With copies, it is not known
    /// how often none of them was: at most this often.
    pub(crate) fn missed(&self) -> u64 {
        let by_hook = sys::link_misses(self.hook.as_fd()).unwrap_or(0);
        let own = by_hook + sys::program_misses(self.program.as_fd()).unwrap_or(0);
        self.copies.iter().map(Self::missed).fold(own, u64::min)
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

pub(super) fn attach(
    program: OwnedFd,
    attach: &Attach,
    function: Option<&str>,
) -> Result<Link, ProgramError> {
    let function = function.unwrap_or_default();
    let hook = match attach {
        // Trampolines are linked the same way: the program itself says where it belongs.
        Attach::TypedTracepoint(_) | Attach::Entry(_) | Attach::Exit(_) => {
            sys::open_raw_tracepoint(program.as_fd(), None)
        }
        Attach::Kprobe(_) => kprobe::attach(program.as_fd(), function, false),
        Attach::Kretprobe(_) => kprobe::attach(program.as_fd(), function, true),
        Attach::Iterator { .. } => Err(io::Error::other("iterators are run, not attached")),
        Attach::Uprobe => Err(io::Error::other("probes in user space are attached later")),
    };
    match hook {
        Ok(hook) => Ok(Link { hook, program, copies: Vec::new() }),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) && !function.is_empty() => {
            Err(ProgramError::NoHook(no_function(function)))
        }
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)) => {
            Err(ProgramError::NotPermitted(String::new()))
        }
        Err(error) => Err(ProgramError::Other { step: "attaching", error }),
    }
}

/// A program that visits the kernel's objects of one kind whenever asked.
#[derive(Debug)]
pub(crate) struct Iterator {
    /// None when it visits what belongs to some processes.
    link: Option<OwnedFd>,
    program: OwnedFd,
}

pub(super) fn iterator(program: OwnedFd, visit: Visit<'_>) -> Result<Iterator, ProgramError> {
    link_iterator(program.as_fd(), visit)
        .map(|link| Iterator { link: Some(link), program })
        .map_err(|error| ProgramError::Other { step: "attaching", error })
}

pub(super) fn iterator_by_process(program: OwnedFd) -> Iterator {
    Iterator { link: None, program }
}

fn link_iterator(program: BorrowedFd<'_>, visit: Visit<'_>) -> io::Result<OwnedFd> {
    sys::link_iterator(program, bpf_attach_type::BPF_TRACE_ITER as u32, visit)
}

impl Iterator {
    /// As [`Link::runs`].
    pub(crate) fn runs(&self) -> Runs {
        sys::program_runs(self.program.as_fd()).unwrap_or_default()
    }

    /// Visits every object once, or every one of these processes.
    pub(crate) fn run(&self, processes: impl FnOnce() -> Vec<u32>) -> io::Result<()> {
        if let Some(link) = &self.link {
            return pass(link.as_fd());
        }
        for process in processes() {
            match link_iterator(self.program.as_fd(), Visit::Process(process)) {
                // One that is gone has nothing left.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENOENT)) => {}
                link => pass(link?.as_fd())?,
            }
        }
        Ok(())
    }
}

fn pass(link: BorrowedFd<'_>) -> io::Result<()> {
    let mut pass = File::from(sys::create_iterator(link)?);
    // The programs write no text; reading to the end is what makes the kernel go on.
    let mut nothing = [0; 64];
    while pass.read(&mut nothing)? > 0 {}
    Ok(())
}
