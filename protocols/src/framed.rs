//! Chunks -> frames, for protocols that say in each message's header how long it is.
//!
//! Knows where messages begin and end, also across bytes that were not captured: a gap inside a message is passed over
//! exactly, and so is one of messages that need not be captured. Any other that hides whole messages leaves the direction
//! *adrift*, until the end of a run or the beginning of the next one can be recognised. A response that overtakes its
//! request waits (`held`). What messages mean is the [`Conversation`]'s.

use crate::decoder::{Chunk, Decoder, Event};
use crate::held::{Held, Item, Piece};
use crate::message::Direction;

/// Longest header.
const MAX_HEADER: usize = 8;
/// Capacity a lane keeps between messages.
const KEPT_CAPACITY: usize = 1024;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// A message.
    Body {
        /// Bytes after the header.
        length: u64,
        /// How many of them matter to the conversation.
        keep: usize,
        /// Another frame continues the message.
        continues: bool,
    },
    /// This is no header.
    Malformed,
}

/// A message that has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) header: &'a [u8],
    /// What was kept of the body: its beginning, as far as it was captured.
    pub(crate) body: &'a [u8],
    /// Whether that is all of it.
    pub(crate) whole: bool,
    /// When its first and last byte passed.
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// What the messages of a protocol mean.
pub(crate) trait Conversation: Send {
    /// Length of the next header in this direction.
    fn header(&self, direction: Direction) -> usize;
    /// Reads a header.
    fn measure(&self, direction: Direction, header: &[u8]) -> Measure;
    /// Has somebody asked for the response that begins with this header?
    fn expects(&self, header: &[u8]) -> bool;
    /// Takes a message.
    fn take(&mut self, direction: Direction, frame: &Frame<'_>, out: &mut Vec<Event>);
    /// Do these bytes, the first after a gap, begin a message?
    fn begins(&self, direction: Direction, bytes: &[u8]) -> bool;
    /// Messages of this direction may have passed unseen; bytes at the end of `seen` may belong to them.
    fn adrift(&mut self, direction: Direction, out: &mut Vec<Event>);
    /// Messages of this direction passed that need not be captured, by the protocol's framing.
    fn silent(&mut self, direction: Direction);
    /// Finds the message boundary in the bytes at the end of a run, which passed at `last`, after messages passed unseen.
    fn recover(
        &mut self,
        direction: Direction,
        tail: &[u8],
        last: u64,
        out: &mut Vec<Event>,
    ) -> Option<usize>;
    /// Bytes of this direction are none of this protocol.
    fn malformed(&mut self, direction: Direction, out: &mut Vec<Event>);
    /// The client speaks again after the server did.
    fn turn(&mut self, out: &mut Vec<Event>);
    /// The request of the response that comes next will not come.
    fn orphan(&mut self, out: &mut Vec<Event>);
    /// The connection ended.
    fn end(&mut self, at: u64, out: &mut Vec<Event>);
    /// Whether the connection has left the protocol.
    fn left(&self) -> bool;
}

/// Reading position of one direction.
#[derive(Debug, Default)]
struct Lane {
    header: [u8; MAX_HEADER],
    /// Bytes of the header so far.
    have: usize,
    /// The header is complete: this much of the body is to come.
    left: Option<u64>,
    body: Vec<u8>,
    keep: usize,
    /// Bytes of the body so far, captured or not.
    length: u64,
    /// A continuation of this message comes next.
    continues: bool,
    /// Kept bytes are missing.
    gapped: bool,
    first: u64,
    /// When the last byte of the direction passed.
    last: u64,
    adrift: bool,
}

/// A decoder for a conversation.
pub(crate) struct Framed<C> {
    conversation: C,
    request: Lane,
    response: Lane,
    held: Held,
    over: bool,
}

impl<C: Conversation> Framed<C> {
    /// A connection of which nothing was seen yet.
    pub(crate) fn new(conversation: C) -> Self {
        Self {
            conversation,
            request: Lane::default(),
            response: Lane::default(),
            held: Held::default(),
            over: false,
        }
    }

    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }

