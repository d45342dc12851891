//! Targets first: where CPUs are scarce, the agent's threads wait for the processes they look at and not the other way round.

/// Lowers the priority of the calling thread and of those it starts. What they are late with waits in the ring buffer and in queues; what
/// does not fit there is counted.
pub(super) fn stand_back(nice: u8) {
    if let Err(error) = rustix::process::nice(nice.into()) {
        tracing::debug!(%error, "cannot lower the priority of a thread");
    }
}
