//! What happens when a message begins, ends, or cannot be read.

use std::sync::Arc;

use super::body::{Body, Unframed, ends_chunked};
use super::decoder::Http1Decoder;
use super::exchanges::End;
use super::head::{Method, RequestHead, ResponseHead};
use super::lane::{Lane, State};
use crate::decoder::{Chunk, Detection, Ending, Event, LossReason};
use crate::held::Item;
use crate::http2::Http2Decoder;
use crate::message::Direction;

/// Upgrade to another protocol.
const SWITCHING_PROTOCOLS: u16 = 101;

impl Http1Decoder {
    /// A request's head is complete.
    pub(super) fn open(&mut self, head: RequestHead, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let first = self.request.first;
        self.client_speaks(first, out);
        if self.over {
            return;
        }
        self.exchanges.open(first, head.request, (head.method, head.expects_continue), out);
        match head.body {
            Some(Body::Tunnel) => {
                self.request.enter(Body::Tunnel, 0);
                self.complete(
                    Direction::Request,
                    End { last: chunk.last, body: 0, ending: Ending::Complete },
                    out,
                );
            }
            Some(body) => self.request.enter(body, announced(body, head.announced)),
            None => {
                // What follows an upgrade may be another protocol even before the answer is seen.
                self.request.restart(!head.upgrade);
                self.complete(
                    Direction::Request,
                    End { last: chunk.last, body: 0, ending: Ending::Complete },
                    out,
                );
            }
        }
    }

    /// A response's head is complete.
    pub(super) fn respond(&mut self, head: ResponseHead, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let first = self.response.first;
        let answered = self.exchanges.answer(first, out);
        if (100..200).contains(&head.code) && head.code != SWITCHING_PROTOCOLS {
            self.exchanges.interim(answered, first);
            self.response.restart(true);
            return;
        }
        if head.h2c && head.code == SWITCHING_PROTOCOLS {
            self.upgrade(out);
            return;
        }
        self.exchanges.respond(answered, first, head.response, out);
        let leaves = head.code == SWITCHING_PROTOCOLS
            || answered.method == Method::Connect && (200..300).contains(&head.code);
        if leaves {
            self.end_request_body(out);
            self.end_response(chunk.last, 0, Ending::Complete, out);
            self.exchanges.leave(out);
            out.push(Event::Left);
            self.over = true;
            return;
        }
        match self.request.state {
            // Where an unframed request ends was not seen, but it has.
            State::Body(Body::Unframed(_)) if answered.request_open => {
                self.end_unframed(Direction::Request, out);
            }
            State::Body(Body::Tunnel) if answered.method == Method::Connect => self.request.restart(false),
            // The client was told not to send its body; whether it does so all the same shows in what comes.
            State::Body(_) if answered.request_open && answered.refused && self.request.size == 0 => {
                self.request.restart(false);
                let end = End { last: self.request.last, body: 0, ending: Ending::Complete };
                self.complete(Direction::Request, end, out);
            }
            _ => {}
        }
        match head.body {
            Some(body) if answered.method != Method::Head => {
                self.response.enter(body, announced(body, head.announced));
            }
            // The rest of a head that was cut is still to come.
            Some(body @ Body::Unframed(Unframed { counted: false, .. })) => self.response.enter(body, 0),
            _ => {
                self.exchanges.response_read(self.response.head_size);
                self.response.restart(true);
                self.end_response(chunk.last, 0, Ending::Complete, out);
            }
        }
    }

    /// The connection goes on in HTTP/2, where the response to the request that asked for it is the first.
    fn upgrade(&mut self, out: &mut Vec<Event>) {
        self.end_request_body(out);
        let (asked, next_key) = self.exchanges.hand_over(self.request.last, out);
        self.exchanges.leave(out);
        let http2 = Http2Decoder::upgraded(self.role, Arc::clone(&self.options), asked, next_key);
        self.successor = Some(Box::new(http2));
        self.over = true;
    }

    /// Bytes at the start of a message are no message, or too little of one.
    pub(super) fn unreadable(&mut self, direction: Direction, reason: LossReason, out: &mut Vec<Event>) {
        match direction {
            Direction::Request => {
                let first = self.request.first;
                self.request.restart(false);
                self.client_speaks(first, out);
                if self.over {
                    return;
                }
                self.exchanges.open_lost(first, reason, out);
            }
            Direction::Response => {
                let first = self.response.first;
                self.response.restart(false);
                if reason == LossReason::Malformed {
                    self.exchanges.abandon_malformed(first, out);
                } else {
                    self.exchanges.responses_missing();
                }
            }
        }
    }

    /// Whole messages may have passed between this place and the next chunk.
    pub(super) fn messages_missing(&mut self, direction: Direction) {
        self.lane(direction).restart(false);
        match direction {
            Direction::Request => self.exchanges.requests_missing(self.now),
            Direction::Response => self.exchanges.responses_missing(),
        }
    }