    /// Reads a chunk; returns what has to wait for its request.
    fn read(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) -> Option<Piece> {
        let direction = chunk.direction;
        if self.lane(direction).adrift && !chunk.bytes.is_empty() {
            let found = self.conversation.begins(direction, chunk.bytes);
            self.lane(direction).adrift = !found;
        }
        if let Some((prefix, from)) = self.read_bytes(chunk, chunk.bytes, out) {
            let bytes = [&prefix, &chunk.bytes[from..]].concat();
            return Some(Piece::of(&Chunk { bytes: &bytes, ..*chunk }));
        }
        if chunk.skipped > 0 && !self.over {
            self.skip(chunk, out);
        }
        let mut tail = chunk.tail;
        if self.lane(direction).adrift && !tail.is_empty() && !self.over {
            match self.conversation.recover(direction, tail, chunk.last, out) {
                Some(at) => {
                    tail = &tail[at..];
                    self.lane(direction).adrift = false;
                }
                None => tail = &[],
            }
        }
        let held = self.read_bytes(chunk, tail, out);
        self.lane(direction).last = chunk.last;
        let (prefix, from) = held?;
        let bytes = [&prefix, &tail[from..]].concat();
        Some(Piece::of(&Chunk { bytes: &bytes, skipped: 0, tail: &[], ..*chunk }))
    }

    /// Reads adjoining bytes. Returns where those begin that have to wait for their request, and what of their header
    /// passed before.
    fn read_bytes(
        &mut self,
        chunk: &Chunk<'_>,
        bytes: &[u8],
        out: &mut Vec<Event>,
    ) -> Option<(Vec<u8>, usize)> {
        let direction = chunk.direction;
        let mut at = 0;
        while at < bytes.len() && !self.over && !self.lane(direction).adrift {
            if self.lane(direction).left.is_some() {
                let used = self.lane(direction).advance(&bytes[at..]);
                at += used;
            } else {
                let size = self.conversation.header(direction).min(MAX_HEADER);
                let lane = self.lane(direction);
                if lane.have == 0 && !lane.continues {
                    lane.first = chunk.first;
                }
                let used = lane.head(&bytes[at..], size);
                at += used;
                if lane.have < size {
                    break;
                }
                let header = lane.header;
                let begins = !lane.continues;
                if direction == Direction::Response && begins && !self.conversation.expects(&header[..size]) {
                    self.response.restart();
                    return Some((header[..size - used].to_vec(), at - used));
                }
                match self.conversation.measure(direction, &header[..size]) {
                    Measure::Body { length, keep, continues } => {
                        self.lane(direction).enter(length, keep, continues);
                    }
                    Measure::Malformed => {
                        self.lane(direction).drift();
                        self.conversation.malformed(direction, out);
                        break;
                    }
                }
            }
            self.finish(direction, chunk.last, out);
        }
        None
    }

