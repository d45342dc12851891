//! Counters the programs keep, a set for each CPU, summed.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};

use aya::maps::{MapData, MapError};

use crate::pages::{Pages, page_size};

/// Bytes of a CPU's set (`struct us_counters`).
pub(crate) const SET: usize = (Counters::COUNT * size_of::<u64>()).next_multiple_of(64);

/// The sets, which are read while the programs count.
#[derive(Debug)]
pub(crate) struct CounterSets {
    sets: Pages,
    cpus: usize,
    _map: MapData,
}

impl CounterSets {
    /// For as many CPUs as the map has entries.
    pub(crate) fn new(map: MapData, cpus: u32) -> Result<Self, MapError> {
        let cpus = cpus as usize;
        let length = page_size().map(|page| (cpus * SET).next_multiple_of(page));
        let sets = length.and_then(|length| Pages::map(map.fd().as_fd(), length, 0, false));
        Ok(Self { sets: sets.map_err(MapError::IoError)?, cpus, _map: map })
    }

    /// The sum of each counter.
    pub(crate) fn sums(&self) -> [u64; Counters::COUNT] {
        let value = |cpu: usize, index: usize| {
            // SAFETY: an integer that the programs write whole.
            let counter: &AtomicU64 = unsafe { self.sets.at(cpu * SET + index * size_of::<u64>()) };
            counter.load(Ordering::Relaxed)
        };
        std::array::from_fn(|index| (0..self.cpus).map(|cpu| value(cpu, index)).sum())
    }
}

/// CPUs there may ever be, each of which has a set.
pub(crate) fn possible_cpus() -> io::Result<u32> {
    let cpus = aya::util::nr_cpus().map_err(|(_, error)| error)?;
    u32::try_from(cpus).map_err(io::Error::other)
}

/// Declares [`Counters`] once, so that no place can forget one: fields in the order of `abi.h`.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Sums since the start. Every loss has its reason.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Counters {
            /// Number of counters in the map (`US_COUNTERS`).
            pub(crate) const COUNT: usize = [$(stringify!($name)),+].len();

            /// From the map's values in the order of `abi.h`.
            pub(crate) fn from_values(values: [u64; Self::COUNT]) -> Self {
                let [$($name),+] = values;
                Self { $($name),+ }
            }
        }

        impl std::ops::AddAssign for Counters {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

counters! {
    /// Records written.
    records,
    /// Ring-buffer bytes they took, headers and padding included.
    ring_bytes,
    /// Bytes of connections in them.
    captured,
    /// Bytes of connections that passed.
    seen,
    /// Records that did not fit the ring.
    lost_records,
    /// Exchanges lost because the first record of a run did not fit.
    lost_exchanges,
    /// Calls on sockets for which the kernel had no memory for state.
    lost_no_storage,
    /// Ends of connections that fit nowhere.
    lost_ends,
    /// Process records that did not fit.
    lost_processes,
    /// Captures whose user memory could not be read.
    faults,
    /// Calls counted without bytes: sendfile, splice, `io_uring`.
    unreadable,
    /// Children that could not be selected because the map is full.
    targets_full,
    /// Runs in the direction of requests.
    request_runs,
    /// All runs.
    runs,
    /// Calls whose end the kernel did not tell; their bytes were counted later, unread.
    missed,
    /// Calls on sockets that were not looked at because [`crate::Tracer::heartbeat`] was late.
    expired,
    /// Bytes of encrypted connections whose plain text is read. They are not among those `seen`, which has the plain text.
    ciphertext,
    /// Calls on sockets of paused processes.
    paused,
    /// Directions of connections of which the frames could not be followed further.
    unaligned,
    /// Exchanges of objects of a TLS library whose connection was not known yet, as far as directions that take turns tell.
    lost_unbound,
    /// Moments and sums that did not fit the ring.
    lost_moments,
    /// Texts of moments that could not be read.
    moment_faults,
    /// Calls of declared probes whose end was not told: more were under way in a thread than are kept, or it was not traced any more.
    unfinished,
    /// Passes of declared probes in paused processes.
    passes_paused,
    /// Passes of declared probes while [`crate::Tracer::heartbeat`] was late.
    passes_expired,
    /// Passes of declared counters whose value was negative.
    negative,
}
