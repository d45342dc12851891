//! Memory of maps, mapped: read and written without asking the kernel each time.
//!
//! Besides its cost, a system call on a map keeps programs at kprobes from running on that CPU while it is under way, and where the
//! kernel preempts itself, that may be as long as another thread runs.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

/// Bytes of a page of memory.
pub(crate) fn page_size() -> io::Result<usize> {
    // SAFETY: takes no pointers.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).map_err(io::Error::other)
}

/// A shared mapping of a map's pages.
#[derive(Debug)]
pub(crate) struct Pages {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread; what is read concurrently is read atomically.
unsafe impl Send for Pages {}

impl Pages {
    /// Maps `length` bytes from `offset`, which is a whole number of pages.
    pub(crate) fn map(fd: BorrowedFd<'_>, length: usize, offset: usize, writable: bool) -> io::Result<Self> {
        let protection = if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let start = unsafe {
            libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, fd.as_raw_fd(), offset)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mmap returned nothing"))?;
        Ok(Self { start, length })
    }

    /// What lies `offset` bytes from the beginning; that it lies within and is aligned is checked.
    ///
    /// # Safety
    ///
    /// `T` is valid for whatever bytes are there. What others write meanwhile is an atomic type.
    pub(crate) unsafe fn at<T>(&self, offset: usize) -> &T {
        assert!(offset <= self.length && size_of::<T>() <= self.length - offset, "within the mapping");
        assert!(offset.is_multiple_of(align_of::<T>()), "aligned, as the mapping is to pages");
        // SAFETY: within the mapping and aligned, by the lines above; the rest is the caller's word.
        unsafe { self.start.add(offset).cast::<T>().as_ref() }
    }

    /// So many bytes from `offset`; that they lie within is checked.
    ///
    /// # Safety
    ///
    /// Nobody writes to them while they are borrowed.
    pub(crate) unsafe fn bytes(&self, offset: usize, length: usize) -> &[u8] {
        assert!(offset <= self.length && length <= self.length - offset, "within the mapping");
        // SAFETY: within the mapping, by the line above; the rest is the caller's word.
        unsafe { std::slice::from_raw_parts(self.start.add(offset).as_ptr(), length) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped, and no reference to it outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}
