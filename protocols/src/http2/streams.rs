//! The streams of a connection: what the two directions say of each, and what is given up.
//!
//! Requests open streams in growing order, so a response on a stream below the latest request's, whose own request
//! was not seen, never had one here. A response on a stream above it has overtaken its request and waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::headers::Headers;
use super::lane::{Block, Done};
use super::request;
use super::stream::{How, REFUSED_STREAM, Stream};
use crate::decoder::{Ending, Event, LossReason, Options};
use crate::message::{Direction, Role};

/// Most streams open at once. Peers allow each other a hundred or a few hundred of them.
const MAX_OPEN: usize = 1024;

/// Most responses that wait for their requests.
const MAX_WAITING: usize = 128;

/// Streams remembered after they were given up: frames of them may still be under way.
const REMEMBERED: usize = 256;

/// See the module.
#[derive(Debug)]
pub(super) struct Streams {
    role: Role,
    options: Arc<Options>,
    open: BTreeMap<u32, Stream>,
    /// How many of them have no request.
    waiting: usize,
    /// The highest stream that a client opened.
    highest: u32,
    pub(super) next_key: u64,
    given_up: VecDeque<u32>,
    /// The first and the last stream that found no place.
    crowded_out: Option<(u32, u32)>,
}

impl Streams {
    pub(super) fn new(role: Role, options: Arc<Options>) -> Self {
        Self {
            role,
            options,
            open: BTreeMap::new(),
            waiting: 0,
            highest: 0,
            next_key: 0,
            given_up: VecDeque::new(),
            crowded_out: None,
        }
    }

    /// The request of stream 1 came another way: its exchange `key` began at `first`, and its request is complete.
    pub(super) fn adopt(&mut self, key: u64, first: u64) {
        self.highest = 1;
        self.open.insert(1, Stream::reported(key, first));
    }

    /// A header block of the client.
    pub(super) fn ask(&mut self, block: &Block, headers: &Headers, last: u64, out: &mut Vec<Event>) {
        let id = block.stream;
        match self.open.get_mut(&id) {
            Some(stream) if stream.asked => {}
            None if id <= self.highest => {
                // Trailers of a stream nobody waits for; streams are not opened again.
                if headers.is_request() {
                    out.push(Event::Lost { reason: LossReason::Malformed, exchanges: 1 });
                }
                return;
            }
            _ => self.open_stream(block, headers, out),
        }
        if block.end_stream
            && let Some(stream) = self.open.get_mut(&id)
        {
            stream.end_request(last, Ending::Complete, out);
        }
        self.settle(id, out);
    }

    fn open_stream(&mut self, block: &Block, headers: &Headers, out: &mut Vec<Event>) {
        let id = block.stream;
        self.passed(id, out);
        if !headers.is_request() && !headers.may_hide() {
            // Trailers of a stream opened before the connection was joined.
            return;
        }
        if self.open.len() >= MAX_OPEN && !self.make_room(out) {
            self.crowd_out(id, out);
            return;
        }
        let read = headers.is_request().then(|| request::read(headers, self.role, &self.options));
        let Some(Some((mut request, call))) = read else {
            let reason = if read.is_some() || headers.malformed {
                LossReason::Malformed
            } else {
                LossReason::NotCaptured
            };
            out.push(Event::Lost { reason, exchanges: 1 });
            self.count_waiting(id);
            let stream = self.open.entry(id).or_default();
            stream.asked = true;
            return;
        };
        self.count_waiting(id);
        request.stream = Some(id);
        let key = self.next_key;
        self.next_key += 1;
        let stream = self.open.entry(id).or_default();
        stream.asked = true;
        stream.key = Some(key);
        stream.first = block.first;
        stream.call = call;
        stream.request_open = true;
        out.push(Event::Request { key, first: block.first, request });
    }

