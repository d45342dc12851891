//! a process -> does it hand each connection to a child of its own?
//!
//! Such children live too short for probes of their own to be there in time.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// State of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";
/// Descriptors that are looked at of a process.
const DESCRIPTORS: usize = 4096;

/// The process listens, and children of it that run the same program do not: it accepts for them. Servers whose children accept by
/// themselves leave them the socket.
pub(super) fn forks_for_each(pid: u32) -> bool {
    let Some(program) = program(pid) else { return false };
    let mut listening = sockets(pid);
    if !listening.is_empty() {
        let listeners = listeners(pid);
        listening.retain(|socket| listeners.contains(socket));
    }
    !listening.is_empty()
        && children(pid)
            .into_iter()
            .any(|child| self::program(child) == Some(program) && sockets(child).is_disjoint(&listening))
}

/// Device and inode of what it runs.
fn program(pid: u32) -> Option<(u64, u64)> {
    fs::metadata(format!("/proc/{pid}/exe")).ok().map(|status| (status.dev(), status.ino()))
}

/// Inodes of its sockets; none if it is gone.
fn sockets(pid: u32) -> HashSet<u64> {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return HashSet::new() };
    let targets =
        descriptors.take(DESCRIPTORS).flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    targets
        .filter_map(|target| target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
        .collect()
}

/// Inodes of the TCP sockets that listen in its network.
fn listeners(pid: u32) -> HashSet<u64> {
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")));
    let lines = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
    lines.filter_map(listener).collect()
}

/// `NUMBER LOCAL REMOTE STATE QUEUES TIMER RETRANSMITS USER TIMEOUT INODE ...`
fn listener(line: &str) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace();
    (fields.nth(3)? == LISTEN).then(|| fields.nth(5)?.parse().ok()).flatten()
}

/// Children of all its threads; none on kernels that do not tell.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_sockets_are_told_from_others() {
        let line = |state| {
            format!(
                "   0: 0100007F:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0"
            )
        };
        assert_eq!((listener(&line("0A")), listener(&line("01")), listener("")), (Some(4711), None, None));
    }

    #[test]
    fn a_process_without_children_serves_by_itself() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        assert!(!forks_for_each(std::process::id()));
        drop(socket);
    }
}
