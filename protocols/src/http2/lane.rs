//! One direction of a connection: bytes -> frames, as far as they matter.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::frame::{HEADER, Header, PREFACE, flag, kind};
use super::hpack;
use super::search::{Found, Search};
use crate::message::Direction;

/// Most bytes kept of a header block; the rest of a longer one is passed over, and the table with it.
const MAX_BLOCK: usize = 64 * 1024;

/// Capacity kept between blocks.
const KEPT_CAPACITY: usize = 1024;

/// Bytes of a direction, in order.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Captured, first and last of them at these times.
    Bytes { bytes: Cow<'a, [u8]>, first: u64, last: u64 },
    /// Not captured; the last of them at this time.
    Gap { skipped: u64, last: u64 },
}

/// What a lane found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Nothing to report.
    Nothing,
    /// The bytes just used are content of a message; with `done` that frame is complete.
    Content { stream: u32, done: Option<Done> },
    /// A frame of content is complete, after its padding or without any content.
    Done(u32, Done),
    /// A header block is complete, or as complete as it will be.
    Block(Block),
    /// A stream was given up. `None`: for a reason that was not captured.
    Reset { stream: u32, code: Option<u32> },
    /// The sender answers no stream beyond this one.
    GoAway { stream: u32 },
    /// The frames cannot be followed any more; before that, this block was cut.
    Astray(Option<Block>),
}

/// The frame with a piece of content is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) end_stream: bool,
}

/// A header block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) stream: u32,
    /// It promises a push: its fields are of no exchange.
    pub(super) push: bool,
    pub(super) end_stream: bool,
    /// When its first byte passed.
    pub(super) first: u64,
    pub(super) bytes: Vec<u8>,
    /// There was more.
    pub(super) cut: bool,
}

/// Reading position of one direction.
#[derive(Debug)]
pub(super) struct Lane {
    direction: Direction,
    state: State,
    pub(super) table: hpack::Decoder,
    /// Header block whose end is yet to come.
    block: Option<Block>,
    /// Payload kept of the current frame, and whether bytes of it are missing.
    payload: Vec<u8>,
    missing: bool,
    /// When the current frame's first byte passed.
    first: u64,
    /// When the last byte passed.
    pub(super) last: u64,
}

#[derive(Debug)]
enum State {
    /// It is unknown where a frame begins.
    Search(Box<Search>),
    /// In the client's preface, so many bytes of it are left.
    Preface(usize),
    /// In a frame's header, so many bytes of it are there.
    Header([u8; HEADER], usize),
    /// In a frame's payload.
    Payload(Frame),
}

/// A frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    header: Header,
    /// Bytes of the payload yet to come.
    left: u32,
    /// Bytes of padding at its end; `None` while the byte that says so is yet to come.
    padding: Option<u32>,
}

