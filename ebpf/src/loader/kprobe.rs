//! Where functions of the kernel begin and return: perf events of the kernel's `kprobe` unit, which end with their descriptor.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::sys;

/// Linux's description of the unit.
const UNIT: &str = "/sys/bus/event_source/devices/kprobe";

/// Lets the program run whenever the function begins, or returns. `ENOENT` when the kernel has no such function.
pub(super) fn attach(program: BorrowedFd<'_>, function: &str, returns: bool) -> io::Result<OwnedFd> {
    let unit = unit()?;
    let mut config = 0;
    if returns {
        config |= 1 << number("format/retprobe")?.unwrap_or(0);
    }
    let name = CString::new(function)?;
    let event = sys::open_kprobe_event(unit, config, &name)?;
    // Links came with 5.15; before, a program is tied to the event itself.
    match sys::link_event(program, event.as_fd(), 0) {
        Ok(link) => Ok(link),
        Err(_) => sys::tie_to_perf_event(program, event.as_fd()).map(|()| event),
    }
}

/// The kernel's number of the unit.
pub(super) fn unit() -> io::Result<u32> {
    number("type")?.ok_or_else(|| io::Error::other("this kernel has no kprobes"))
}

/// The number in a file of the unit: `8`, or behind the colon of `config:0`. `None` when the kernel has no such unit.
fn number(file: &str) -> io::Result<Option<u32>> {
    match fs::read_to_string(format!("{UNIT}/{file}")) {
        Ok(text) => {
            let digits = text.trim().rsplit(':').next().unwrap_or_default();
            digits.parse().map(Some).map_err(|_| io::Error::other(format!("{UNIT}/{file} says {text:?}")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
