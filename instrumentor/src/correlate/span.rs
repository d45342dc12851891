//! Identity of a span: its own id from the start, its trace as soon as somebody must know.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use underspan_protocols::context::TraceContext;

use crate::signals::sampler::Sampler;

/// Where a span hangs.
#[derive(Debug, Clone)]
pub enum Parent {
    /// None is known.
    None,
    /// A context in the bytes of the request.
    Context(TraceContext),
    /// A span of this agent: of the same process, or the client's end of the same connection.
    Span {
        /// The parent.
        span: Rc<Span>,
        /// It is in another process.
        remote: bool,
    },
}

/// What a span inherits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Never all zero.
    pub trace_id: [u8; 16],
    /// Span id of the parent, if there is one.
    pub parent_id: Option<[u8; 8]>,
    /// The parent is in another process.
    pub parent_remote: bool,
    /// W3C flags.
    pub flags: u8,
    /// `tracestate`.
    pub state: String,
}

/// A span that is under way or remembered as a parent. Until its trace is asked for, a parent may still be found.
#[derive(Debug)]
pub struct Span {
    /// Its id.
    pub span_id: [u8; 8],
    /// Trace and parent in the bytes of the request.
    context: Option<([u8; 16], [u8; 8])>,
    /// A nearer parent than that was found.
    nearer: Cell<bool>,
    parent: RefCell<Parent>,
    trace: RefCell<Option<Trace>>,
    /// First byte of the request, kernel time.
    pub start: u64,
    /// Last byte of the response, once it is known, kernel time.
    pub end: Cell<Option<u64>>,
    /// The response has begun.
    pub answering: Cell<bool>,
    /// Whether a request of its process is its parent is not known yet, and will be.
    pub undecided: Cell<bool>,
}

/// The trace id is random; whether it is sampled is the sampler's word.
const NEW_TRACE_FLAGS: u8 = 0x02;

impl Span {
    /// A new span.
    pub fn new(start: u64, parent: Parent) -> Rc<Self> {
        let context = match &parent {
            Parent::Context(context) => Some((context.trace_id, context.parent_id)),
            Parent::None | Parent::Span { .. } => None,
        };
        Rc::new(Self {
            span_id: random(),
            context,
            nearer: Cell::new(false),
            parent: RefCell::new(parent),
            trace: RefCell::new(None),
            start,
            end: Cell::new(None),
            answering: Cell::new(false),
            undecided: Cell::new(false),
        })
    }

    /// Whether a parent is known or can no longer be given.
    pub fn has_parent(&self) -> bool {
        self.trace.borrow().is_some() || !matches!(*self.parent.borrow(), Parent::None)
    }

    /// Whether its trace may be settled: of none above it, nor of itself, the parent is still to be known.
    pub fn is_decided(self: &Rc<Self>) -> bool {
        self.lineage().all(|span| span.trace.borrow().is_some() || !span.undecided.get())
    }

    /// Gives the span a parent, unless it has one or its trace is settled. A span is never hung below itself. A context in its bytes gives
    /// way to a request it was passed on from.
    pub fn adopt(self: &Rc<Self>, parent: Parent) -> bool {
        if let Parent::Span { span, remote } = &parent {
            let nearer =
                self.context.is_some() && self.context == span.context && (!remote || span.nearer.get());
            let free = if nearer { self.trace.borrow().is_none() } else { !self.has_parent() };
            if !free || span.descends_from(self) {
                return false;
            }
            self.nearer.set(nearer);
        } else if self.has_parent() {
            return false;
        }
        self.parent.replace(parent);
        true
    }

    fn descends_from(self: &Rc<Self>, ancestor: &Rc<Self>) -> bool {
        self.lineage().any(|span| Rc::ptr_eq(&span, ancestor))
    }

    /// The span and all above it.
    fn lineage(self: &Rc<Self>) -> impl Iterator<Item = Rc<Self>> {
        std::iter::successors(Some(Rc::clone(self)), |span| match &*span.parent.borrow() {
            Parent::Span { span, .. } => Some(Rc::clone(span)),
            Parent::None | Parent::Context(_) => None,
        })
    }

