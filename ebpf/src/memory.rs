//! The agent's own memory, as far as the C library decides about it.

/// Keeps the allocator from holding on to what bursts needed: two arenas at most, large buffers on pages of their own that are given back
/// when freed. The C library would otherwise raise that limit with each large buffer it sees. To be called first.
pub fn spare_memory() {
    #[cfg(target_env = "gnu")]
    for (option, value) in
        [(libc::M_ARENA_MAX, 2), (libc::M_MMAP_THRESHOLD, 64 << 10), (libc::M_TRIM_THRESHOLD, 128 << 10)]
    {
        // SAFETY: mallopt takes no pointers; an option it does not know changes nothing.
        unsafe {
            libc::mallopt(option, value);
        }
    }
}

/// Gives freed memory back to the system. Loading parses the kernel's type information, about 20 MB that the allocator would
/// otherwise keep, and a burst leaves a few more.
pub fn trim_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes no pointers and may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
