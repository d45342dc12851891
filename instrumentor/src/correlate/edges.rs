//! Both ends of a connection on this host: the client's span and the server's meet by where the request stands on the wire.
//!
//! Both ends agree on sequence numbers, whatever translates addresses between them. The two records may arrive in either order.

use std::collections::VecDeque;
use std::rc::Rc;

use hashbrown::HashMap;

use super::span::{Parent, Span};
use crate::assemble::Edge;

/// Requests remembered; about 10 s of them is plenty, the other end's record being microseconds away.
const KEPT: usize = 4096;

#[derive(Debug)]
enum Waiting {
    Client(Rc<Span>),
    Server(Rc<Span>),
}

/// Requests whose other end has not been seen.
#[derive(Debug, Default)]
pub(super) struct Edges {
    waiting: HashMap<Edge, Waiting>,
    order: VecDeque<Edge>,
}

impl Edges {
    /// A client sent a request.
    pub(super) fn client(&mut self, edge: Edge, span: &Rc<Span>) {
        if let Some(Waiting::Server(server)) = self.waiting.get(&edge) {
            server.adopt(Parent::Span { span: Rc::clone(span), remote: true });
            self.waiting.remove(&edge);
        } else {
            self.wait(edge, Waiting::Client(Rc::clone(span)));
        }
    }

    /// A server received a request. `expected`: its client may still turn up.
    pub(super) fn server(&mut self, edge: Edge, span: &Rc<Span>, expected: bool) {
        if let Some(Waiting::Client(client)) = self.waiting.get(&edge) {
            span.adopt(Parent::Span { span: Rc::clone(client), remote: true });
            self.waiting.remove(&edge);
        } else if expected {
            self.wait(edge, Waiting::Server(Rc::clone(span)));
        }
    }

    fn wait(&mut self, edge: Edge, waiting: Waiting) {
        if self.order.len() == KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.waiting.remove(&oldest);
        }
        if self.waiting.insert(edge, waiting).is_none() {
            self.order.push_back(edge);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::sampler::Sampler;

    #[test]
    fn ends_meet_in_either_order() {
        for server_first in [false, true] {
            let mut edges = Edges::default();
            let (client, server) = (Span::new(1, Parent::None), Span::new(2, Parent::None));
            if server_first {
                edges.server((5, 6, 0), &server, true);
                edges.client((5, 6, 0), &client);
            } else {
                edges.client((5, 6, 0), &client);
                edges.server((5, 6, 0), &server, true);
            }
            assert_eq!(server.trace(&Sampler::default()).parent_id, Some(client.span_id));
            assert_eq!(
                server.trace(&Sampler::default()).trace_id,
                client.trace(&Sampler::default()).trace_id
            );
            assert!(edges.waiting.is_empty());
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut edges = Edges::default();
        for number in 0..10_000 {
            edges.client((number, 0, 0), &Span::new(1, Parent::None));
        }
        assert_eq!(edges.waiting.len(), KEPT);
        assert_eq!(edges.order.len(), KEPT);
    }
}
