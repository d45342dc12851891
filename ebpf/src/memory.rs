//! The agent's own memory.

/// Gives freed memory back to the system. Loading parses the kernel's type information, about 20 MB that the allocator would
/// otherwise keep.
pub(crate) fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes no pointers and may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
