//! Chunks of both directions -> events: drives the two lanes and pairs what they find.

use std::sync::Arc;

use super::body::{Body, Step};
use super::exchanges::{End, Exchanges};
use super::head::{self, Parsed};
use super::lane::{Lane, MAX_HEAD, Start, State};
use super::messages::is_unframed;
use crate::decoder::{Chunk, Decoder, Detection, Ending, Event, LossReason, Options};
use crate::held::{Held, Item, Piece};
use crate::http2::Http2Decoder;
use crate::message::{Direction, Role};

/// One HTTP/1 connection.
#[derive(Debug)]
pub(super) struct Http1Decoder {
    pub(super) role: Role,
    pub(super) options: Arc<Options>,
    pub(super) request: Lane,
    pub(super) response: Lane,
    pub(super) exchanges: Exchanges,
    pub(super) held: Held,
    /// Latest time seen, also of what is held.
    pub(super) now: u64,
    /// The connection left HTTP/1 or ended; nothing is read here any more.
    pub(super) over: bool,
    /// What it left for, if that is HTTP/2.
    pub(super) successor: Option<Box<Http2Decoder>>,
}

/// What became of the bytes of a chunk.
enum Progress {
    /// This many were used.
    Used(usize),
    /// They answer a request that is not there yet.
    Hold,
}

impl Decoder for Http1Decoder {
    fn feed(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        if let Some(successor) = &mut self.successor {
            return successor.feed(chunk, out);
        }
        if self.over {
            return;
        }
        self.now = self.now.max(chunk.last);
        match chunk.direction {
            Direction::Request => {
                _ = self.read(chunk, out);
                self.replay(out);
            }
            Direction::Response if self.held.is_empty() => {
                if let Some(rest) = self.read(chunk, out) {
                    self.held.push(Item::Chunk(rest));
                }
            }
            Direction::Response => self.held.push(Item::Chunk(Piece::of(chunk))),
        }
        while self.held.is_full() && !self.over {
            self.replay_orphan(out);
        }
        self.hand_over_held(out);
    }

    fn end(&mut self, direction: Option<Direction>, at: u64, out: &mut Vec<Event>) {
        if let Some(successor) = &mut self.successor {
            return successor.end(direction, at, out);
        }
        if self.over {
            return;
        }
        match direction {
            Some(Direction::Request) => self.end_requests(out),
            Some(Direction::Response) if self.held.is_empty() => self.end_responses(at, out),
            Some(Direction::Response) => self.held.push(Item::End(at)),
            None => {
                while !self.held.is_empty() && !self.over {
                    self.replay_orphan(out);
                }
                self.hand_over_held(out);
                if let Some(successor) = &mut self.successor {
                    successor.end(None, at, out);
                }
                if !self.over {
                    self.end_requests(out);
                    self.end_responses(at, out);
                    self.over = true;
                }
            }
        }
    }

    fn lost(&mut self, direction: Direction, out: &mut Vec<Event>) {
        if let Some(successor) = &mut self.successor {
            return successor.lost(direction, out);
        }
        if self.over {
            return;
        }
        match direction {
            Direction::Request => self.lose_requests(out),
            Direction::Response if self.held.is_empty() => self.lose_responses(out),
            Direction::Response => self.held.push(Item::Lost),
        }
    }
}

impl Http1Decoder {
    pub(super) fn new(role: Role, options: Arc<Options>) -> Self {
        Self {
            role,
            options,
            request: Lane::new(Direction::Request),
            response: Lane::new(Direction::Response),
            exchanges: Exchanges::default(),
            held: Held::default(),
            now: 0,
            over: false,
            successor: None,
        }
    }

    /// Reads a chunk; returns what has to wait for its request.
    pub(super) fn read(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) -> Option<Piece> {
        self.end_unframed_before(chunk, out);
        let mut held = self.read_bytes(chunk, chunk.bytes, out);
        if let Some(from) = held {
            return Some(Piece::of(&Chunk { bytes: &chunk.bytes[from..], ..*chunk }));
        }
        if let Some(successor) = &mut self.successor {
            successor.feed(&Chunk { bytes: &[], ..*chunk }, out);
            return None;
        }
        if chunk.skipped > 0 && !self.over {
            self.skip(chunk, out);
        }
        let lane = self.lane(chunk.direction);
        // Where messages may be missing the tail is the tail of something unknown.
        if chunk.skipped == 0 || lane.state != (State::Start { trusted: false }) {
            held = self.read_bytes(chunk, chunk.tail, out);
        } else {
            lane.unread += chunk.tail.len() as u64;
        }
        self.end_chunked_by_its_looks(chunk, out);
        let lane = self.lane(chunk.direction);
        lane.last = chunk.last;
        let unread = std::mem::take(&mut lane.unread);
        if chunk.direction == Direction::Response {
            self.exchanges.responses_unread(Some(unread));
            self.exchanges.server_spoke(chunk.last);
        }
        let from = held?;
        Some(Piece::of(&Chunk { bytes: &chunk.tail[from..], skipped: 0, tail: &[], ..*chunk }))
    }