    /// The span's trace, the same from now on. `sampler` decides about traces that begin here, or come here.
    pub fn trace(&self, sampler: &Sampler) -> Trace {
        if let Some(trace) = &*self.trace.borrow() {
            return trace.clone();
        }
        // Taken, so that a remembered span does not keep its ancestors in memory.
        let trace = match self.parent.replace(Parent::None) {
            Parent::None => {
                let (trace_id, mut flags, mut state) = (random(), NEW_TRACE_FLAGS, String::new());
                sampler.apply(None, &trace_id, &mut flags, &mut state);
                Trace { trace_id, parent_id: None, parent_remote: false, flags, state }
            }
            Parent::Context(TraceContext { trace_id, parent_id, mut flags, mut state }) => {
                sampler.apply(Some(flags), &trace_id, &mut flags, &mut state);
                Trace { trace_id, parent_id: Some(parent_id), parent_remote: true, flags, state }
            }
            Parent::Span { span, remote } => {
                Trace { parent_id: Some(span.span_id), parent_remote: remote, ..span.trace(sampler) }
            }
        };
        self.trace.replace(Some(trace.clone()));
        trace
    }
}

/// Random bytes that are not all zero, as ids must be.
fn random<const N: usize>() -> [u8; N] {
    loop {
        let mut id = [0; N];
        fastrand::fill(&mut id);
        if id != [0; N] {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(span: &Rc<Span>, remote: bool) -> Parent {
        Parent::Span { span: Rc::clone(span), remote }
    }

    #[test]
    fn a_trace_is_inherited_and_settled_once() {
        let root = Span::new(1, Parent::None);
        let child = Span::new(2, below(&root, false));
        let grandchild = Span::new(3, Parent::None);
        assert!(grandchild.adopt(below(&child, true)));
        let trace = grandchild.trace(&Sampler::default());
        assert_eq!(trace.trace_id, root.trace(&Sampler::default()).trace_id);
        assert_eq!((trace.parent_id, trace.parent_remote), (Some(child.span_id), true));
        assert_eq!(child.trace(&Sampler::default()).parent_id, Some(root.span_id));
        assert!(!root.adopt(below(&Span::new(0, Parent::None), false)), "its trace has been told");
    }

    #[test]
    fn what_is_below_an_undecided_one_is_undecided() {
        let (served, called) = (Span::new(1, Parent::None), Span::new(2, Parent::None));
        called.undecided.set(true);
        let answered = Span::new(3, below(&called, true));
        assert!(served.is_decided() && !called.is_decided() && !answered.is_decided());
        assert!(called.adopt(below(&served, false)));
        called.undecided.set(false);
        assert!(answered.is_decided());
        called.undecided.set(true);
        assert_eq!(answered.trace(&Sampler::default()).parent_id, Some(called.span_id));
        assert!(called.is_decided(), "its trace has been told");
    }

    #[test]
    fn a_context_in_the_bytes_wins() {
        let context =
            TraceContext { trace_id: [7; 16], parent_id: [8; 8], flags: 0, state: "a=b".to_owned() };
        let span = Span::new(1, Parent::Context(context));
        assert!(!span.adopt(below(&Span::new(0, Parent::None), true)));
        let trace = span.trace(&Sampler::default());
        assert_eq!((trace.trace_id, trace.parent_id, trace.flags), ([7; 16], Some([8; 8]), 0));
        assert_eq!(trace.state, "a=b");
    }

    #[test]
    fn a_context_that_is_passed_on() {
        let context = |parent| {
            Parent::Context(TraceContext {
                trace_id: [7; 16],
                parent_id: [parent; 8],
                flags: 0,
                state: String::new(),
            })
        };
        let sampler = Sampler::default();
        let served = Span::new(1, context(8));
        assert_eq!(served.trace(&sampler).parent_id, Some([8; 8]));
        let (called, answered) = (Span::new(2, context(8)), Span::new(3, context(8)));
        assert!(!answered.adopt(below(&called, true)), "whoever is named may have called it");
        assert!(called.adopt(below(&served, false)));
        assert!(answered.adopt(below(&called, true)));
        assert_eq!(answered.trace(&sampler).parent_id, Some(called.span_id));
        assert_eq!(called.trace(&sampler).parent_id, Some(served.span_id));
        assert_eq!(called.trace(&sampler).trace_id, [7; 16]);
        assert!(!Span::new(4, context(9)).adopt(below(&served, false)), "it has a parent of its own within");
    }

    #[test]
    fn circles_are_refused() {
        let first = Span::new(1, Parent::None);
        let second = Span::new(2, below(&first, false));
        assert!(!first.adopt(below(&second, true)));
        assert!(!first.adopt(below(&first, true)));
        assert_eq!(second.trace(&Sampler::default()).trace_id, first.trace(&Sampler::default()).trace_id);
    }
}
