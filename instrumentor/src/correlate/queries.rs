//! Queries to databases within a process -> exchanges. A goroutine makes one at a time: what it is told next is the answer.

use std::sync::Arc;

use hashbrown::HashMap;
use underspan_ebpf::Answer;
use underspan_protocols::decoder::Ending;
use underspan_protocols::message::{Direction, Request};
use underspan_protocols::sql::embedded;

use super::pending::Pending;
use super::span::{Parent, Span};
use super::{Mover, Role};
use crate::discover::resource::Resource;

/// Most that are under way at a time. One whose goroutine came to no end stays until its process is gone.
const MOST: usize = 16_384;

/// A query that begins.
#[derive(Debug)]
pub struct Asked {
    /// The process, and the goroutine that serves the request it belongs to.
    pub mover: Mover,
    /// Address of the goroutine that makes it.
    pub goroutine: u64,
    /// When, kernel time.
    pub start: u64,
    /// What it asks for.
    pub request: Request,
    /// The kind of database.
    pub protocol: &'static str,
    /// It is of interest only if it fails.
    pub unless_done: bool,
    /// What became of the goroutine's query before this one is counted.
    pub counted: bool,
}

/// Queries under way, by process and goroutine.
#[derive(Default)]
pub(super) struct Queries(HashMap<(u32, u64), UnderWay>);

struct UnderWay {
    pending: Pending,
    unless_done: bool,
}

impl Queries {
    /// A query begins. False if another one is lost by that: the goroutine's last one, which never came to an end, or this one, for want of
    /// room.
    pub(super) fn ask(&mut self, asked: Asked, resource: Arc<Resource>) -> bool {
        let Asked { mover, goroutine, start, request, protocol, unless_done, counted } = asked;
        let key = (mover.tgid, goroutine);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return unless_done;
        }
        let span = Span::new(start, request.context.clone().map_or(Parent::None, Parent::Context));
        let pending = Pending::within(Role::Client, resource, mover, span, request, protocol);
        let last = self.0.insert(key, UnderWay { pending, unless_done });
        counted || last.is_none_or(|last| last.unless_done)
    }

    /// The answer to one. `None` if it is not of interest, or nobody knows the query.
    pub(super) fn answer(&mut self, answer: &Answer) -> Option<Pending> {
        let UnderWay { mut pending, unless_done } = self.0.remove(&(answer.tgid, answer.goroutine))?;
        if unless_done && !answer.failed {
            return None;
        }
        pending.respond(answer.time, embedded::response(answer.failed));
        pending.end(Direction::Response, answer.time, 0, Ending::Complete);
        Some(pending)
    }

    /// A process is gone. Gives back how many of its queries will have no answer.
    pub(super) fn forget(&mut self, pid: u32) -> u64 {
        let gone = self.0.extract_if(|(tgid, _), _| *tgid == pid);
        gone.filter(|(_, query)| !query.unless_done).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::sampler::Sampler;
    use crate::signals::tests::sample::server;

    fn asked(goroutine: u64, unless_done: bool, counted: bool) -> Asked {
        Asked {
            mover: Mover { tgid: 1, tid: 7 },
            goroutine,
            start: 20,
            request: embedded::request(embedded::System::Sqlite, Some(b"SELECT 'a'"), false, 100),
            protocol: "sqlite",
            unless_done,
            counted,
        }
    }

    fn answer(goroutine: u64, failed: bool) -> Answer {
        Answer { time: 50, tgid: 1, goroutine, failed }
    }

    #[test]
    fn an_answer_belongs_to_the_goroutine_that_asked() {
        let mut queries = Queries::default();
        assert!(queries.ask(asked(1, false, false), server().resource));
        assert!(queries.ask(asked(2, false, false), server().resource));
        assert!(queries.answer(&answer(3, false)).is_none());
        let exchange = queries.answer(&answer(2, true)).expect("asked").finish(&Sampler::default()).exchange;
        assert_eq!((exchange.start, exchange.end, exchange.error.as_deref()), (20, 50, Some("_OTHER")));
        assert_eq!((&*exchange.operation, exchange.role), ("SELECT", Role::Client));
        let exchange = queries.answer(&answer(1, false)).expect("asked").finish(&Sampler::default()).exchange;
        assert_eq!(exchange.error, None);
        assert!(queries.answer(&answer(1, false)).is_none(), "once");
    }

    #[test]
    fn what_has_no_end_is_lost_once() {
        let mut queries = Queries::default();
        assert!(queries.ask(asked(1, false, false), server().resource));
        assert!(!queries.ask(asked(1, false, false), server().resource), "the first one has no end");
        assert!(queries.ask(asked(1, true, true), server().resource), "the kernel has counted it");
        assert!(queries.ask(asked(1, false, false), server().resource), "nobody asks what became of that");
        assert!(queries.ask(asked(2, true, false), server().resource));
        assert_eq!((queries.forget(2), queries.forget(1)), (0, 1));
        assert!(queries.answer(&answer(1, false)).is_none());
    }

    #[test]
    fn what_is_prepared_matters_if_it_fails() {
        let mut queries = Queries::default();
        for failed in [false, true] {
            queries.ask(asked(1, true, false), server().resource);
            assert_eq!(queries.answer(&answer(1, failed)).is_some(), failed);
        }
    }
}