impl Lane {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            state: State::Search(Box::new(Search::new(direction, true, true))),
            table: hpack::Decoder::joined(),
            block: None,
            payload: Vec::new(),
            missing: false,
            first: 0,
            last: 0,
        }
    }

    /// Takes a piece. While a search is under way it is kept there; what it finds is put back in front of `queue`.
    /// Else the piece comes back, to be read step by step.
    pub(super) fn take<'a>(
        &mut self,
        piece: Piece<'a>,
        queue: &mut VecDeque<Piece<'a>>,
    ) -> Option<Piece<'a>> {
        let State::Search(search) = &mut self.state else { return Some(piece) };
        match &piece {
            Piece::Bytes { bytes, first, last } => {
                let found = search.push(bytes, *first, *last);
                self.last = *last;
                if let Some(found) = found {
                    self.found(found, queue);
                }
            }
            Piece::Gap { skipped, .. } => {
                if let Some(found) = search.gap(*skipped) {
                    self.found(found, queue);
                }
            }
        }
        None
    }

    /// No more bytes will come: decides a search with what is there.
    pub(super) fn finish(&mut self, queue: &mut VecDeque<Piece<'_>>) {
        if let State::Search(search) = &mut self.state
            && let Some(found) = search.finish()
        {
            self.found(found, queue);
        }
    }

    fn found(&mut self, found: Found, queue: &mut VecDeque<Piece<'_>>) {
        let preface = found.fresh && self.direction == Direction::Request;
        self.state = if preface { State::Preface(PREFACE.len()) } else { State::Header([0; HEADER], 0) };
        if found.fresh {
            self.table = hpack::Decoder::new();
        }
        for piece in found.pieces.into_iter().rev() {
            queue.push_front(piece);
        }
    }

    /// Whether frames are being followed.
    pub(super) fn is_following(&self) -> bool {
        !matches!(self.state, State::Search(_))
    }

    /// Reads bytes up to the next thing to report; returns how many.
    pub(super) fn step(&mut self, bytes: &[u8], first: u64) -> (usize, Item) {
        match &mut self.state {
            State::Search(_) => (bytes.len(), Item::Nothing),
            State::Preface(left) => {
                let used = (*left).min(bytes.len());
                *left -= used;
                if *left == 0 {
                    self.state = State::Header([0; HEADER], 0);
                }
                (used, Item::Nothing)
            }
            State::Header(header, have) => {
                if *have == 0 {
                    self.first = first;
                }
                let used = (HEADER - *have).min(bytes.len());
                header[*have..*have + used].copy_from_slice(&bytes[..used]);
                *have += used;
                let item = if *have == HEADER {
                    let header = Header::parse(*header);
                    self.enter(header)
                } else {
                    Item::Nothing
                };
                (used, item)
            }
            State::Payload(frame) if frame.padding.is_none() => {
                let padding = u32::from(bytes[0]);
                frame.left -= 1;
                if padding > frame.left {
                    return (1, self.lose(false));
                }
                frame.padding = Some(padding);
                (1, self.leave_if_done())
            }
            State::Payload(frame) => {
                let frame = *frame;
                let left = usize::try_from(frame.left).unwrap_or(usize::MAX);
                let used = left.min(bytes.len()).min(frame.content());
                self.keep(&frame, &bytes[..used]);
                (used, self.used(used as u64))
            }
        }
    }

    /// Goes on after bytes nobody captured, up to the next thing to report; returns how many.
    pub(super) fn skip(&mut self, skipped: u64) -> (u64, Item) {
        let State::Payload(frame) = &mut self.state else { return (skipped, self.lose(false)) };
        if frame.padding.is_none() {
            frame.padding = Some(0);
        }
        let part = u32::try_from(frame.content()).unwrap_or(u32::MAX).min(frame.left);
        let used = u64::from(part).min(skipped);
        self.missing = true;
        (used, self.used(used))
    }

    /// Forgets what is half-read; what comes next is likely to begin with a frame if `aligned`.
    pub(super) fn lose(&mut self, aligned: bool) -> Item {
        let mut block = self.block.take();
        if let State::Payload(frame) = self.state
            && frame.header.begins_block()
        {
            block = Some(self.block_of(&frame.header, true));
        }
        let search = Search::new(self.direction, aligned, false);
        self.state = State::Search(Box::new(search));
        self.payload.clear();
        self.missing = false;
        Item::Astray(block.map(|block| Block { cut: true, ..block }))
    }

    /// The beginning of a header block whose end did not come before the direction's.
    pub(super) fn take_unfinished(&mut self) -> Option<u32> {
        let pending = self.block.take().map(|block| block.stream);
        let State::Payload(frame) = self.state else { return pending };
        pending.or((frame.header.kind == kind::HEADERS).then_some(frame.header.stream))
    }

    /// A frame's header is complete.
    fn enter(&mut self, header: Header) -> Item {
        let continues = header.kind == kind::CONTINUATION;
        let expected = self.block.as_ref().map(|block| block.stream);
        // Nothing may come between the frames of a block.
        let broken = expected.is_some_and(|stream| !continues || stream != header.stream);
        if broken || !header.is_allowed(self.direction) {
            return self.lose(false);
        }
        if continues && expected.is_none() {
            // The block began before its frames were followed.
            self.table.lose();
        }
        let padded = header.has(flag::PADDED) && matches!(header.kind, kind::DATA);
        let padding = if padded { None } else { Some(0) };
        self.state = State::Payload(Frame { header, left: header.length, padding });
        self.payload.clear();
        self.missing = false;
        if header.length == 0 { self.leave() } else { Item::Nothing }
    }

    /// Keeps what is needed of a payload.
    fn keep(&mut self, frame: &Frame, bytes: &[u8]) {
        let most = match frame.header.kind {
            kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION => MAX_BLOCK,
            kind::RST_STREAM | kind::GOAWAY => 4,
            _ => return,
        };
        if !self.missing {
            let room = most.saturating_sub(self.payload.len());
            self.payload.extend_from_slice(&bytes[..room.min(bytes.len())]);
            self.missing |= room < bytes.len() && most == MAX_BLOCK;
        }
    }

    /// Bytes of the payload have passed.
    fn used(&mut self, used: u64) -> Item {
        let State::Payload(frame) = &mut self.state else { return Item::Nothing };
        let content =
            frame.header.kind == kind::DATA && frame.content() > 0 && frame.padding < Some(frame.left);
        frame.left -= u32::try_from(used).unwrap_or(frame.left);
        let Frame { header, left, .. } = *frame;
        if !content {
            return self.leave_if_done();
        }
        let done = (left == 0).then(|| Done { end_stream: header.has(flag::END_STREAM) });
        if done.is_some() {
            self.state = State::Header([0; HEADER], 0);
        }
        Item::Content { stream: header.stream, done }
    }

    fn leave_if_done(&mut self) -> Item {
        match &self.state {
            State::Payload(frame) if frame.left == 0 => self.leave(),
            _ => Item::Nothing,
        }
    }

    /// A frame is complete.
    fn leave(&mut self) -> Item {
        let State::Payload(Frame { header, .. }) = self.state else { return Item::Nothing };
        self.state = State::Header([0; HEADER], 0);
        let number = || {
            let bytes = self.payload.first_chunk::<4>()?;
            Some(u32::from_be_bytes(*bytes))
        };
        let stream = header.stream;
        match header.kind {
            kind::DATA => Item::Done(stream, Done { end_stream: header.has(flag::END_STREAM) }),
            kind::RST_STREAM => Item::Reset { stream, code: number() },
            kind::GOAWAY => match number() {
                Some(last) => Item::GoAway { stream: last & 0x7fff_ffff },
                None => Item::Nothing,
            },
            kind::HEADERS | kind::PUSH_PROMISE => {
                self.block = Some(self.block_of(&header, false));
                self.leave_block(&header)
            }
            kind::CONTINUATION => {
                if let Some(block) = &mut self.block
                    && !block.cut
                {
                    let room = MAX_BLOCK.saturating_sub(block.bytes.len()).min(self.payload.len());
                    block.bytes.extend_from_slice(&self.payload[..room]);
                    block.cut = self.missing || room < self.payload.len();
                }
                self.leave_block(&header)
            }
            _ => Item::Nothing,
        }
    }

    fn leave_block(&mut self, header: &Header) -> Item {
        self.payload.shrink_to(KEPT_CAPACITY);
        match self.block.take_if(|_| header.has(flag::END_HEADERS)) {
            Some(block) => Item::Block(block),
            None => Item::Nothing,
        }
    }

    /// The header block in the payload of a frame. Padding is not among what is kept where the frame is cut.
    fn block_of(&self, header: &Header, cut: bool) -> Block {
        let length = header.length as usize;
        let padding = match self.payload.first() {
            Some(padding) if header.has(flag::PADDED) => usize::from(*padding),
            _ => 0,
        };
        let end = length.saturating_sub(padding).min(self.payload.len());
        let bytes = self.payload.get(header.prefix()..end).unwrap_or_default().to_vec();
        Block {
            stream: header.stream,
            push: header.kind == kind::PUSH_PROMISE,
            end_stream: header.kind == kind::HEADERS && header.has(flag::END_STREAM),
            first: self.first,
            bytes,
            cut: cut || self.missing,
        }
    }
}

impl Frame {
    /// How many bytes can be taken at once without leaving the content or the padding.
    fn content(&self) -> usize {
        let padding = self.padding.unwrap_or_default();
        let part = if self.left > padding { self.left - padding } else { self.left };
        usize::try_from(part).unwrap_or(usize::MAX)
    }
}
