//! protocol events, and queries to databases within a process -> exchanges (request + response + parent)
//!
//! Pairs what belongs together and finds parents, most certain first: a context in the bytes; the other end of the same connection; the one
//! request the calling thread is serving. When unsure, none. Counts exchanges it cannot complete by reason, unless the kernel has counted
//! them already.

mod calls;
mod descent;
mod edges;
pub mod exchange;
mod pending;
mod queries;
pub mod span;
mod streams;
mod threads;

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use underspan_ebpf::{Answer, GOROUTINE, Life, Stream};
use underspan_protocols::decoder::{Event, LossReason};
use underspan_protocols::message::{Direction, Request, Role};

use crate::assemble::{Connection, Peer};
use crate::discover::resource::Resource;
use crate::parse::Conversation;
use crate::signals::sampler::Sampler;
use crate::telemetry::Stats;
use calls::Calls;
use edges::Edges;
use exchange::{Call, Finished, Passed};
use pending::Pending;
pub use queries::Asked;
use queries::Queries;
use span::{Parent, Span};
use streams::Streams;
use threads::{Serving, THREAD_MEMORY, Threads};

/// Ticks an exchange waits for what would tell its parent.
const PATIENCE: u8 = 2;
/// The same for the end of goroutines, about 5 s, and how many exchanges may wait so long.
const LONG_PATIENCE: u8 = 160;
const LONG_WAITING: usize = 8192;
/// Addresses kept of servers that traced processes connect to; beyond, their spans may miss their parent.
const SERVED: usize = 4096;

/// Who moved the bytes in which an event was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mover {
    /// Process.
    pub tgid: u32,
    /// Thread or goroutine; 0 if nobody knows.
    pub tid: u32,
}

impl Mover {
    fn is_goroutine(self) -> bool {
        self.tid & GOROUTINE != 0
    }
}

/// Everything that is not complete yet.
#[derive(Default)]
pub struct Correlator {
    open: HashMap<(u64, u64), Pending>,
    waiting: Vec<Pending>,
    calls: Calls<(Arc<Resource>, Passed)>,
    queries: Queries,
    answered: Calls<Pending>,
    threads: Threads,
    streams: Streams,
    edges: Edges,
    /// Addresses that traced processes connect to.
    served: HashSet<SocketAddr>,
    sampler: Sampler,
}

impl Correlator {
    /// Nothing under way. `sampler` decides about the traces that begin here.
    pub fn new(sampler: Sampler) -> Self {
        Self { sampler, ..Self::default() }
    }

    /// A traced process connects to this address: requests served there may have their parent here.
    pub fn expect_client_of(&mut self, server: SocketAddr) {
        if self.served.len() < SERVED {
            self.served.insert(server);
        }
    }

    /// The kernel tells which goroutine a request belongs to.
    pub fn belongs(&mut self, told: &Stream) {
        if let Some((mover, span)) = self.streams.belongs(told) {
            self.threads.made_for(mover, &span, told.time);
        }
    }

    /// The kernel tells of a goroutine that another one made.
    pub fn learn(&mut self, told: &Life) {
        self.threads.learn(told);
    }