    /// A header block of the server.
    pub(super) fn answer(&mut self, block: &Block, headers: &Headers, last: u64, out: &mut Vec<Event>) {
        let id = block.stream;
        let begins = headers.status.is_some() || headers.may_hide();
        if begins {
            self.expect(id, out);
        }
        let Some(stream) = self.open.get_mut(&id) else { return };
        stream.answer(headers, block.first);
        if block.end_stream {
            stream.end(last, How::Complete);
        }
        self.settle(id, out);
    }

    /// Content of a message; `None` for bytes nobody captured.
    pub(super) fn content(&mut self, direction: Direction, id: u32, length: u64, bytes: Option<&[u8]>) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        match direction {
            Direction::Request => stream.asks(length, bytes),
            Direction::Response => stream.content(length, bytes),
        }
    }

    /// A frame of content is complete.
    pub(super) fn done(
        &mut self,
        direction: Direction,
        id: u32,
        done: Done,
        last: u64,
        out: &mut Vec<Event>,
    ) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        match direction {
            Direction::Request if done.end_stream => stream.end_request(last, Ending::Complete, out),
            Direction::Response if done.end_stream => stream.end(last, How::Complete),
            _ => {}
        }
        self.settle(id, out);
    }

    /// One side gave a stream up.
    pub(super) fn reset(
        &mut self,
        by: Direction,
        id: u32,
        code: Option<u32>,
        last: u64,
        out: &mut Vec<Event>,
    ) {
        if by == Direction::Response && id > self.highest {
            self.expect(id, out);
        }
        let Some(stream) = self.open.get_mut(&id) else { return };
        stream.end_request(last, Ending::Reset(None), out);
        stream.end(last, How::Reset { by, code });
        if stream.asked {
            self.remember(id);
        }
        self.settle(id, out);
    }

    /// The server will not answer streams beyond `highest`.
    pub(super) fn go_away(&mut self, highest: u32, last: u64, out: &mut Vec<Event>) {
        let refused = self.open.range(highest.saturating_add(1)..);
        let refused: Vec<u32> =
            refused.filter(|(_, stream)| stream.asked && stream.head.is_none()).map(|(id, _)| *id).collect();
        for id in refused {
            self.reset(Direction::Response, id, Some(REFUSED_STREAM), last, out);
        }
    }

    /// Frames of a direction are missing; its last byte before them passed at `last`.
    pub(super) fn missing(&mut self, direction: Direction, last: u64, out: &mut Vec<Event>) {
        let ids: Vec<u32> = self.open.keys().copied().collect();
        for id in ids {
            let Some(stream) = self.open.get_mut(&id) else { continue };
            match direction {
                Direction::Request => {
                    stream.request_messages.lose();
                    stream.end_request(last, Ending::Complete, out);
                }
                Direction::Response if stream.ended.is_none() => {
                    stream.response_messages.lose();
                    stream.doubtful = true;
                }
                Direction::Response => {}
            }
            self.settle(id, out);
        }
    }

    /// The client's direction ended, inside the header block of `unfinished` if there is one.
    pub(super) fn end_requests(&mut self, unfinished: Option<u32>, at: u64, out: &mut Vec<Event>) {
        if unfinished.is_some_and(|id| id > self.highest) {
            out.push(Event::Lost { reason: LossReason::Malformed, exchanges: 1 });
        }
        let ids: Vec<u32> = self.open.keys().copied().collect();
        for id in ids {
            if let Some(stream) = self.open.get_mut(&id) {
                stream.end_request(at, Ending::Cut, out);
            }
            self.settle(id, out);
        }
    }

    /// The server's direction ended.
    pub(super) fn end_responses(&mut self, at: u64, out: &mut Vec<Event>) {
        self.abandon_doubtful(out);
        let ids: Vec<u32> = self.open.keys().copied().collect();
        for id in ids {
            if let Some(stream) = self.open.get_mut(&id) {
                stream.end(at, How::Cut);
            }
            self.settle(id, out);
        }
    }

    /// The connection ended: what still waits for a request will not get one.
    pub(super) fn end(&mut self, out: &mut Vec<Event>) {
        self.passed(u32::MAX, out);
        self.open.clear();
    }

    /// The client opened stream `id`: the requests of all below have passed.
    fn passed(&mut self, id: u32, out: &mut Vec<Event>) {
        self.highest = self.highest.max(id);
        if self.waiting == 0 {
            return;
        }
        let waiting = self.open.range(..id).filter(|(_, stream)| !stream.asked);
        let orphans: Vec<u32> = waiting.map(|(id, _)| *id).collect();
        for orphan in orphans {
            self.orphan(orphan, out);
        }
    }

    /// A response begins on stream `id`: makes a place for it, if it is not to be passed over.
    fn expect(&mut self, id: u32, out: &mut Vec<Event>) {
        let known = self.open.contains_key(&id) || self.given_up.contains(&id);
        let counted = self.crowded_out.is_some_and(|(first, last)| (first..=last).contains(&id));
        if id.is_multiple_of(2) || known || counted {
            return;
        }
        if self.open.len() >= MAX_OPEN && !self.make_room(out) {
            self.crowd_out(id, out);
            return;
        }
        if id <= self.highest {
            out.push(Event::Lost { reason: LossReason::NoRequest, exchanges: 1 });
            self.open.insert(id, Stream::ghost());
            return;
        }
        self.open.insert(id, Stream::default());
        self.waiting += 1;
        if self.waiting > MAX_WAITING {
            let oldest = self.open.iter().find(|(_, stream)| !stream.asked).map(|(id, _)| *id);
            // What was opened before it has passed too.
            if let Some(oldest) = oldest {
                self.highest = self.highest.max(oldest);
                self.orphan(oldest, out);
            }
        }
    }

    /// Counts a response whose request was never seen.
    fn orphan(&mut self, id: u32, out: &mut Vec<Event>) {
        self.count_waiting(id);
        out.push(Event::Lost { reason: LossReason::NoRequest, exchanges: 1 });
        if let Some(stream) = self.open.get_mut(&id) {
            stream.asked = true;
        }
        self.settle(id, out);
    }

    /// A stream stops waiting for its request.
    fn count_waiting(&mut self, id: u32) {
        if self.open.get(&id).is_some_and(|stream| !stream.asked) {
            self.waiting -= 1;
        }
    }

    fn settle(&mut self, id: u32, out: &mut Vec<Event>) {
        if let Some(stream) = self.open.get_mut(&id)
            && stream.settle(self.role, out)
        {
            self.open.remove(&id);
        }
    }

    /// Gives up streams whose response may be over; whether that left a place.
    fn make_room(&mut self, out: &mut Vec<Event>) -> bool {
        self.abandon_doubtful(out);
        let ghosts = self.open.iter().filter(|(_, stream)| stream.asked && stream.key.is_none());
        let ghosts: Vec<u32> = ghosts.map(|(id, _)| *id).collect();
        for id in ghosts {
            self.open.remove(&id);
            self.remember(id);
        }
        self.open.len() < MAX_OPEN
    }

    fn abandon_doubtful(&mut self, out: &mut Vec<Event>) {
        let doubtful = self.open.iter().filter(|(_, stream)| stream.asked && stream.doubtful);
        let doubtful: Vec<u32> = doubtful.map(|(id, _)| *id).collect();
        for id in doubtful {
            if let Some(stream) = self.open.get(&id).filter(|stream| stream.ended.is_none()) {
                if let Some(key) = stream.key {
                    out.push(Event::Abandoned { key, reason: LossReason::NotCaptured });
                }
                self.open.remove(&id);
                self.remember(id);
            }
        }
    }

    /// Counts a stream for which there is no place.
    fn crowd_out(&mut self, id: u32, out: &mut Vec<Event>) {
        self.count_waiting(id);
        self.open.remove(&id);
        let (first, last) = self.crowded_out.unwrap_or((id, id));
        self.crowded_out = Some((first.min(id), last.max(id)));
        out.push(Event::Lost { reason: LossReason::TooMany, exchanges: 1 });
    }

    fn remember(&mut self, id: u32) {
        if self.given_up.len() == REMEMBERED {
            self.given_up.pop_front();
        }
        self.given_up.push_back(id);
    }
}
