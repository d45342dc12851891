//! Counters the programs keep, one slot per CPU, summed.

/// Sums since the start. Every loss has its reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records written.
    pub records: u64,
    /// Ring-buffer bytes they took, headers and padding included.
    pub ring_bytes: u64,
    /// Bytes of connections in them.
    pub captured: u64,
    /// Bytes of connections that passed.
    pub seen: u64,
    /// Records that did not fit the ring.
    pub lost_records: u64,
    /// Exchanges lost because the first record of a run did not fit.
    pub lost_exchanges: u64,
    /// Calls on sockets for which the kernel had no memory for state.
    pub lost_no_storage: u64,
    /// Ends of connections that fit nowhere.
    pub lost_ends: u64,
    /// Process records that did not fit.
    pub lost_processes: u64,
    /// Captures whose user memory could not be read.
    pub faults: u64,
    /// Calls counted without bytes: sendfile, splice, `io_uring`.
    pub unreadable: u64,
    /// Children that could not be selected because the map is full.
    pub targets_full: u64,
    /// Runs in the direction of requests.
    pub request_runs: u64,
    /// All runs.
    pub runs: u64,
    /// Calls whose end the kernel did not tell; their bytes were counted later, unread.
    pub missed: u64,
    /// Calls on sockets that were not looked at because [`crate::Tracer::heartbeat`] was late.
    pub expired: u64,
    /// Bytes of encrypted connections whose plain text is read. They are not among those `seen`, which has the plain text.
    pub ciphertext: u64,
    /// Calls of a TLS library that moved bytes of a connection not known yet.
    pub unbound: u64,
    /// Calls on sockets of paused processes.
    pub paused: u64,
    /// Directions of connections of which the frames could not be followed further.
    pub unaligned: u64,
    /// Exchanges that passed in them, as far as directions that take turns tell.
    pub lost_unbound: u64,
    /// Moments and sums that did not fit the ring.
    pub lost_moments: u64,
    /// Texts of moments that could not be read.
    pub moment_faults: u64,
}

impl Counters {
    /// Number of counters in the map (`US_COUNTERS`).
    pub(crate) const COUNT: u32 = 23;

    /// From the map's values in the order of `abi.h`.
    pub(crate) fn from_values(values: [u64; Self::COUNT as usize]) -> Self {
        let [
            records,
            ring_bytes,
            captured,
            seen,
            lost_records,
            lost_exchanges,
            lost_no_storage,
            lost_ends,
            lost_processes,
            faults,
            unreadable,
            targets_full,
            request_runs,
            runs,
            missed,
            expired,
            ciphertext,
            unbound,
            paused,
            unaligned,
            lost_unbound,
            lost_moments,
            moment_faults,
        ] = values;
        Self {
            records,
            ring_bytes,
            captured,
            seen,
            lost_records,
            lost_exchanges,
            lost_no_storage,
            lost_ends,
            lost_processes,
            faults,
            unreadable,
            targets_full,
            request_runs,
            runs,
            missed,
            expired,
            ciphertext,
            unbound,
            paused,
            unaligned,
            lost_unbound,
            lost_moments,
            moment_faults,
        }
    }
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        // Taken apart so that a new counter cannot be forgotten here.
        let Self {
            records,
            ring_bytes,
            captured,
            seen,
            lost_records,
            lost_exchanges,
            lost_no_storage,
            lost_ends,
            lost_processes,
            faults,
            unreadable,
            targets_full,
            request_runs,
            runs,
            missed,
            expired,
            ciphertext,
            unbound,
            paused,
            unaligned,
            lost_unbound,
            lost_moments,
            moment_faults,
        } = other;
        self.records += records;
        self.ring_bytes += ring_bytes;
        self.captured += captured;
        self.seen += seen;
        self.lost_records += lost_records;
        self.lost_exchanges += lost_exchanges;
        self.lost_no_storage += lost_no_storage;
        self.lost_ends += lost_ends;
        self.lost_processes += lost_processes;
        self.faults += faults;
        self.unreadable += unreadable;
        self.targets_full += targets_full;
        self.request_runs += request_runs;
        self.runs += runs;
        self.missed += missed;
        self.expired += expired;
        self.ciphertext += ciphertext;
        self.unbound += unbound;
        self.paused += paused;
        self.unaligned += unaligned;
        self.lost_unbound += lost_unbound;
        self.lost_moments += lost_moments;
        self.moment_faults += moment_faults;
    }
}