    /// Reads adjoining bytes; returns where those begin that have to wait for their request.
    fn read_bytes(&mut self, chunk: &Chunk<'_>, bytes: &[u8], out: &mut Vec<Event>) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() && !self.over {
            match self.step(chunk, &bytes[at..], out) {
                Progress::Used(used) => at += used,
                Progress::Hold => return Some(at),
            }
        }
        if let Some(successor) = &mut self.successor {
            successor.feed(&Chunk { bytes: &bytes[at..], skipped: 0, tail: &[], ..*chunk }, out);
        }
        None
    }

    /// What was held behind the response that left HTTP/1 belongs to what follows it.
    fn hand_over_held(&mut self, out: &mut Vec<Event>) {
        let Some(successor) = &mut self.successor else { return };
        while let Some(item) = self.held.pop() {
            match item {
                Item::Chunk(piece) => successor.feed(&piece.chunk(), out),
                Item::Lost => successor.lost(Direction::Response, out),
                Item::End(at) => successor.end(Some(Direction::Response), at, out),
            }
        }
    }

    /// Reads up to the end of a head or of a body.
    fn step(&mut self, chunk: &Chunk<'_>, bytes: &[u8], out: &mut Vec<Event>) -> Progress {
        let direction = chunk.direction;
        let lane = self.lane(direction);
        if let State::Body(body) = &mut lane.state {
            let step = body.advance(bytes);
            if let Body::Unframed(_) = body {
                lane.unread += step.used as u64;
            }
            self.advanced(direction, step, chunk.last, out);
            return Progress::Used(step.used);
        }
        // Some clients and servers put line ends between messages.
        let blank = bytes.iter().take_while(|&&byte| matches!(byte, b'\r' | b'\n')).count();
        if lane.head.is_empty() && blank > 0 {
            return Progress::Used(blank);
        }
        if direction == Direction::Response && lane.head.is_empty() && !self.exchanges.is_waiting() {
            if self.exchanges.blind || self.response.begins(bytes) == Detection::No {
                self.response.restart(false);
                return Progress::Used(bytes.len());
            }
            return Progress::Hold;
        }
        match self.lane(direction).start(bytes, chunk.first) {
            Start::Skip(count) => {
                self.lane(direction).unread += count as u64;
                Progress::Used(count)
            }
            Start::Wait => Progress::Used(bytes.len()),
            Start::Parse => Progress::Used(self.parse(chunk, bytes, false, out)),
        }
    }

    /// Counts bytes of a body, and ends the message where it ends.
    fn advanced(&mut self, direction: Direction, step: Step, last: u64, out: &mut Vec<Event>) {
        let lane = self.lane(direction);
        lane.size = lane.size.saturating_add(step.data);
        if step.done {
            let body = lane.size;
            let whole = lane.head_size.saturating_add(body);
            lane.restart(true);
            if direction == Direction::Response {
                self.exchanges.response_read(whole);
            }
            self.complete(direction, End { last, body, ending: Ending::Complete }, out);
        }
    }

    pub(super) fn complete(&mut self, direction: Direction, end: End, out: &mut Vec<Event>) {
        match direction {
            Direction::Request => self.exchanges.end_request(end, out),
            Direction::Response => self.exchanges.end_response(end, out),
        }
    }

    /// Parses a head: what the lane kept of it (which `bytes` are the end of), else `bytes`. Returns how many of
    /// `bytes` were used. With `cut` no more of the head will come.
    fn parse(&mut self, chunk: &Chunk<'_>, bytes: &[u8], cut: bool, out: &mut Vec<Event>) -> usize {
        let lane = self.lane(chunk.direction);
        let kept = std::mem::take(&mut lane.head);
        let text = if kept.is_empty() { bytes } else { &kept };
        let cut = cut || text.len() > MAX_HEAD;
        let parsed = match chunk.direction {
            Direction::Request => match head::request(text, cut, self.role, &self.options) {
                Parsed::Complete(head, length) => {
                    self.open(head, chunk, out);
                    Parsed::Complete((), length)
                }
                Parsed::Partial => Parsed::Partial,
                Parsed::Malformed => Parsed::Malformed,
            },
            Direction::Response => match head::response(text, cut, self.role) {
                Parsed::Complete(head, length) => {
                    self.response.head_size = length as u64;
                    self.respond(head, chunk, out);
                    Parsed::Complete((), length)
                }
                Parsed::Partial => Parsed::Partial,
                Parsed::Malformed => Parsed::Malformed,
            },
        };
        match parsed {
            Parsed::Complete((), length) => (length + bytes.len()).saturating_sub(text.len()),
            Parsed::Partial if !cut => {
                let lane = self.lane(chunk.direction);
                lane.head = kept;
                if lane.head.is_empty() {
                    lane.keep(bytes);
                }
                bytes.len()
            }
            Parsed::Partial => {
                self.unreadable(chunk.direction, LossReason::NotCaptured, out);
                bytes.len()
            }
            Parsed::Malformed => {
                self.unreadable(chunk.direction, LossReason::Malformed, out);
                bytes.len()
            }
        }
    }

    /// Goes on after bytes that were not captured.
    fn skip(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let direction = chunk.direction;
        let lane = self.lane(direction);
        if let State::Body(body) = &mut lane.state {
            let (step, beyond) = body.skip(chunk.skipped);
            lane.unread += if let Body::Unframed(_) = body { chunk.skipped } else { beyond };
            lane.gapped = true;
            self.advanced(direction, step, chunk.last, out);
            if beyond > 0 {
                self.messages_missing(direction);
            }
        } else {
            if !lane.head.is_empty() {
                self.parse(chunk, &[], true, out);
            }
            let lane = self.lane(direction);
            lane.gapped = true;
            lane.unread += chunk.skipped;
            if let State::Start { .. } = lane.state {
                // There was no head, or that of an interim response: the message proper is in the gap.
                self.messages_missing(direction);
            }
        }
        if direction == Direction::Request && is_unframed(&self.request) {
            self.exchanges.request_hides(self.now);
        }
    }

    pub(super) fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}
