//! What every test begins and ends with.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use underspan_tests::agent::{Agent, configuration, overlay, privilege};
use underspan_tests::oracle::Books;
use underspan_tests::receiver::{Receiver, Script};
use underspan_tests::semconv;

/// Tests share two or more CPUs and one kernel, so they take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A test's turn; ends when dropped.
pub(crate) struct Turn(#[expect(dead_code, reason = "held, never read")] MutexGuard<'static, ()>);

/// Begins a test. `None`: it cannot run here, and has said why.
pub(crate) fn enter(name: &str) -> Option<Turn> {
    // Not `eprintln!`, which the harness keeps to itself unless the test fails.
    let mut out = std::io::stderr();
    if let Some(reason) = privilege::missing() {
        skip(name, &reason);
        return None;
    }
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(out, "ran: {name}").unwrap();
    Some(Turn(turn))
}

/// Says that a test cannot run here, and why.
pub(crate) fn skip(name: &str, reason: &str) {
    let mut out = std::io::stderr();
    writeln!(out, "skipped: {name}: {reason}").unwrap();
}

/// The agent and the receiver it exports to.
pub(crate) struct Session {
    pub(crate) agent: Agent,
    pub(crate) receiver: Receiver,
}

impl Session {
    /// Traces these processes.
    pub(crate) fn trace(pids: &[u32]) -> Self {
        Self::with(pids, Value::Null)
    }

    /// Traces them with more configuration.
    pub(crate) fn with(pids: &[u32], more: Value) -> Self {
        let receiver = Receiver::start(Script::ok()).unwrap();
        let mut all = configuration(pids, &receiver.http_endpoint());
        if !more.is_null() {
            overlay(&mut all, more);
        }
        Self { agent: Agent::start(&all), receiver }
    }

    /// What has arrived so far.
    pub(crate) fn books(&self) -> Books {
        Books::of_receiver(&self.receiver)
    }

    /// Waits until as many requests are accounted for, or until nothing new has come for a while: what is missing is for the
    /// assertions after the end to find.
    pub(crate) fn settle(&self, requests: u64) {
        const QUIET: Duration = Duration::from_secs(5);
        let (mut last, mut since) = (0, Instant::now());
        while since.elapsed() < QUIET {
            let accounted = self.books().accounted();
            if accounted >= requests {
                return;
            }
            if accounted != last {
                (last, since) = (accounted, Instant::now());
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Lets the agent end on its own terms, which must succeed, and closes the books.
    pub(crate) fn finish(mut self, requests: u64) -> Books {
        self.settle(requests);
        let status = self.agent.stop();
        assert!(status.success(), "the agent ended with {status}:\n{}", self.agent.log());
        semconv::assert_conforms(&self.receiver);
        let books = self.books();
        // Shown when the test fails.
        println!("{books}\n{}", self.agent.log());
        books
    }
}
