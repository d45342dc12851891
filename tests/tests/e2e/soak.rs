//! Anything may come and go at any time, for as long as `UNDERSPAN_SOAK_SECONDS` says.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use underspan_tests::agent::kernel::Objects;
use underspan_tests::workload::process::{Process, eventually, resident};
use underspan_tests::workload::{Load, Nginx};

use crate::stage::{Session, enter};

/// The steady agent may grow by this: what its allocator keeps between two looks.
const SLACK: u64 = 4 << 20;

/// How long to go on: `usual` unless it is to be long.
pub(crate) fn duration(usual: Duration) -> Duration {
    seconds().map_or(usual, Duration::from_secs)
}

/// Whether the variable is set.
pub(crate) fn is_long() -> bool {
    seconds().is_some()
}

fn seconds() -> Option<u64> {
    std::env::var("UNDERSPAN_SOAK_SECONDS").ok()?.parse().ok()
}

/// Open files of a process.
fn files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// One agent is detached and attached again and again, another is killed and started again, and so are targets, while a third kind of
/// target serves without pause.
#[test]
fn agents_and_targets_come_and_go_under_load() {
    let Some(_turn) = enter("soak::agents_and_targets_come_and_go_under_load") else { return };
    let end = Instant::now() + duration(Duration::from_secs(10));
    let nginx = Nginx::start(false);
    let load = Load::new(nginx.address(), u64::MAX).paced(500);
    let mut left: Vec<Objects> = Vec::new();
    let ((), report) = load.during(|| {
        let select = json!({ "select": [{ "port": nginx.address().port() }, { "exe": "sleep" }] });
        let mut steady = Session::with(&[], select.clone());
        let admin = steady.agent.admin();
        let mut doomed = Some(Session::with(&[], select.clone()));
        let mut targets: Vec<Process> = Vec::new();
        // The first round trip is where lazily made things are made.
        left.push(steady.agent.objects());
        admin.post("/detach");
        assert_eq!(admin.post("/attach").status, 200);
        let pid = steady.agent.pid();
        let (memory, opened) = (resident(pid).0, files(pid));
        let (mut turns, mut kinds) = (0, [0; 6]);
        while Instant::now() < end || kinds.contains(&0) {
            let kind = fastrand::usize(..kinds.len());
            kinds[kind] += 1;
            turns += 1;
            match kind {
                0 => {
                    left.push(steady.agent.objects());
                    steady.agent.signal(Signal::USR1);
                }
                1 => steady.agent.signal(Signal::USR2),
                2 => {
                    // The other agent goes without goodbye.
                    if let Some(mut session) = doomed.take() {
                        left.push(session.agent.objects());
                        session.agent.kill();
                    }
                }
                3 => doomed = doomed.or_else(|| Some(Session::with(&[], select.clone()))),
                4 => {
                    for _ in 0..fastrand::usize(1..8) {
                        targets.push(Process::new(Command::new("sleep").arg("600").spawn().unwrap()));
                    }
                }
                _ => targets.truncate(targets.len() / 2),
            }
            steady.receiver.clear();
            thread::sleep(Duration::from_millis(fastrand::u64(..150)));
        }
        steady.agent.signal(Signal::USR2);
        eventually("the steady agent is attached", || admin.get("/readyz").status == 200);
        // A program just started has probes of its own in libraries it may load.
        targets.clear();
        // Links that were given back close on threads of their own.
        eventually("the steady agent has as many files as it had", || files(pid) <= opened + 2);
        let grown = resident(pid).0.saturating_sub(memory);
        println!("{turns} turns {kinds:?}; the steady agent grew by {grown} bytes");
        assert!(grown <= SLACK, "memory: {memory} grew by {grown}");
        left.push(steady.agent.objects());
        assert!(steady.agent.stop().success(), "{}", steady.agent.log());
        if let Some(mut session) = doomed {
            left.push(session.agent.objects());
            session.agent.kill();
        }
    });
    assert!(report.failed.is_empty(), "requests failed: {:?}", report.failed);
    assert!(report.total() > 100, "{} requests", report.total());
    eventually("nothing is left in the kernel", || left.iter().all(|objects| objects.left().is_empty()));
}
