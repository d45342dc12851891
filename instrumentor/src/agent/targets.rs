//! What is known of each traced process: sums over its connections, and what was understood.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use underspan_protocols::decoder::LossReason;

use super::auditor::executable;
use crate::assemble::Connection;
use crate::discover::ProcessTable;
use crate::telemetry::status::{TargetStatus, Tls};
use crate::telemetry::{Traffic, reason_name};

/// Processes remembered: more than the kernel traces at once, since those that ended linger.
const LIMIT: usize = 16_384;

/// Books by process id. Beyond the bound, new processes have none; they are still in the totals.
#[derive(Debug, Default)]
pub(super) struct Targets(HashMap<u32, Books>);

/// Books of one process. The connections it has now are added when somebody asks.
#[derive(Debug, Clone, Default)]
struct Books {
    /// Of connections that are gone.
    traffic: Traffic,
    exchanges: BTreeMap<&'static str, u64>,
    lost: BTreeMap<&'static str, u64>,
}

impl Targets {
    /// An exchange of this process was understood.
    pub(super) fn understood(&mut self, pid: u32, protocol: &'static str) {
        if let Some(books) = self.of(pid) {
            *books.exchanges.entry(protocol).or_default() += 1;
        }
    }

    /// An exchange of this process that passed no connection was lost.
    pub(super) fn lost(&mut self, pid: u32, reason: LossReason, exchanges: u64) {
        if let Some(books) = self.of(pid).filter(|_| exchanges > 0) {
            *books.lost.entry(reason_name(reason)).or_default() += exchanges;
        }
    }

    /// A connection is gone.
    pub(super) fn retire(&mut self, connection: &Connection) {
        if let Some(books) = self.of(connection.tgid) {
            books.add(connection);
        }
    }

    /// A process is gone.
    pub(super) fn forget(&mut self, pid: u32) {
        self.0.remove(&pid);
    }

    /// Every process that is traced now.
    pub(super) fn status<'a>(
        &self,
        table: &ProcessTable,
        connections: impl Iterator<Item = &'a Connection>,
    ) -> Vec<TargetStatus> {
        let mut all: HashMap<u32, Books> =
            table.running().map(|pid| (pid, self.0.get(&pid).cloned().unwrap_or_default())).collect();
        for connection in connections {
            if let Some(books) = all.get_mut(&connection.tgid) {
                books.add(connection);
            }
        }
        all.into_iter().map(|(pid, books)| books.status(pid, table)).collect()
    }

    fn of(&mut self, pid: u32) -> Option<&mut Books> {
        let room = self.0.len() < LIMIT;
        if room { Some(self.0.entry(pid).or_default()) } else { self.0.get_mut(&pid) }
    }
}

impl Books {
    fn add(&mut self, connection: &Connection) {
        self.traffic += connection.traffic();
        for (reason, exchanges) in connection.losses.shown() {
            *self.lost.entry(reason_name(*reason)).or_default() += exchanges;
        }
    }

    fn status(self, pid: u32, table: &ProcessTable) -> TargetStatus {
        let owned = |counts: BTreeMap<&'static str, u64>| {
            counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
        };
        let Traffic { connections, encrypted, decrypted, bytes, captured, lost, .. } = self.traffic;
        let mut all_lost: BTreeMap<String, u64> = owned(self.lost);
        if lost > 0 {
            all_lost.insert("ring_full".to_owned(), lost);
        }
        let resource = table.resource(pid);
        let mut target = TargetStatus {
            pid,
            service: resource.map(|resource| resource.service.clone()).unwrap_or_default(),
            executable: resource.and_then(|resource| executable(resource)),
            reason: table.reason(pid),
            connections,
            bytes,
            captured,
            exchanges: owned(self.exchanges),
            lost: all_lost,
            not_understood: self.traffic.not_understood(),
            tls: match (connections, encrypted) {
                (0, _) => None,
                (_, 0) => Some(Tls::Plain),
                _ if encrypted <= decrypted => Some(Tls::Decrypted),
                _ => Some(Tls::Blind),
            },
            budget: None,
            inside: Vec::new(),
            finding: None,
        };
        target.finding = finding(&target);
        target
    }
}

/// What is odd about a process. That nothing was seen of it is said as such: it is not known to be idle.
fn finding(target: &TargetStatus) -> Option<String> {
    if target.connections == 0 {
        return Some("no byte seen on a stream socket since it was selected".to_owned());
    }
    let (worst, bytes) = target.not_understood.iter().max_by_key(|(_, bytes)| **bytes)?;
    let understood: u64 = target.exchanges.values().sum();
    (understood == 0).then(|| match worst.as_str() {
        "tls" => format!("{bytes} bytes passed encrypted, and nothing was understood"),
        reason => format!("{bytes} bytes passed and nothing was understood: {reason}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_rest_on_evidence() {
        let silent = TargetStatus::default();
        assert!(finding(&silent).is_some_and(|text| text.starts_with("no byte seen")));
        let blind = TargetStatus {
            connections: 1,
            not_understood: [("tls".to_owned(), 700)].into(),
            ..TargetStatus::default()
        };
        assert!(finding(&blind).is_some_and(|text| text.contains("700 bytes passed encrypted")));
        let fine = TargetStatus { exchanges: [("http1".to_owned(), 1)].into(), ..blind };
        assert_eq!(finding(&fine), None);
    }
}
