//! Which request a thread is serving: the parent of the calls it makes. In a Go program, a goroutine stands for a thread.
//!
//! Certain only when a single request can be meant. A thread that has several open at once is an event loop, where the latest one read need
//! not be the one that calls.
//!
//! A goroutine that serves no request itself works for the one of whoever made it, if it does not outlive that (`descent.rs`).

use std::rc::Rc;

use hashbrown::HashMap;

use underspan_ebpf::Life;

use super::Mover;
use super::descent::{Descent, Line};
use super::span::Span;

/// Requests kept per thread, and at most before the oldest are let go. One with more of them open is an event loop, and nobody's request is
/// certain there any more.
const KEPT: usize = 64;
const MOST: usize = 2 * KEPT;
/// How much later than the response a goroutine may end that was made for the request: it may have said that it is done, and wait for a CPU to
/// come to its end. Goroutines of pools that end when there is nothing to do wait longer for that.
const SLACK: u64 = 500_000_000;
/// What is told of a moment, and what a silent connection is asked for, is known so much later.
const DELAY: u64 = 1_000_000_000;
/// Requests a thread is remembered to have served, nanoseconds after their end.
pub(super) const THREAD_MEMORY: u64 = 2_000_000_000;
/// Goroutines are remembered, nanoseconds after their end: longer than a call waits for the end of others.
const LIFE_MEMORY: u64 = 6_000_000_000;

/// What a thread was serving at a moment.
#[derive(Debug)]
pub(super) enum Serving {
    /// Nothing.
    Nothing,
    /// This request and no other.
    One(Rc<Span>),
    /// Several requests, all of them certain to be open then.
    Several,
    /// Several, of which some may have ended before: ask again when more is known.
    Unclear,
    /// At the most one request, by a goroutine that was made meanwhile: ask again when that has ended.
    Undecided,
}

/// Per thread, the requests it read.
#[derive(Debug, Default)]
pub(super) struct Threads {
    served: HashMap<Mover, Served>,
    descent: Descent,
    /// Kernel time until which all is known.
    now: u64,
}

#[derive(Debug, Default)]
struct Served {
    requests: Vec<Request>,
    /// Requests were left out that may still be open.
    crowded: bool,
}

#[derive(Debug)]
struct Request {
    span: Rc<Span>,
    /// Since when the goroutine that reads it has its place, kernel time. Earlier requests were read by another. 0 if nobody has told.
    since: u64,
}

impl Served {
    fn take(&mut self, span: &Rc<Span>, since: u64) {
        if self.requests.len() == MOST {
            self.make_room();
        }
        self.requests.push(Request { span: Rc::clone(span), since });
    }

    /// Those that ended first are the least likely to be asked for.
    fn make_room(&mut self) {
        self.requests
            .sort_by_cached_key(|request| std::cmp::Reverse(request.span.end.get().unwrap_or(u64::MAX)));
        self.crowded |= self.requests[KEPT..].iter().any(|request| request.span.end.get().is_none());
        self.requests.truncate(KEPT);
    }

    /// Since when the one has its place that had it at `at`, kernel time. `None`: it has read nothing.
    fn since(&self, at: u64) -> Option<u64> {
        self.requests.iter().map(|request| request.since).filter(|since| *since <= at).max()
    }
}

impl Threads {
    /// The thread has begun to read a request.
    pub(super) fn serves(&mut self, mover: Mover, span: &Rc<Span>) {
        if mover.tid == 0 {
            return;
        }
        let served = self.served.entry(mover).or_default();
        let since = served.since(u64::MAX).unwrap_or_default();
        served.take(span, since);
    }

    /// A goroutine was made for this request at `at`, kernel time. One that ended before may have had its place, and its response be on
    /// its way yet.
    pub(super) fn made_for(&mut self, mover: Mover, span: &Rc<Span>, at: u64) {
        if mover.tid != 0 {
            self.served.entry(mover).or_default().take(span, at);
        }
    }

    /// The kernel tells of a goroutine that another one made.
    pub(super) fn learn(&mut self, told: &Life) {
        self.descent.learn(told);
    }

    /// What the thread was serving at `at`, kernel time.
    pub(super) fn serving(&self, mover: Mover, at: u64) -> Serving {
        if !mover.descends() {
            return self.reading(mover, at);
        }
        let Some(line) = self.descent.of(mover, at) else { return Serving::Nothing };
        match self.reading(line.root, at) {
            Serving::One(request) => self.made_within(&line, request),
            other => other,
        }
    }

