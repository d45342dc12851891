//! Chunks of both directions -> events: drives the two lanes and tells the streams what they find.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use super::headers::Headers;
use super::lane::{Block, Item, Lane, Piece};
use super::streams::Streams;
use crate::decoder::{Chunk, Decoder, Event, Options};
use crate::message::{Direction, Role};

/// One HTTP/2 connection.
#[derive(Debug)]
pub(crate) struct Http2Decoder {
    request: Lane,
    response: Lane,
    streams: Streams,
    /// The connection ended; nothing is read any more.
    over: bool,
}

impl Decoder for Http2Decoder {
    fn feed(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        if self.over {
            return;
        }
        let Chunk { direction, skipped, first, last, .. } = *chunk;
        let mut queue = VecDeque::new();
        let bytes = |bytes| Piece::Bytes { bytes: Cow::Borrowed(bytes), first, last };
        queue.extend((!chunk.bytes.is_empty()).then(|| bytes(chunk.bytes)));
        queue.extend((skipped > 0).then_some(Piece::Gap { skipped, last }));
        queue.extend((!chunk.tail.is_empty()).then(|| bytes(chunk.tail)));
        self.read(direction, queue, out);
    }

    fn end(&mut self, direction: Option<Direction>, at: u64, out: &mut Vec<Event>) {
        if self.over {
            return;
        }
        for ended in [Direction::Request, Direction::Response] {
            if direction.is_none_or(|direction| direction == ended) {
                let mut queue = VecDeque::new();
                self.lane(ended).finish(&mut queue);
                self.read(ended, queue, out);
            }
        }
        if direction != Some(Direction::Response) {
            let unfinished = self.request.take_unfinished();
            self.streams.end_requests(unfinished, at, out);
        }
        if direction != Some(Direction::Request) {
            self.streams.end_responses(at, out);
        }
        if direction.is_none() {
            self.streams.end(out);
            self.over = true;
        }
    }

    fn lost(&mut self, direction: Direction, out: &mut Vec<Event>) {
        if self.over {
            return;
        }
        let lane = self.lane(direction);
        let last = lane.last;
        let item = lane.lose(true);
        self.handle(direction, item, 0, None, last, out);
    }
}

impl Http2Decoder {
    pub(super) fn new(role: Role, options: Arc<Options>) -> Self {
        Self {
            request: Lane::new(Direction::Request),
            response: Lane::new(Direction::Response),
            streams: Streams::new(role, options),
            over: false,
        }
    }

    /// What an HTTP/1.1 connection becomes when it is upgraded: the response on stream 1 answers the request that
    /// asked for it, whose exchange is `key` and began at `first`. Keys go on with `next_key`.
    pub(crate) fn upgraded(
        role: Role,
        options: Arc<Options>,
        asked: Option<(u64, u64)>,
        next_key: u64,
    ) -> Self {
        let mut decoder = Self::new(role, options);
        decoder.streams.next_key = next_key;
        if let Some((key, first)) = asked {
            decoder.streams.adopt(key, first);
        }
        decoder
    }

    fn read(&mut self, direction: Direction, mut queue: VecDeque<Piece<'_>>, out: &mut Vec<Event>) {
        while let Some(piece) = queue.pop_front() {
            match self.lane(direction).take(piece, &mut queue) {
                None => {}
                Some(Piece::Bytes { bytes, first, last }) => {
                    let used = self.read_bytes(direction, &bytes, (first, last), out);
                    if used < bytes.len() {
                        let bytes = match bytes {
                            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[used..]),
                            Cow::Owned(mut bytes) => Cow::Owned(bytes.split_off(used)),
                        };
                        queue.push_front(Piece::Bytes { bytes, first, last });
                    }
                }
                Some(Piece::Gap { skipped, last }) => self.skip(direction, skipped, last, out),
            }
        }
    }

    /// Reads bytes while frames are followed; returns how many.
    fn read_bytes(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        (first, last): (u64, u64),
        out: &mut Vec<Event>,
    ) -> usize {
        let mut at = 0;
        while at < bytes.len() && self.lane(direction).is_following() {
            let (used, item) = self.lane(direction).step(&bytes[at..], first);
            let piece = &bytes[at..at + used];
            at += used;
            self.handle(direction, item, used as u64, Some(piece), last, out);
        }
        self.lane(direction).last = last;
        at
    }

    fn skip(&mut self, direction: Direction, mut skipped: u64, last: u64, out: &mut Vec<Event>) {
        while skipped > 0 {
            let (used, item) = self.lane(direction).skip(skipped);
            skipped -= used;
            self.handle(direction, item, used, None, last, out);
        }
        self.lane(direction).last = last;
    }

    /// `used` bytes have passed, the last of them at `last`, and this is what they were.
    fn handle(
        &mut self,
        direction: Direction,
        item: Item,
        used: u64,
        bytes: Option<&[u8]>,
        last: u64,
        out: &mut Vec<Event>,
    ) {
        match item {
            Item::Content { stream, done } => {
                self.streams.content(direction, stream, used, bytes);
                if let Some(done) = done {
                    self.streams.done(direction, stream, done, last, out);
                }
            }
            Item::Done(stream, done) => self.streams.done(direction, stream, done, last, out),
            Item::Block(block) => self.block(direction, &block, last, out),
            Item::Reset { stream, code } => self.streams.reset(direction, stream, code, last, out),
            Item::GoAway { stream } if direction == Direction::Response => {
                self.streams.go_away(stream, last, out);
            }
            Item::Nothing | Item::GoAway { .. } => {}
            Item::Astray(block) => {
                if let Some(block) = block {
                    self.block(direction, &block, last, out);
                }
                let lane = self.lane(direction);
                lane.table.lose();
                let last = lane.last;
                self.streams.missing(direction, last, out);
            }
        }
    }

    fn block(&mut self, direction: Direction, block: &Block, last: u64, out: &mut Vec<Event>) {
        let mut headers = if block.cut { Headers::of_cut_block() } else { Headers::default() };
        let read = self.lane(direction).table.decode(&block.bytes, block.cut, |field| headers.add(field));
        let malformed = read.is_err() || headers.is_malformed();
        if malformed {
            headers = Headers::unreadable();
        }
        match direction {
            _ if block.push => {}
            Direction::Request => self.streams.ask(block, &headers, last, out),
            Direction::Response => self.streams.answer(block, &headers, last, out),
        }
        if malformed {
            // Either it is the end of the connection, or what was followed were no frames.
            let item = self.lane(direction).lose(false);
            self.handle(direction, item, 0, None, last, out);
        }
    }

    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}
