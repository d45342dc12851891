//! A load whose every request is known: number `i` asks for `{prefix}/{i}`.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::http::Connection;

/// What is asked of a server.
#[derive(Debug, Clone)]
pub struct Load {
    /// The server.
    pub address: SocketAddr,
    /// Path before the request's number, such as `/a`.
    pub prefix: String,
    /// Requests in all.
    pub requests: u64,
    /// Connections, each with its own thread; request `i` belongs to connection `i % connections`.
    pub connections: u64,
    /// Whether a connection serves for more than one request.
    pub keep_alive: bool,
    /// Requests per second over all connections; `None`: as fast as answers come.
    pub rate: Option<u32>,
}

/// A request that was made.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Its number.
    pub id: u64,
    /// Before its first byte was sent.
    pub at: SystemTime,
    /// From then until the answer was read.
    pub took: Duration,
}

/// Ends a load when dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What came of a load.
#[derive(Debug, Default)]
pub struct Report {
    /// Requests answered with 200, per connection in order.
    pub answered: Vec<Vec<Sent>>,
    /// What went wrong with the others.
    pub failed: Vec<String>,
}

impl Report {
    /// Answered requests.
    pub fn total(&self) -> u64 {
        self.answered.iter().map(Vec::len).sum::<usize>() as u64
    }

    /// Asserts that every request of `load` was answered.
    pub fn complete(&self, load: &Load) {
        assert!(self.failed.is_empty(), "{} requests failed, first: {}", self.failed.len(), self.failed[0]);
        assert_eq!(self.total(), load.requests);
    }
}

impl Load {
    /// Full speed over kept connections.
    pub fn new(address: SocketAddr, requests: u64) -> Self {
        Self { address, prefix: "/r".to_owned(), requests, connections: 8, keep_alive: true, rate: None }
    }

    /// With a new connection for each request.
    #[must_use]
    pub fn over_new_connections(self) -> Self {
        Self { keep_alive: false, ..self }
    }

    /// At a steady rate.
    #[must_use]
    pub fn paced(self, rate: u32) -> Self {
        Self { rate: Some(rate), ..self }
    }

    /// Below another path.
    #[must_use]
    pub fn below(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// Path of a request.
    pub fn path(&self, id: u64) -> String {
        format!("{}/{id}", self.prefix)
    }

    /// Every path.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        (0..self.requests).map(|id| self.path(id))
    }

    /// Makes all requests.
    pub fn run(&self) -> Report {
        self.run_until(&AtomicBool::new(false))
    }

    /// Makes requests while `work` is done, and what came of both. If `work` panics, the load ends too.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> (T, Report) {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let running = scope.spawn(|| self.run_until(&stop));
            let end = End(&stop);
            let done = work();
            drop(end);
            (done, running.join().expect("a load does not panic"))
        })
    }

    /// Makes requests until there are enough or `stop` is set.
    fn run_until(&self, stop: &AtomicBool) -> Report {
        let begin = Instant::now();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.connections)
                .map(|connection| scope.spawn(move || self.connection(connection, begin, stop)))
                .collect();
            let mut report = Report::default();
            for thread in threads {
                let (answered, failed) = thread.join().expect("a load thread does not panic");
                report.answered.push(answered);
                report.failed.extend(failed);
            }
            report
        })
    }

    fn connection(&self, first: u64, begin: Instant, stop: &AtomicBool) -> (Vec<Sent>, Vec<String>) {
        let (mut answered, mut failed) = (Vec::new(), Vec::new());
        let mut kept = None;
        let mut id = first;
        while id < self.requests && !stop.load(Ordering::Relaxed) {
            if let Some(rate) = self.rate {
                let due = begin + Duration::from_nanos(id.saturating_mul(1_000_000_000) / u64::from(rate));
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let (at, clock) = (SystemTime::now(), Instant::now());
            match self.request(id, &mut kept) {
                Ok(200) => answered.push(Sent { id, at, took: clock.elapsed() }),
                Ok(status) => failed.push(format!("{id}: status {status}")),
                Err(error) => failed.push(format!("{id}: {error}")),
            }
            id += self.connections;
        }
        (answered, failed)
    }

    fn request(&self, id: u64, kept: &mut Option<Connection>) -> io::Result<u16> {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        let headers = if self.keep_alive { "" } else { "Connection: close\r\n" };
        let answer = connection.get(&self.path(id), headers)?;
        if self.keep_alive && !answer.close {
            *kept = Some(connection);
        }
        Ok(answer.status)
    }
}
