//! Calls inside processes that become spans: below the request that their thread serves.

use std::rc::Rc;
use std::sync::Arc;

use super::PATIENCE;
use super::exchange::{Call, Passed};
use super::span::{Parent, Span};
use super::threads::{Serving, Threads};
use crate::discover::resource::Resource;
use crate::signals::sampler::Sampler;

/// Calls whose parent is not settled yet.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Waiting>);

#[derive(Debug)]
struct Waiting {
    resource: Arc<Resource>,
    passed: Passed,
    span: Rc<Span>,
    patience: u8,
}

impl Calls {
    /// Takes a call that is over; goes to `out` at once if there is nothing to wait for.
    pub(super) fn take(
        &mut self,
        resource: Arc<Resource>,
        passed: Passed,
        threads: &Threads,
        sampler: &Sampler,
        out: &mut Vec<Call>,
    ) {
        let span = Span::new(passed.start, Parent::None);
        let waiting = Waiting { resource, passed, span, patience: PATIENCE };
        if waiting.is_ready(threads) {
            out.push(waiting.finish(threads, sampler));
        } else {
            self.0.push(waiting);
        }
    }

    /// Some time has passed. With `all`, no more will.
    pub(super) fn tick(&mut self, threads: &Threads, sampler: &Sampler, all: bool, out: &mut Vec<Call>) {
        for waiting in &mut self.0 {
            waiting.patience = if all { 0 } else { waiting.patience.saturating_sub(1) };
        }
        let ready = self.0.extract_if(.., |waiting| waiting.is_ready(threads));
        out.extend(ready.map(|waiting| waiting.finish(threads, sampler)));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Waiting {
    /// To ask a request for its trace settles it, so that it must not happen before the request's own parent can have been found.
    fn is_ready(&self, threads: &Threads) -> bool {
        self.patience == 0
            || match threads.serving(self.passed.mover, self.passed.start) {
                Serving::One(request) => request.has_parent(),
                Serving::Nothing | Serving::Several => true,
                Serving::Unclear => false,
            }
    }

    fn finish(self, threads: &Threads, sampler: &Sampler) -> Call {
        let Self { resource, passed, span, .. } = self;
        if let Serving::One(request) = threads.serving(passed.mover, passed.start) {
            span.adopt(Parent::Span { span: request, remote: false });
        }
        Call { resource, passed, span_id: span.span_id, trace: span.trace(sampler) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::Mover;
    use crate::signals::tests::sample::server;

    const ONE: Mover = Mover { tgid: 1, tid: 7 };

    fn passed(start: u64) -> Passed {
        Passed { mover: ONE, name: "work", start, end: start + 5, attributes: Vec::new() }
    }

    /// Takes a call that began at 20; what came of it at once.
    fn take(calls: &mut Calls, threads: &Threads) -> Vec<Call> {
        let mut out = Vec::new();
        calls.take(server().resource, passed(20), threads, &Sampler::default(), &mut out);
        out
    }

    #[test]
    fn a_call_waits_until_its_request_has_a_trace() {
        let (mut calls, mut threads, mut out) = (Calls::default(), Threads::default(), Vec::new());
        let request = Span::new(10, Parent::None);
        threads.serves(ONE, &request);
        assert!(take(&mut calls, &threads).is_empty());
        calls.tick(&threads, &Sampler::default(), false, &mut out);
        assert!(out.is_empty() && !request.has_parent(), "its client's record may be on the way");
        let caller = Span::new(5, Parent::None);
        assert!(request.adopt(Parent::Span { span: Rc::clone(&caller), remote: true }));
        calls.tick(&threads, &Sampler::default(), false, &mut out);
        let [call] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!(call.trace.parent_id, Some(request.span_id));
        assert_eq!(call.trace.trace_id, caller.trace(&Sampler::default()).trace_id);
        assert_eq!(calls.len(), 0);
    }

    #[test]
    fn patience_ends() {
        let (mut calls, mut threads, mut out) = (Calls::default(), Threads::default(), Vec::new());
        let request = Span::new(10, Parent::None);
        threads.serves(ONE, &request);
        take(&mut calls, &threads);
        calls.tick(&threads, &Sampler::default(), true, &mut out);
        assert_eq!(out[0].trace.parent_id, Some(request.span_id), "nobody else has called");
    }

    #[test]
    fn without_one_certain_request_there_is_no_parent() {
        let (mut calls, mut threads) = (Calls::default(), Threads::default());
        assert_eq!(take(&mut calls, &threads)[0].trace.parent_id, None);
        threads.serves(ONE, &Span::new(10, Parent::None));
        threads.serves(ONE, &Span::new(11, Parent::None));
        assert_eq!(take(&mut calls, &threads)[0].trace.parent_id, None);
    }
}
