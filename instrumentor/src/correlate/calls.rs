//! What happens inside processes and becomes spans: below the request that their thread serves.

use std::rc::Rc;

use super::span::{Parent, Span};
use super::threads::{Serving, Threads};
use super::{LONG_PATIENCE, Mover, PATIENCE};

/// Things that are over and whose parent is not settled yet.
#[derive(Debug)]
pub(super) struct Calls<T>(Vec<Waiting<T>>);

#[derive(Debug)]
struct Waiting<T> {
    what: T,
    mover: Mover,
    span: Rc<Span>,
    patience: u8,
}

impl<T> Default for Calls<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Calls<T> {
    /// Takes what `mover` has done, for which there is to be this span; goes to `out` at once if there is nothing to wait for.
    pub(super) fn take(
        &mut self,
        what: T,
        mover: Mover,
        span: Rc<Span>,
        threads: &Threads,
        out: impl FnOnce(T, Rc<Span>),
    ) {
        let patience = match threads.serving(mover, span.start) {
            Serving::Undecided => LONG_PATIENCE,
            Serving::One(request) if !request.is_decided() => LONG_PATIENCE,
            _ => PATIENCE,
        };
        let waiting = Waiting { what, mover, span, patience };
        if waiting.is_ready(threads) {
            let (what, span) = waiting.finish(threads);
            out(what, span);
        } else {
            self.0.push(waiting);
        }
    }

    /// Some time has passed. With `all`, no more will.
    pub(super) fn tick(&mut self, threads: &Threads, all: bool, mut out: impl FnMut(T, Rc<Span>)) {
        for waiting in &mut self.0 {
            waiting.patience = if all { 0 } else { waiting.patience.saturating_sub(1) };
        }
        for ready in self.0.extract_if(.., |waiting| waiting.is_ready(threads)) {
            let (what, span) = ready.finish(threads);
            out(what, span);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Waiting<T> {
    /// To ask a request for its trace settles it, so that it must not happen before the request's own parent can have been found.
    fn is_ready(&self, threads: &Threads) -> bool {
        self.patience == 0
            || match threads.serving(self.mover, self.span.start) {
                Serving::One(request) => request.has_parent() && request.is_decided(),
                Serving::Nothing | Serving::Several => true,
                Serving::Unclear | Serving::Undecided => false,
            }
    }

    fn finish(self, threads: &Threads) -> (T, Rc<Span>) {
        if let Serving::One(request) = threads.serving(self.mover, self.span.start) {
            self.span.adopt(Parent::Span { span: request, remote: false });
        }
        (self.what, self.span)
    }
}

#[cfg(test)]
mod tests {
    use underspan_ebpf::{DESCENDS, GOROUTINE, Life};

    use super::*;
    use crate::signals::sampler::Sampler;

    const ONE: Mover = Mover { tgid: 1, tid: 7 };

    /// Takes a call that began at 20; what came of it at once.
    fn take(calls: &mut Calls<&'static str>, threads: &Threads) -> Vec<Rc<Span>> {
        let mut out = Vec::new();
        calls.take("work", ONE, Span::new(20, Parent::None), threads, |_, span| out.push(span));
        out
    }

    fn parent(span: &Span) -> Option<[u8; 8]> {
        span.trace(&Sampler::default()).parent_id
    }

    #[test]
    fn a_call_waits_until_its_request_has_a_trace() {
        let (mut calls, mut threads, mut out) = (Calls::default(), Threads::default(), Vec::new());
        let request = Span::new(10, Parent::None);
        threads.serves(ONE, &request);
        assert!(take(&mut calls, &threads).is_empty());
        calls.tick(&threads, false, |what, span| out.push((what, span)));
        assert!(out.is_empty() && !request.has_parent(), "its client's record may be on the way");
        let caller = Span::new(5, Parent::None);
        assert!(request.adopt(Parent::Span { span: Rc::clone(&caller), remote: true }));
        calls.tick(&threads, false, |what, span| out.push((what, span)));
        let [("work", span)] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!(parent(span), Some(request.span_id));
        let trace = |span: &Span| span.trace(&Sampler::default()).trace_id;
        assert_eq!(trace(span), trace(&caller));
        assert_eq!(calls.len(), 0);
    }

    #[test]
    fn patience_ends() {
        let (mut calls, mut threads, mut out) = (Calls::default(), Threads::default(), Vec::new());
        let request = Span::new(10, Parent::None);
        threads.serves(ONE, &request);
        take(&mut calls, &threads);
        calls.tick(&threads, true, |_, span| out.push(span));
        assert_eq!(parent(&out[0]), Some(request.span_id), "nobody else has called");
    }

    #[test]
    fn a_call_waits_until_a_goroutine_has_ended() {
        const CHILD: u32 = GOROUTINE | 8;
        let (mut calls, mut threads, mut out) = (Calls::default(), Threads::default(), Vec::new());
        let request = Span::new(10, Parent::None);
        assert!(request.adopt(Parent::Span { span: Span::new(5, Parent::None), remote: true }));
        threads.serves(ONE, &request);
        let life = Life { time: 15, tgid: 1, tid: CHILD, creator: ONE.tid, made: 15, ended: None };
        threads.learn(&life);
        let mover = Mover { tgid: 1, tid: CHILD | DESCENDS };
        calls.take((), mover, Span::new(20, Parent::None), &threads, |(), span| out.push(span));
        for _ in 0..2 * PATIENCE {
            calls.tick(&threads, false, |(), span| out.push(span));
        }
        assert!(out.is_empty());
        threads.learn(&Life { ended: Some(30), ..life });
        calls.tick(&threads, false, |(), span| out.push(span));
        assert_eq!(parent(&out[0]), Some(request.span_id));
    }

    #[test]
    fn without_one_certain_request_there_is_no_parent() {
        let (mut calls, mut threads) = (Calls::default(), Threads::default());
        assert_eq!(parent(&take(&mut calls, &threads)[0]), None);
        threads.serves(ONE, &Span::new(10, Parent::None));
        threads.serves(ONE, &Span::new(11, Parent::None));
        assert_eq!(parent(&take(&mut calls, &threads)[0]), None);
    }
}
