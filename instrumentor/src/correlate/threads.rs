//! Which request a thread is serving: the parent of the calls it makes. In a Go program, a goroutine stands for a thread.
//!
//! Certain only when a single request can be meant. A thread that has several open at once is an event loop, where the latest one read need
//! not be the one that calls.

use std::rc::Rc;

use hashbrown::HashMap;

use super::Mover;
use super::span::Span;

/// Requests kept per thread, and at most before the oldest are let go. One with more of them open is an event loop, and nobody's request is
/// certain there any more.
const KEPT: usize = 64;
const MOST: usize = 2 * KEPT;

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
}

/// Per thread, the requests it read.
#[derive(Debug, Default)]
pub(super) struct Threads(HashMap<Mover, Served>);

#[derive(Debug, Default)]
struct Served {
    spans: Vec<Rc<Span>>,
    /// Of which so many were another's: a goroutine that had its place until this time, kernel time.
    before: (usize, u64),
    /// Requests were left out that may still be open.
    crowded: bool,
}

impl Served {
    /// Those that ended first are the least likely to be asked for.
    fn make_room(&mut self) {
        self.spans.sort_by_cached_key(|span| std::cmp::Reverse(span.end.get().unwrap_or(u64::MAX)));
        self.crowded |= self.spans[KEPT..].iter().any(|span| span.end.get().is_none());
        self.spans.truncate(KEPT);
        self.before.0 = 0;
    }
}

impl Threads {
    /// The thread has begun to read a request.
    pub(super) fn serves(&mut self, mover: Mover, span: &Rc<Span>) {
        if mover.tid == 0 {
            return;
        }
        let served = self.0.entry(mover).or_default();
        if served.spans.len() == MOST {
            served.make_room();
        }
        served.spans.push(Rc::clone(span));
    }

    /// A goroutine was made for this request at `at`, kernel time. One that ended before may have had its place, and its response be on
    /// its way yet.
    pub(super) fn made_for(&mut self, mover: Mover, span: &Rc<Span>, at: u64) {
        let served = self.0.entry(mover).or_default();
        served.before = (served.spans.len(), at);
        self.serves(mover, span);
    }

    /// What the thread was serving at `at`, kernel time.
    pub(super) fn serving(&self, mover: Mover, at: u64) -> Serving {
        let Some(served) = self.0.get(&mover) else { return Serving::Nothing };
        if served.crowded {
            return Serving::Several;
        }
        let (others, since) = served.before;
        let own = if at >= since { &served.spans[others..] } else { &served.spans[..others] };
        let mut open =
            own.iter().filter(|span| span.start <= at && span.end.get().is_none_or(|end| end >= at));
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

    /// Forgets requests that ended before `before`, and threads with none.
    pub(super) fn forget(&mut self, before: u64) {
        self.0.retain(|_, served| {
            let mut index = 0;
            let others = served.before.0;
            served.spans.retain(|span| {
                let kept = span.end.get().is_none_or(|end| end >= before);
                served.before.0 -= usize::from(!kept && index < others);
                index += 1;
                kept
            });
            !served.spans.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
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
        let (old, new) = (span(10, None), span(15, None));
        threads.made_for(ONE, &old, 11);
        threads.made_for(ONE, &new, 16);
        assert!(matches!(threads.serving(ONE, 12), Serving::One(found) if Rc::ptr_eq(&found, &old)));
        assert!(matches!(threads.serving(ONE, 17), Serving::One(found) if Rc::ptr_eq(&found, &new)));
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

    #[test]
    fn memory_is_bounded() {
        let mut threads = Threads::default();
        for start in 0..100 {
            threads.serves(ONE, &span(start, Some(start)));
        }
        assert!(threads.0[&ONE].spans.len() <= MOST);
        threads.forget(1000);
        assert!(threads.0.is_empty());
    }
}
