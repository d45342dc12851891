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
}

impl Counters {
    /// Number of counters in the map (`US_COUNTERS`).
    pub(crate) const COUNT: u32 = 14;

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
        }
    }
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.ring_bytes += other.ring_bytes;
        self.captured += other.captured;
        self.seen += other.seen;
        self.lost_records += other.lost_records;
        self.lost_exchanges += other.lost_exchanges;
        self.lost_no_storage += other.lost_no_storage;
        self.lost_ends += other.lost_ends;
        self.lost_processes += other.lost_processes;
        self.faults += other.faults;
        self.unreadable += other.unreadable;
        self.targets_full += other.targets_full;
        self.request_runs += other.request_runs;
        self.runs += other.runs;
    }
}
