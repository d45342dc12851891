//! Sleeping until the ring buffer wakes us.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Waits for wake-ups, not for data: edge-triggered, so that records written without a wake-up do not end the sleep one by one.
#[derive(Debug)]
pub(crate) struct Waiter(OwnedFd);

impl Waiter {
    pub(crate) fn new(ring: BorrowedFd<'_>) -> io::Result<Self> {
        // SAFETY: takes no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just returned this descriptor to us; nobody else owns it.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let mut event = libc::epoll_event { events: (libc::EPOLLIN | libc::EPOLLET).cast_unsigned(), u64: 0 };
        // SAFETY: both descriptors are open and `event` is a valid epoll_event.
        if unsafe {
            libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, ring.as_raw_fd(), &raw mut event)
        } < 0
        {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(epoll))
    }

    /// Returns after a wake-up, a signal or `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> io::Result<()> {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: room for one event, as the count says.
        if unsafe { libc::epoll_wait(self.0.as_raw_fd(), &raw mut event, 1, millis) } < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(())
    }
}
