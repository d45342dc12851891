//! Responses that overtook their requests.
//!
//! Sends and receives are observed at different places, so a response may arrive before the request it answers
//! (only across directions: within one, order holds). Its pieces wait here until the request is there.

use std::collections::VecDeque;

use crate::decoder::Chunk;
use crate::message::Direction;

/// Most bytes held per connection; beyond them the oldest response is given up. What is captured of one run of responses is
/// to fit, also of a pipelined connection.
const MAX_BYTES: usize = 80 * 1024;

/// What a piece costs besides its bytes, so that many tiny pieces are bounded too.
const PIECE_COST: usize = size_of::<Item>();

/// One piece of the response direction.
#[derive(Debug)]
pub(crate) enum Item {
    /// Bytes.
    Chunk(Piece),
    /// Records were lost here.
    Lost,
    /// The direction ended.
    End(u64),
}

/// A chunk with bytes of its own.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The captured beginning, then the tail.
    bytes: Box<[u8]>,
    tail_at: usize,
    skipped: u64,
    pub(crate) first: u64,
    last: u64,
}

/// Pieces in order.
#[derive(Debug, Default)]
pub(crate) struct Held {
    items: VecDeque<Item>,
    cost: usize,
}

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.cost > MAX_BYTES
    }

    /// When the first byte held passed.
    pub(crate) fn first(&self) -> Option<u64> {
        self.items.iter().find_map(|item| match item {
            Item::Chunk(piece) => Some(piece.first),
            Item::Lost | Item::End(_) => None,
        })
    }

    pub(crate) fn push(&mut self, item: Item) {
        self.cost += item.cost();
        self.items.push_back(item);
    }

    /// Puts the rest of a piece back where it was.
    pub(crate) fn put_back(&mut self, piece: Piece) {
        let item = Item::Chunk(piece);
        self.cost += item.cost();
        self.items.push_front(item);
    }

    pub(crate) fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.cost -= item.cost();
        if self.items.is_empty() {
            self.items.shrink_to_fit();
        }
        Some(item)
    }
}

impl Item {
    fn cost(&self) -> usize {
        match self {
            Self::Chunk(piece) => PIECE_COST + piece.bytes.len(),
            Self::Lost | Self::End(_) => PIECE_COST,
        }
    }
}

impl Piece {
    /// Copies a chunk.
    pub(crate) fn of(chunk: &Chunk<'_>) -> Self {
        Self {
            bytes: [chunk.bytes, chunk.tail].concat().into_boxed_slice(),
            tail_at: chunk.bytes.len(),
            skipped: chunk.skipped,
            first: chunk.first,
            last: chunk.last,
        }
    }

    pub(crate) fn chunk(&self) -> Chunk<'_> {
        let (bytes, tail) = self.bytes.split_at(self.tail_at);
        Chunk {
            direction: Direction::Response,
            bytes,
            skipped: self.skipped,
            tail,
            aligned: false,
            first: self.first,
            last: self.last,
        }
    }
}