    /// Requests without their response, and exchanges and calls that wait.
    pub fn len(&self) -> usize {
        self.open.len() + self.waiting.len() + self.calls.len() + self.answered.len()
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes what was understood of a connection. `resource` says who a process is; finished exchanges go to `out`, in kernel time.
    pub fn take(
        &mut self,
        connection: &mut Connection,
        mover: Mover,
        events: &mut Vec<Event>,
        resource: &mut dyn FnMut(u32) -> Arc<Resource>,
        stats: &mut Stats,
        out: &mut Vec<Finished>,
    ) {
        for event in events.drain(..) {
            match event {
                Event::Request { key, first, request } => {
                    let Conversation::Decoding(decoding) = &connection.conversation else { continue };
                    let role = decoding.role;
                    let writer = |stream| self.streams.sender(mover, stream);
                    let caller = request.stream.filter(|_| role == Role::Client).and_then(writer);
                    let mover = caller.unwrap_or(mover);
                    let span = self.begin(connection, role, mover, first, &request);
                    let mut pending =
                        Pending::new(connection, role, resource(mover.tgid), mover, span, request);
                    pending.shared = connection.under_way > 0;
                    connection.under_way +=
                        u32::from(self.open.insert((connection.id, key), pending).is_none());
                }
                Event::Response { key, first, response } => {
                    let Some(pending) = self.open.get_mut(&(connection.id, key)) else { continue };
                    // An exchange whose response the kernel could not hand over is not answered by the next one, unless
                    // this one says that it is its response.
                    let by_order = !connection.is_multiplexed();
                    let stale = by_order && connection.losses.exchange() > pending.exchange;
                    if stale && connection.losses.excuse(Some(pending.exchange)) {
                        self.close(connection, key);
                    } else {
                        pending.respond(first, response);
                    }
                }
                Event::End { key, direction, last, body, ending } => {
                    let Some(pending) = self.open.get_mut(&(connection.id, key)) else { continue };
                    let unanswered = pending.end(direction, last, body, ending);
                    if direction == Direction::Request {
                        continue;
                    }
                    let Some(pending) = self.close(connection, key) else { continue };
                    // Otherwise the kernel counted it: there was a response, but its record did not fit the ring.
                    if !(unanswered && connection.losses.excuse(Some(pending.exchange))) {
                        self.finish_or_wait(pending, connection, stats, out);
                    }
                }
                Event::Lost { reason, exchanges } => {
                    (0..exchanges).for_each(|_| connection.losses.show(None, reason));
                }
                Event::Abandoned { key, reason } => {
                    if let Some(pending) = self.close(connection, key) {
                        connection.losses.show(Some(pending.exchange), reason);
                    }
                }
                Event::Left | Event::StartTls => {}
            }
        }
    }

    /// Takes a call that is over. Calls whose parent is settled go to `out`, in kernel time.
    pub fn call(&mut self, resource: Arc<Resource>, passed: Passed, out: &mut Vec<Call>) {
        let (mover, span) = (passed.mover, Span::new(passed.start, Parent::None));
        let sampler = &self.sampler;
        self.calls.take((resource, passed), mover, span, &self.threads, |call, span| {
            out.push(call_of(call, &span, sampler));
        });
    }

    /// A query to a database within a process begins. False if one is lost by that, this or another.
    pub fn ask(&mut self, asked: Asked, resource: Arc<Resource>) -> bool {
        self.queries.ask(asked, resource)
    }

    /// It is answered. Those whose parent is settled go to `out`, in kernel time.
    pub fn answer(&mut self, answer: &Answer, stats: &mut Stats, out: &mut Vec<Finished>) {
        let Some(pending) = self.queries.answer(answer) else { return };
        let (mover, span) = (pending.mover, Rc::clone(&pending.span));
        let sampler = &self.sampler;
        self.answered.take(pending, mover, span, &self.threads, |mut pending, _| {
            finish(&mut pending, sampler, stats, out);
        });
    }

    /// A process is gone. Gives back how many queries to databases within it will have no answer.
    pub fn gone(&mut self, pid: u32) -> u64 {
        self.queries.forget(pid)
    }

    /// What has waited for its parent long enough; with `all`, everything.
    fn settle(&mut self, all: bool, stats: &mut Stats, out: &mut Vec<Finished>, calls: &mut Vec<Call>) {
        let sampler = &self.sampler;
        self.calls.tick(&self.threads, all, |call, span| calls.push(call_of(call, &span, sampler)));
        self.answered.tick(&self.threads, all, |mut pending, _| finish(&mut pending, sampler, stats, out));
    }

    /// An exchange of a connection is under way no longer.
    fn close(&mut self, connection: &mut Connection, key: u64) -> Option<Pending> {
        let mut pending = self.open.remove(&(connection.id, key))?;
        connection.under_way = connection.under_way.saturating_sub(1);
        pending.shared |= connection.under_way > 0;
        Some(pending)
    }

    /// What is open on a connection: `None` nothing, else whether a response has begun.
    pub fn open_on(&self, connection: &Connection) -> Option<bool> {
        let mut open = self.open.iter().filter(|((conn, _), _)| *conn == connection.id).peekable();
        open.peek()?;
        Some(open.any(|(_, pending)| pending.span.answering.get()))
    }

    /// A connection is gone: what is still open on it will never complete.
    pub fn forget(&mut self, connection: &mut Connection, stats: &mut Stats) {
        for (_, pending) in self.open.extract_if(|(conn, _), _| *conn == connection.id) {
            connection.losses.show(Some(pending.exchange), LossReason::NoResponse);
        }
        connection.under_way = 0;
        connection.losses.settle(stats);
    }

    /// Some time has passed: reports what has waited long enough. All records until `now`, kernel time, have been taken.
    pub fn tick(&mut self, now: u64, stats: &mut Stats, out: &mut Vec<Finished>, calls: &mut Vec<Call>) {
        self.threads.tick(now);
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|pending| {
            pending.patience = pending.patience.saturating_sub(1);
            !self.try_finish(pending, stats, out)
        });
        self.waiting = waiting;
        self.settle(false, stats, out, calls);
        // Only now: if the reader was late, those who waited may be asking for requests that ended long ago.
        self.threads.forget_old();
        self.streams.forget(now.saturating_sub(THREAD_MEMORY));
    }

