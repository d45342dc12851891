//! What the programs are told while they run: the one entry of the map `control`.

use std::mem::offset_of;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use aya::maps::{Array, Map, MapData, MapError};

use crate::abi::Control;
use crate::pages::{Pages, page_size};

/// The entry, which the programs see as it is written.
pub(crate) struct ControlEntry {
    entry: Pages,
    _map: Array<MapData, Control>,
}

impl ControlEntry {
    /// Writes the first values, before there are programs that read them.
    pub(crate) fn new(map: MapData, first: Control) -> Result<Self, MapError> {
        let page = page_size().map_err(MapError::IoError)?;
        let entry = Pages::map(map.fd().as_fd(), page, 0, true).map_err(MapError::IoError)?;
        let mut map = Array::try_from(Map::Array(map))?;
        map.set(0, first, 0)?;
        Ok(Self { entry, _map: map })
    }

    /// Moves the deadline, `now` and it in nanoseconds of `CLOCK_MONOTONIC`; the reader is awake.
    pub(crate) fn beat(&self, now: u64, deadline: u64) {
        if self.deadline().load(Ordering::Relaxed) < now {
            self.word(offset_of!(Control, resumed)).store(now, Ordering::Relaxed);
        }
        self.deadline().store(deadline, Ordering::Release);
        self.sleeping().store(0, Ordering::Relaxed);
    }

    /// The reader is about to wait.
    pub(crate) fn sleep(&self) {
        self.sleeping().store(1, Ordering::Relaxed);
        // Before it looks for records that came in between.
        fence(Ordering::SeqCst);
    }

    /// From now on every program returns at once.
    pub(crate) fn end(&self) {
        self.deadline().store(0, Ordering::SeqCst);
    }

    fn deadline(&self) -> &AtomicU64 {
        self.word(offset_of!(Control, deadline))
    }

    fn sleeping(&self) -> &AtomicU32 {
        // SAFETY: an integer that both sides read and write whole.
        unsafe { self.entry.at(offset_of!(Control, sleeping)) }
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: the same.
        unsafe { self.entry.at(offset) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_fits_a_page() {
        assert!(size_of::<Control>() <= page_size().expect("the host has pages"));
    }
}