    /// Whether those who were made while a request was served have ended with it.
    fn made_within(&self, line: &Line, request: Rc<Span>) -> Serving {
        let past = |moment: u64| self.now > moment.saturating_add(DELAY);
        if line.made < request.start {
            return Serving::Nothing;
        }
        match (line.ended, request.end.get()) {
            (Some(ended), Some(end)) if ended <= end.saturating_add(SLACK) => Serving::One(request),
            (Some(_), Some(_)) => Serving::Nothing,
            // Its response may have come to an end before.
            (Some(ended), None) if request.answering.get() && !past(ended) => Serving::Undecided,
            (Some(_), None) => Serving::One(request),
            (None, Some(end)) if past(end.saturating_add(SLACK)) => Serving::Nothing,
            (None, _) => Serving::Undecided,
        }
    }

    /// Of which request it has read, and of no other, the response has not ended at `at`.
    fn reading(&self, mover: Mover, at: u64) -> Serving {
        let Some(served) = self.served.get(&mover) else { return Serving::Nothing };
        if served.crowded {
            return Serving::Several;
        }
        let since = served.since(at);
        let own = served.requests.iter().filter(|request| Some(request.since) == since);
        let mut open = own
            .map(|request| &request.span)
            .filter(|span| span.start <= at && span.end.get().is_none_or(|end| end >= at));
        let Some(first) = open.next() else { return Serving::Nothing };
        let mut several = false;
        let mut unclear = first.answering.get() && first.end.get().is_none();
        for other in open {
            several = true;
            unclear |= other.answering.get() && other.end.get().is_none();
        }
        match (several, unclear) {
            (false, _) => Serving::One(Rc::clone(first)),
            (true, true) => Serving::Unclear,
            (true, false) => Serving::Several,
        }
    }

    /// What has happened by `now`, kernel time, has been read.
    pub(super) fn tick(&mut self, now: u64) {
        self.now = now;
    }

    /// Forgets requests and goroutines that ended long ago, and threads with none.
    pub(super) fn forget_old(&mut self) {
        self.descent.forget(self.now.saturating_sub(LIFE_MEMORY));
        self.forget(self.now.saturating_sub(THREAD_MEMORY));
    }

