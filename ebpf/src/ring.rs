//! The reading end of the ring buffer.
//!
//! `aya` maps the data twice in a row, so that a record which wraps around looks contiguous; those pages then count twice in the agent's
//! memory. Here they are mapped once, and the rare record that wraps is copied. The layout is the kernel's (kernel/bpf/ringbuf.c): a page
//! with the reader's position, a page with the writers' position, then the data; each record has a header of 8 bytes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use aya::maps::MapData;

use crate::pages::{Pages, page_size};

const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;
const HEADER: usize = 8;
/// Records read before the writers are told of the room: their position is on a page they all look at.
const BATCH: u32 = 32;

/// The position at the beginning of a page.
fn position(pages: &Pages) -> &AtomicU64 {
    // SAFETY: shared with the kernel as an atomic number.
    unsafe { pages.at::<AtomicU64>(0) }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Ring {
    map: MapData,
    reader: Pages,
    writers: Pages,
    page: usize,
    size: usize,
    position: u64,
    /// Records read since the writers were told.
    untold: u32,
    wrapped: Vec<u8>,
}

impl Ring {
    /// Maps a ring buffer of `size` bytes of data.
    pub(crate) fn new(map: MapData, size: u32) -> io::Result<Self> {
        let page = page_size()?;
        let size = size as usize;
        let fd = map.fd().as_fd();
        let reader = Pages::map(fd, page, 0, true)?;
        let writers = Pages::map(fd, page + size, page, false)?;
        let position = position(&reader).load(Ordering::Acquire);
        Ok(Self { map, reader, writers, page, size, position, untold: 0, wrapped: Vec::new() })
    }

    /// The next record, if one is complete. It stays in the ring until the next call.
    pub(crate) fn next(&mut self) -> Option<&[u8]> {
        loop {
            if self.position == position(&self.writers).load(Ordering::Acquire) {
                self.tell();
                return None;
            }
            // A remainder of `size`, which fits.
            #[expect(clippy::cast_possible_truncation, reason = "smaller than the ring")]
            let at = (self.position % self.size as u64) as usize;
            let header = self.header(at).load(Ordering::Acquire);
            if header & BUSY != 0 {
                self.tell();
                return None;
            }
            let length = (header & !(BUSY | DISCARDED)) as usize;
            if self.untold >= BATCH {
                self.tell();
            }
            self.untold += 1;
            self.position += (length + HEADER).next_multiple_of(8) as u64;
            if header & DISCARDED == 0 {
                return Some(self.record(at + HEADER, length));
            }
        }
    }

    /// Gives the room of all records before the current one back to the writers.
    fn tell(&mut self) {
        if self.untold > 0 {
            self.untold = 0;
            position(&self.reader).store(self.position, Ordering::Release);
        }
    }

    fn header(&self, at: usize) -> &AtomicU32 {
        // SAFETY: the kernel writes the header atomically.
        unsafe { self.writers.at::<AtomicU32>(self.page + at) }
    }

    fn data(&self, at: usize, length: usize) -> &[u8] {
        assert!(at + length <= self.size, "a record lies within the ring");
        // SAFETY: writers leave a submitted record alone until it is given back.
        unsafe { self.writers.bytes(self.page + at, length) }
    }

    fn record(&mut self, at: usize, length: usize) -> &[u8] {
        let at = at % self.size;
        let before_end = self.size - at;
        if length <= before_end {
            return self.data(at, length);
        }
        let mut wrapped = std::mem::take(&mut self.wrapped);
        wrapped.clear();
        wrapped.extend_from_slice(self.data(at, before_end));
        wrapped.extend_from_slice(self.data(0, length - before_end));
        self.wrapped = wrapped;
        &self.wrapped
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }
}
