//! One direction of a connection: where it stands in its current message.

use super::body::Body;
use super::detect::{begins, is_common_request};
use crate::decoder::Detection;
use crate::message::Direction;

/// Most bytes kept of a head that arrives in pieces; a longer one is reported as if it were cut there.
pub(super) const MAX_HEAD: usize = 64 * 1024;

/// Capacity a lane keeps between messages, so that a long head does not cost memory for good.
const KEPT_CAPACITY: usize = 1024;

/// Reading position of one direction.
#[derive(Debug)]
pub(super) struct Lane {
    direction: Direction,
    pub(super) state: State,
    /// Beginning of a head whose end is yet to come.
    pub(super) head: Vec<u8>,
    /// When the current message's first byte passed.
    pub(super) first: u64,
    /// When the last byte passed.
    pub(super) last: u64,
    /// Body bytes so far, or what the head announced where they cannot be counted.
    pub(super) size: u64,
    /// Bytes of the current message's head.
    pub(super) head_size: u64,
    /// Bytes of the current chunk that belong to no message that is read.
    pub(super) unread: u64,
    /// Bytes of an unframed body are missing, so the next chunk may begin with another message.
    pub(super) gapped: bool,
}

/// What the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The first of a message, or one more of `head`. Unless `trusted` the place is only a guess: bytes that are no
    /// message are then no message's fault.
    Start {
        /// A message ended right here.
        trusted: bool,
    },
    /// In a body.
    Body(Body),
}

/// What to do with bytes at the start of a message.
pub(super) enum Start {
    /// Not part of a message: this many bytes are passed over.
    Skip(usize),
    /// Kept; more is needed.
    Wait,
    /// Look at them as a head: `head` of the lane if it is not empty, else the bytes.
    Parse,
}

impl Lane {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            state: State::Start { trusted: false },
            head: Vec::new(),
            first: 0,
            last: 0,
            size: 0,
            head_size: 0,
            unread: 0,
            gapped: false,
        }
    }

    /// Begins a body whose announced or counted size starts at `size`.
    pub(super) fn enter(&mut self, body: Body, size: u64) {
        self.state = State::Body(body);
        self.size = size;
        self.gapped = false;
    }

    /// Forgets the message; the next one is expected here.
    pub(super) fn restart(&mut self, trusted: bool) {
        self.state = State::Start { trusted };
        self.head.clear();
        self.head.shrink_to(KEPT_CAPACITY);
        self.size = 0;
        self.gapped = false;
    }

    /// Can `bytes` begin a message of this direction?
    pub(super) fn begins(&self, bytes: &[u8]) -> Detection {
        begins(self.direction, bytes)
    }

    /// Judges bytes at the start of a message, which passed at `first`.
    pub(super) fn start(&mut self, bytes: &[u8], first: u64) -> Start {
        if self.head.is_empty() {
            self.first = first;
            return match (self.state, self.begins(bytes)) {
                (State::Start { trusted: false }, Detection::No) => Start::Skip(bytes.len()),
                (State::Start { trusted: false }, Detection::More) => {
                    self.keep(bytes);
                    Start::Wait
                }
                _ => Start::Parse,
            };
        }
        let line_ended = bytes.contains(&b'\n');
        if self.state == (State::Start { trusted: false }) {
            let guessed = self.begins(&self.head) == Detection::More;
            if guessed && is_common_request(bytes) {
                // What was kept was only the end of something else.
                self.head.clear();
                self.first = first;
            }
            self.keep(bytes);
            match self.begins(&self.head) {
                Detection::No => {
                    self.restart(false);
                    return Start::Skip(bytes.len());
                }
                Detection::More => return Start::Wait,
                Detection::Yes(_) => {}
            }
        } else {
            self.keep(bytes);
        }
        // Only a line's end can complete a head.
        if line_ended || self.head.len() > MAX_HEAD { Start::Parse } else { Start::Wait }
    }

    /// Keeps the beginning of a head.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.head.extend_from_slice(bytes);
    }
}