    fn forget(&mut self, before: u64) {
        self.served.retain(|_, served| {
            served.requests.retain(|request| request.span.end.get().is_none_or(|end| end >= before));
            !served.requests.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use underspan_ebpf::{DESCENDS, GOROUTINE};

    use super::super::span::Parent;
    use super::*;

    const ONE: Mover = Mover { tgid: 1, tid: 1 };
    const OTHER: Mover = Mover { tgid: 1, tid: 2 };

    fn span(start: u64, end: Option<u64>) -> Rc<Span> {
        let span = Span::new(start, Parent::None);
        span.end.set(end);
        span
    }

    #[test]
    fn one_request_is_certain() {
        let mut threads = Threads::default();
        let request = span(10, None);
        threads.serves(ONE, &request);
        assert!(matches!(threads.serving(ONE, 20), Serving::One(found) if Rc::ptr_eq(&found, &request)));
        assert!(matches!(threads.serving(ONE, 5), Serving::Nothing), "it had not begun");
        assert!(matches!(threads.serving(OTHER, 20), Serving::Nothing), "another thread");
        request.end.set(Some(15));
        assert!(matches!(threads.serving(ONE, 20), Serving::Nothing), "it was over");
        assert!(matches!(threads.serving(ONE, 12), Serving::One(_)), "it was not, then");
    }

    #[test]
    fn several_are_nobody() {
        let mut threads = Threads::default();
        threads.serves(ONE, &span(10, None));
        let second = span(11, None);
        threads.serves(ONE, &second);
        assert!(matches!(threads.serving(ONE, 20), Serving::Several));
        second.answering.set(true);
        assert!(matches!(threads.serving(ONE, 20), Serving::Unclear), "the second may be over");
        second.end.set(Some(15));
        assert!(matches!(threads.serving(ONE, 20), Serving::One(_)));
    }

    #[test]
    fn a_place_may_be_taken_by_another_goroutine() {
        let mut threads = Threads::default();
        let (old, new, newest) = (span(10, None), span(15, None), span(18, None));
        threads.made_for(ONE, &old, 11);
        threads.made_for(ONE, &new, 16);
        threads.made_for(ONE, &newest, 19);
        assert!(matches!(threads.serving(ONE, 10), Serving::Nothing));
        assert!(matches!(threads.serving(ONE, 12), Serving::One(found) if Rc::ptr_eq(&found, &old)));
        assert!(matches!(threads.serving(ONE, 17), Serving::One(found) if Rc::ptr_eq(&found, &new)));
        assert!(matches!(threads.serving(ONE, 20), Serving::One(found) if Rc::ptr_eq(&found, &newest)));
        old.end.set(Some(20));
        threads.forget(30);
        assert!(matches!(threads.serving(ONE, 17), Serving::One(found) if Rc::ptr_eq(&found, &new)));
        assert!(matches!(threads.serving(ONE, 12), Serving::Nothing));
    }

    #[test]
    fn a_crowd_hides_nobody() {
        let mut threads = Threads::default();
        let spans: Vec<_> = (0..200).map(|start| span(start, None)).collect();
        for span in &spans {
            threads.serves(ONE, span);
        }
        for span in &spans[1..] {
            span.end.set(Some(300));
        }
        // The first is still open, though it was left out; the last of those kept must not pass for the only one.
        spans[199].end.set(None);
        assert!(matches!(threads.serving(ONE, 400), Serving::Several));
    }

    const CHILD: Mover = Mover { tgid: 1, tid: GOROUTINE | DESCENDS | 3 };

    /// A goroutine was made at 20, for `CHILD`, by `ONE`.
    fn made(ended: Option<u64>) -> Life {
        Life { time: 20, tgid: 1, tid: GOROUTINE | 3, creator: ONE.tid, made: 20, ended }
    }

    #[test]
    fn a_goroutine_that_ends_with_a_request_worked_for_it() {
        let mut threads = Threads::default();
        let request = span(10, None);
        threads.serves(ONE, &request);
        assert!(matches!(threads.serving(CHILD, 30), Serving::Nothing), "nobody has told who made it");
        threads.learn(&made(None));
        assert!(matches!(threads.serving(CHILD, 30), Serving::Undecided));
        request.end.set(Some(40));
        assert!(matches!(threads.serving(CHILD, 30), Serving::Undecided), "it may be about to end");
        threads.learn(&made(Some(40 + SLACK)));
        assert!(matches!(threads.serving(CHILD, 30), Serving::One(found) if Rc::ptr_eq(&found, &request)));
        assert!(matches!(threads.serving(CHILD, 41), Serving::Nothing), "the request was over");
        assert!(matches!(threads.serving(CHILD, 15), Serving::Nothing), "it was not made");
    }

    #[test]
    fn one_that_goes_on_is_of_a_pool() {
        let mut threads = Threads::default();
        let request = span(10, Some(40));
        threads.serves(ONE, &request);
        threads.learn(&made(None));
        threads.tick(40 + SLACK + DELAY);
        assert!(matches!(threads.serving(CHILD, 30), Serving::Undecided));
        threads.tick(41 + SLACK + DELAY);
        assert!(matches!(threads.serving(CHILD, 30), Serving::Nothing));
        threads.learn(&made(Some(41 + SLACK)));
        assert!(matches!(threads.serving(CHILD, 30), Serving::Nothing));
    }

    #[test]
    fn one_that_ends_while_the_request_goes_on() {
        let mut threads = Threads::default();
        let request = span(10, None);
        threads.serves(ONE, &request);
        threads.learn(&made(Some(50)));
        assert!(matches!(threads.serving(CHILD, 30), Serving::One(_)));
        request.answering.set(true);
        assert!(matches!(threads.serving(CHILD, 30), Serving::Undecided), "its end may not be told yet");
        threads.tick(51 + DELAY);
        assert!(matches!(threads.serving(CHILD, 30), Serving::One(_)));
    }

    #[test]
    fn one_that_was_there_before_the_request() {
        let mut threads = Threads::default();
        threads.serves(ONE, &span(21, Some(40)));
        threads.learn(&made(Some(35)));
        assert!(matches!(threads.serving(CHILD, 30), Serving::Nothing));
    }

    #[test]
    fn memory_is_bounded() {
        let mut threads = Threads::default();
        for start in 0..100 {
            threads.serves(ONE, &span(start, Some(start)));
        }
        assert!(threads.served[&ONE].requests.len() <= MOST);
        threads.forget(1000);
        assert!(threads.served.is_empty());
    }
}