    /// Hands over the message if it is complete.
    fn finish(&mut self, direction: Direction, last: u64, out: &mut Vec<Event>) {
        let lane = match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        };
        if lane.left != Some(0) {
            return;
        }
        if lane.continues {
            (lane.left, lane.have) = (None, 0);
            return;
        }
        let frame = Frame {
            header: &lane.header[..lane.have],
            body: &lane.body,
            whole: !lane.gapped && lane.length == lane.body.len() as u64,
            first: lane.first,
            last,
        };
        self.conversation.take(direction, &frame, out);
        lane.restart();
        self.over = self.conversation.left();
    }

    /// Goes on after bytes that were not captured.
    fn skip(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let direction = chunk.direction;
        let lane = self.lane(direction);
        if lane.adrift {
            return;
        }
        let mut beyond = chunk.skipped;
        if lane.left.is_some() {
            beyond = lane.skip(chunk.skipped);
            self.finish(direction, chunk.last, out);
        }
        if beyond == 0 || self.over {
            return;
        }
        let lane = self.lane(direction);
        if chunk.aligned && lane.left.is_none() && lane.have == 0 {
            self.conversation.silent(direction);
        } else {
            lane.drift();
            self.conversation.adrift(direction, out);
        }
    }

    /// Reads what was held, as far as there are requests for it.
    fn replay(&mut self, out: &mut Vec<Event>) {
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
                Item::Lost => self.lose(Direction::Response, out),
                Item::End(at) => self.conversation.end(at, out),
            }
        }
    }

    /// Reads what was held although the request of its first response will not come.
    fn replay_orphan(&mut self, out: &mut Vec<Event>) {
        self.conversation.orphan(out);
        self.replay(out);
    }

    fn lose(&mut self, direction: Direction, out: &mut Vec<Event>) {
        self.lane(direction).drift();
        self.conversation.adrift(direction, out);
    }
}

impl<C: Conversation> Decoder for Framed<C> {
    fn feed(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        if self.over {
            return;
        }
        match chunk.direction {
            Direction::Request => {
                while !self.over && self.held.first().is_some_and(|held| held < chunk.first) {
                    self.replay_orphan(out);
                }
                if self.over {
                    return;
                }
                if chunk.first > self.response.last && self.response.last > self.request.last {
                    self.conversation.turn(out);
                }
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
    }

    fn end(&mut self, direction: Option<Direction>, at: u64, out: &mut Vec<Event>) {
        match direction {
            _ if self.over => {}
            Some(Direction::Request) => {}
            Some(Direction::Response) if self.held.is_empty() => self.conversation.end(at, out),
            Some(Direction::Response) => self.held.push(Item::End(at)),
            None => {
                while !self.held.is_empty() && !self.over {
                    self.replay_orphan(out);
                }
                if !self.over {
                    self.conversation.end(at, out);
                }
                self.over = true;
            }
        }
    }

    fn lost(&mut self, direction: Direction, out: &mut Vec<Event>) {
        if self.over {
            return;
        }
        if direction == Direction::Response && !self.held.is_empty() {
            self.held.push(Item::Lost);
        } else {
            self.lose(direction, out);
        }
    }
}

impl Lane {
    /// Takes bytes of the header; returns how many.
    fn head(&mut self, bytes: &[u8], size: usize) -> usize {
        let used = size.saturating_sub(self.have).min(bytes.len());
        self.header[self.have..self.have + used].copy_from_slice(&bytes[..used]);
        self.have += used;
        used
    }

    /// The header is complete.
    fn enter(&mut self, length: u64, keep: usize, continues: bool) {
        self.left = Some(length);
        self.length = self.length.saturating_add(length);
        self.keep = if self.continues { self.keep } else { keep };
        self.continues = continues;
    }

    /// Takes bytes of the body; returns how many.
    fn advance(&mut self, bytes: &[u8]) -> usize {
        let left = self.left.unwrap_or(0);
        let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        if !self.gapped {
            let kept = used.min(self.keep.saturating_sub(self.body.len()));
            self.body.extend_from_slice(&bytes[..kept]);
        }
        self.left = Some(left - used as u64);
        used
    }

    /// Passes over bytes of the body; returns how many lie beyond it.
    fn skip(&mut self, count: u64) -> u64 {
        let left = self.left.unwrap_or(0);
        let used = count.min(left);
        self.gapped |= used > 0;
        self.left = Some(left - used);
        count - used
    }

    /// The next message begins here.
    fn restart(&mut self) {
        self.body.clear();
        self.body.shrink_to(KEPT_CAPACITY);
        (self.have, self.left, self.length) = (0, None, 0);
        (self.continues, self.gapped, self.adrift) = (false, false, false);
    }

    /// Nobody knows where the next message begins.
    fn drift(&mut self) {
        self.restart();
        self.adrift = true;
    }
}