    /// No more records will come: reports what waits and forgets the rest. Requests still without an answer are in flight, not lost.
    pub fn finish(&mut self, stats: &mut Stats, out: &mut Vec<Finished>, calls: &mut Vec<Call>) {
        for mut pending in std::mem::take(&mut self.waiting) {
            pending.patience = 0;
            self.try_finish(&mut pending, stats, out);
        }
        self.settle(true, stats, out, calls);
        self.open.clear();
        self.queries = Queries::default();
        self.threads = Threads::default();
        self.streams = Streams::default();
        self.edges = Edges::default();
    }

    fn begin(
        &mut self,
        connection: &mut Connection,
        role: Role,
        mover: Mover,
        first: u64,
        request: &Request,
    ) -> Rc<Span> {
        let span = Span::new(first, request.context.clone().map_or(Parent::None, Parent::Context));
        let edge = connection.edge(role == Role::Client, request.stream);
        match role {
            Role::Server => {
                match request.stream {
                    // Goroutines that read many requests leave them to others.
                    Some(stream) if mover.is_goroutine() => {
                        self.streams.serves(connection.id, stream, &span);
                    }
                    _ => self.threads.serves(mover, &span),
                }
                if let Some(edge) = edge {
                    // Where no client is traced there is nobody to wait for.
                    self.edges.server(edge, &span, !self.served.is_empty());
                }
            }
            Role::Client => {
                if let Peer::Inet { remote, .. } = connection.peer {
                    self.expect_client_of(remote);
                }
                self.find_caller(mover, &span);
                if let Some(edge) = edge {
                    self.edges.client(edge, &span);
                }
            }
        }
        span
    }

    /// Hangs a client span below the request its thread is serving. False: not to be told yet.
    fn find_caller(&self, mover: Mover, span: &Rc<Span>) -> bool {
        let serving = self.threads.serving(mover, span.start);
        span.undecided.set(matches!(serving, Serving::Undecided));
        match serving {
            Serving::One(server) => {
                span.adopt(Parent::Span { span: server, remote: false });
                true
            }
            Serving::Nothing | Serving::Several => true,
            Serving::Unclear | Serving::Undecided => false,
        }
    }

    fn finish_or_wait(
        &mut self,
        mut pending: Pending,
        connection: &Connection,
        stats: &mut Stats,
        out: &mut Vec<Finished>,
    ) {
        pending.patience = match (&connection.peer, pending.role) {
            _ if !pending.span.is_decided() && self.waiting.len() < LONG_WAITING => LONG_PATIENCE,
            (_, Role::Client) => PATIENCE,
            // The record of the client's end can be microseconds behind.
            (Peer::Inet { local, .. }, Role::Server) if self.served.contains(local) => PATIENCE,
            (_, Role::Server) => 0,
        };
        if !self.try_finish(&mut pending, stats, out) {
            self.waiting.push(pending);
        }
    }

    /// Reports an exchange unless something worth waiting for is missing.
    fn try_finish(&self, pending: &mut Pending, stats: &mut Stats, out: &mut Vec<Finished>) -> bool {
        let span = &pending.span;
        let is_asked = pending.role == Role::Client && (span.undecided.get() || !span.has_parent());
        let is_found = is_asked && self.find_caller(pending.mover, span);
        let parent_known = is_found || span.has_parent();
        // To ask for its trace settles those of all above it.
        if !(parent_known && span.is_decided()) && pending.patience > 0 {
            return false;
        }
        finish(pending, &self.sampler, stats, out);
        true
    }
}

/// Nothing is missing any more, or nothing more will come.
fn finish(pending: &mut Pending, sampler: &Sampler, stats: &mut Stats, out: &mut Vec<Finished>) {
    stats.exchanges += 1;
    out.push(pending.finish(sampler));
}

fn call_of((resource, passed): (Arc<Resource>, Passed), span: &Span, sampler: &Sampler) -> Call {
    Call { resource, passed, span_id: span.span_id, trace: span.trace(sampler) }
}

#[cfg(test)]
mod replay;