    /// A request began: ends what the server said before it where nothing else shows the end.
    fn client_speaks(&mut self, first: u64, out: &mut Vec<Event>) {
        while !self.over && self.held.first().is_some_and(|held| held < first) {
            self.replay_orphan(out);
        }
        if is_unframed(&self.response) && self.response.last <= first {
            self.end_unframed(Direction::Response, out);
            self.exchanges.responses_missing();
        }
        if self.exchanges.client_spoke(first, out) {
            self.response.restart(false);
        }
    }

    /// Ends an unframed message before a chunk that begins with the next one.
    pub(super) fn end_unframed_before(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let direction = chunk.direction;
        let lane = self.lane(direction);
        if is_unframed(lane) && lane.gapped && matches!(lane.begins(chunk.bytes), Detection::Yes(_)) {
            self.end_unframed(direction, out);
            if direction == Direction::Response {
                self.exchanges.responses_missing();
            }
        }
    }

    /// Ends a chunked body whose framing was lost when its last bytes look like its end.
    pub(super) fn end_chunked_by_its_looks(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let last = if chunk.skipped > 0 { chunk.tail } else { chunk.bytes };
        let lane = self.lane(chunk.direction);
        if matches!(lane.state, State::Body(Body::Unframed(Unframed { chunked: true, .. })))
            && ends_chunked(last)
        {
            lane.last = chunk.last;
            self.end_unframed(chunk.direction, out);
        }
    }

    fn end_unframed(&mut self, direction: Direction, out: &mut Vec<Event>) {
        let lane = self.lane(direction);
        let end = End { last: lane.last, body: lane.size, ending: Ending::Complete };
        lane.restart(false);
        self.complete(direction, end, out);
    }

    fn end_response(&mut self, last: u64, body: u64, ending: Ending, out: &mut Vec<Event>) {
        self.complete(Direction::Response, End { last, body, ending }, out);
    }

    /// Reads what was held, as far as there are requests for it.
    pub(super) fn replay(&mut self, out: &mut Vec<Event>) {
        while !self.over
            && let Some(item) = self.held.pop()
        {
            match item {
                Item::Chunk(piece) => {
                    if let Some(rest) = self.read(&piece.chunk(), out) {
                        self.held.put_back(rest);
                        return;
                    }
                }
                Item::Lost => self.lose_responses(out),
                Item::End(at) => self.end_responses(at, out),
            }
        }
    }

    /// Reads what was held although the request of its first response will not come.
    pub(super) fn replay_orphan(&mut self, out: &mut Vec<Event>) {
        if let Some(first) = self.held.first() {
            self.exchanges.open_orphan(first, out);
        }
        self.replay(out);
    }

    /// No more bytes of requests will come.
    pub(super) fn end_requests(&mut self, out: &mut Vec<Event>) {
        // The connection ended inside a head: that request was never made in full.
        if !self.request.head.is_empty() {
            out.push(Event::Lost { reason: LossReason::Malformed, exchanges: 1 });
        }
        self.end_request_body(out);
        self.request.restart(false);
    }

    fn end_request_body(&mut self, out: &mut Vec<Event>) {
        if let State::Body(body) = self.request.state {
            let end = End { last: self.request.last, body: self.request.size, ending: ending(body) };
            self.complete(Direction::Request, end, out);
        }
    }

    /// No more bytes of responses will come; the direction ended at `at`.
    pub(super) fn end_responses(&mut self, at: u64, out: &mut Vec<Event>) {
        if let State::Body(body) = self.response.state {
            self.end_response(self.response.last, self.response.size, ending(body), out);
        }
        self.response.restart(false);
        self.exchanges.end_unanswered(at, out);
    }

    /// Records of requests were lost.
    pub(super) fn lose_requests(&mut self, out: &mut Vec<Event>) {
        match self.request.state {
            State::Body(Body::Tunnel) => return,
            State::Body(body) => {
                let left = if let Body::Length(left) = body { left } else { 0 };
                let size = self.request.size.saturating_add(left);
                let end = End { last: self.request.last, body: size, ending: Ending::Complete };
                self.complete(Direction::Request, end, out);
            }
            State::Start { .. } => {}
        }
        self.messages_missing(Direction::Request);
    }

    /// Records of responses were lost.
    pub(super) fn lose_responses(&mut self, out: &mut Vec<Event>) {
        if let State::Body(_) = self.response.state {
            self.exchanges.abandon_reading(out);
        }
        self.exchanges.responses_unread(None);
        self.messages_missing(Direction::Response);
    }
}

/// Size to begin with: what is announced where bytes cannot be counted.
fn announced(body: Body, announced: u64) -> u64 {
    match body {
        Body::Unframed(Unframed { counted: false, .. }) => announced,
        _ => 0,
    }
}

/// How a body ends when the connection does.
fn ending(body: Body) -> Ending {
    match body {
        Body::Length(_) | Body::Chunked(_) => Ending::Cut,
        Body::UntilClose | Body::Unframed(_) | Body::Tunnel => Ending::Complete,
    }
}

pub(super) fn is_unframed(lane: &Lane) -> bool {
    matches!(lane.state, State::Body(Body::Unframed(_)))
}
