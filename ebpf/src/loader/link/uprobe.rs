//! Programs -> places in code of user space: many at once where the kernel can (`uprobe_multi`), else by a perf event each.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::super::{sys, template};

/// How programs get to their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// One link for all places of a program in a file (Linux 6.6). Attached and detached in one go.
    Multi,
    /// A perf event per place; each takes the kernel about 0.1 s to close.
    Event,
}

/// What this kernel can do, found by trying.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Abilities {
    pub(crate) way: Way,
    /// Programs can ask for the number given with their place.
    pub(crate) cookies: bool,
    events: Option<Events>,
}

/// How the kernel wants its perf events for user space described.
#[derive(Debug, Clone, Copy)]
struct Events {
    kind: u32,
    /// Bit of `config` that asks for a return probe.
    at_return: u32,
    /// Bit of `config` where the semaphore's place begins.
    semaphore: Option<u32>,
}

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) semaphore: Option<u64>,
    pub(crate) cookie: u64,
}

/// What all places have in common.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Leads to the file for as long as the call lasts.
    pub(crate) path: CString,
    pub(crate) at_return: bool,
    pub(crate) pid: Option<u32>,
}

impl Abilities {
    /// Tries. With `way`, that one is taken if the kernel has it.
    pub(crate) fn find(way: Option<Way>) -> Self {
        let multi = way != Some(Way::Event) && multi_works();
        let way = if multi { Way::Multi } else { Way::Event };
        let cookies = template::trial(way, true).is_ok();
        Self { way, cookies, events: Events::find() }
    }

    /// Why nothing can be attached at all.
    pub(crate) fn obstacle(&self) -> Option<&'static str> {
        (self.way == Way::Event && self.events.is_none())
            .then_some("this kernel has no uprobes (CONFIG_UPROBE_EVENTS)")
    }

    /// Attaches a program to places of a file. The descriptors hold it there; they are to be closed in order.
    pub(crate) fn attach(
        &self,
        program: BorrowedFd<'_>,
        target: &Target,
        places: &[Place],
    ) -> io::Result<Vec<OwnedFd>> {
        match self.way {
            Way::Multi => multi(program, target, places).map(|link| vec![link]),
            Way::Event => {
                let mut held = Vec::new();
                for place in places {
                    held.append(&mut self.event(program, target, *place)?);
                }
                Ok(held)
            }
        }
    }

    fn event(&self, program: BorrowedFd<'_>, target: &Target, place: Place) -> io::Result<Vec<OwnedFd>> {
        let events = self.events.ok_or_else(|| io::Error::from_raw_os_error(libc::ENODEV))?;
        let mut config = u64::from(target.at_return) << events.at_return;
        if let Some(semaphore) = place.semaphore {
            let shift = events.semaphore.ok_or_else(|| io::Error::from_raw_os_error(libc::EOPNOTSUPP))?;
            config |= semaphore << shift;
        }
        let event = sys::open_uprobe_event(events.kind, config, &target.path, place.offset, target.pid)?;
        match sys::link_event(program, event.as_fd(), place.cookie) {
            Ok(link) => Ok(vec![link, event]),
            // Linux before 5.15 knows no such link.
            Err(error) if !self.cookies && error.raw_os_error() == Some(libc::EINVAL) => {
                sys::give_event(program, event.as_fd())?;
                Ok(vec![event])
            }
            Err(error) => Err(error),
        }
    }
}

impl Events {
    fn find() -> Option<Self> {
        let read =
            |name: &str| fs::read_to_string(format!("/sys/bus/event_source/devices/uprobe/{name}")).ok();
        // `config:0` or `config:32-63`
        let first_bit = |text: String| text.trim().strip_prefix("config:")?.split('-').next()?.parse().ok();
        Some(Self {
            kind: read("type")?.trim().parse().ok()?,
            at_return: read("format/retprobe").and_then(first_bit)?,
            semaphore: read("format/ref_ctr_offset").and_then(first_bit),
        })
    }
}

fn multi(program: BorrowedFd<'_>, target: &Target, places: &[Place]) -> io::Result<OwnedFd> {
    let offsets: Vec<_> = places.iter().map(|place| place.offset).collect();
    let cookies: Vec<_> = places.iter().map(|place| place.cookie).collect();
    // 0 is the kernel's word for none.
    let semaphores: Vec<_> = places.iter().map(|place| place.semaphore.unwrap_or(0)).collect();
    let any = semaphores.iter().any(|semaphore| *semaphore != 0);
    sys::link_uprobes(
        program,
        &sys::Uprobes {
            path: &target.path,
            offsets: &offsets,
            semaphores: if any { &semaphores } else { &[] },
            cookies: &cookies,
            at_return: target.at_return,
            pid: target.pid.unwrap_or(0),
        },
    )
}

/// Asks for the impossible, since what the kernel says to it tells whether it knows such links, and whether its filter by process works: the
/// first kernels with them (6.6 to 6.9) filtered a single thread, and looked at the process only after the file.
fn multi_works() -> bool {
    let Ok(program) = template::trial(Way::Multi, false) else { return false };
    let mut uprobes =
        sys::Uprobes { path: c"/", offsets: &[0], semaphores: &[], cookies: &[], at_return: false, pid: 0 };
    let says = |uprobes: &sys::Uprobes<'_>| {
        sys::link_uprobes(program.as_fd(), uprobes).err().and_then(|error| error.raw_os_error())
    };
    if says(&uprobes) != Some(libc::EBADF) {
        return false;
    }
    uprobes.pid = u32::MAX;
    says(&uprobes) == Some(libc::EINVAL)
}
