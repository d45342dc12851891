//! Bytes of which nobody knows where a frame begins -> the place where one does.
//!
//! A place is believed when what stands there looks like a frame's header and so does what follows that frame, and
//! what follows the next. Bytes from the first place that may be one are kept until it is decided, and then read.

use std::collections::VecDeque;

use super::frame::{HEADER, Header, PREFACE, kind, way_of_block};
use super::lane::Piece;
use crate::message::Direction;

/// What makes a place believed.
const ENOUGH: u8 = 3;

/// Most bytes kept. More than a frame of usual length, so that the next one is seen.
const MAX_KEPT: usize = 24 * 1024;

/// Most places looked at together; each is as cheap as it is unlikely to be needed.
const MAX_CANDIDATES: usize = 64;

/// A search under way.
#[derive(Debug)]
pub(super) struct Search {
    direction: Direction,
    /// The first byte is likely to begin a frame: the connection, or a record, begins there.
    aligned: bool,
    /// The connection may begin with the first byte.
    fresh: bool,
    /// What is kept, adjoining; positions count from the search's beginning.
    segments: VecDeque<Segment>,
    kept: usize,
    /// Behind the last byte.
    end: u64,
    /// Places not yet looked at begin here.
    next: u64,
    /// Places that may begin a frame, in order.
    candidates: VecDeque<Candidate>,
}

#[derive(Debug)]
struct Segment {
    at: u64,
    bytes: Vec<u8>,
    first: u64,
    last: u64,
}

#[derive(Debug)]
struct Candidate {
    start: u64,
    /// Where the next header should be.
    next: u64,
    /// How much speaks for it.
    points: u8,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    /// What is to be read from the place on.
    pub(super) pieces: VecDeque<Piece<'static>>,
    /// The connection begins there.
    pub(super) fresh: bool,
}

/// What stands at a place.
enum Look {
    /// A frame's header that is worth so many points, and where the next should be.
    Frame(u8, u64),
    /// No frame.
    Other,
    /// Too few bytes to tell.
    More,
}

impl Search {
    /// `fresh`: the first byte may be that of the connection. `aligned`: a record of the kernel begins with it.
    pub(super) fn new(direction: Direction, aligned: bool, fresh: bool) -> Self {
        Self {
            direction,
            aligned,
            fresh,
            segments: VecDeque::new(),
            kept: 0,
            end: 0,
            next: 0,
            candidates: VecDeque::new(),
        }
    }

    /// Takes what comes next; `Some` ends the search.
    pub(super) fn push(&mut self, bytes: &[u8], first: u64, last: u64) -> Option<Found> {
        match self.segments.back_mut() {
            Some(back) if back.last == last && back.first == first && back.end() == self.end => {
                back.bytes.extend_from_slice(bytes);
            }
            _ => self.segments.push_back(Segment { at: self.end, bytes: bytes.to_vec(), first, last }),
        }
        self.kept += bytes.len();
        self.end += bytes.len() as u64;
        self.look();
        let full = self.kept > MAX_KEPT;
        self.decide(full)
    }

    /// Takes bytes nobody captured.
    pub(super) fn gap(&mut self, skipped: u64) -> Option<Found> {
        self.end += skipped;
        self.next = self.end;
        // What has not been believed has to reach across.
        let end = self.end;
        self.candidates.retain(|candidate| candidate.next >= end || candidate.points >= ENOUGH);
        self.decide(false)
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self) -> Option<Found> {
        // One frame that ends with the last byte, or several, are all there can be.
        let end = self.end;
        for candidate in &mut self.candidates {
            if candidate.next == end {
                candidate.points = ENOUGH;
            }
        }
        self.decide(true)
    }

    /// Looks at places that have become visible.
    fn look(&mut self) {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.retain_mut(|candidate| self.advance(candidate));
        while self.next < self.end && candidates.len() < MAX_CANDIDATES {
            let start = self.next;
            let mut candidate = Candidate { start, next: start, points: 0 };
            if self.may_begin(start) && self.advance(&mut candidate) {
                candidates.push_back(candidate);
            }
            self.next += 1;
        }
        self.candidates = candidates;
    }

    /// Whether the first byte is that of a usual frame's length, or of the preface.
    fn may_begin(&self, start: u64) -> bool {
        let preface = start == 0 && self.fresh && self.direction == Direction::Request;
        self.byte(start).is_some_and(|byte| byte == 0 || preface && byte == PREFACE[0])
    }

    /// Follows a candidate from frame to frame; false when it is none.
    fn advance(&self, candidate: &mut Candidate) -> bool {
        while candidate.points < ENOUGH {
            match self.stands(candidate.next) {
                Look::Frame(points, next) => {
                    candidate.points = candidate.points.saturating_add(points);
                    candidate.next = next;
                }
                Look::Other => return false,
                Look::More => return true,
            }
        }
        true
    }

    fn stands(&self, at: u64) -> Look {
        if at >= self.end {
            return Look::More;
        }
        if at == 0 && self.fresh && self.direction == Direction::Request {
            match self.preface() {
                Look::Other => {}
                look => return look,
            }
        }
        let mut bytes = [0; HEADER];
        for (offset, byte) in bytes.iter_mut().enumerate() {
            match self.byte(at + offset as u64) {
                Some(found) => *byte = found,
                None if at + offset as u64 >= self.end => return Look::More,
                None => return Look::Other,
            }
        }
        let header = Header::parse(bytes);
        if !header.is_usual(self.direction) {
            return Look::Other;
        }
        let next = at + HEADER as u64 + u64::from(header.length);
        if header.kind != kind::HEADERS {
            return Look::Frame(1, next);
        }
        let place = at + HEADER as u64 + header.prefix() as u64;
        match self.byte(place) {
            _ if place >= next => Look::Frame(1, next),
            // What begins like a message where one is to be expected needs no more.
            Some(first) if way_of_block(first) == Some(self.direction) => {
                Look::Frame(if self.aligned && at == 0 { ENOUGH } else { 2 }, next)
            }
            None if place >= self.end => Look::More,
            _ => Look::Frame(1, next),
        }
    }

    fn preface(&self) -> Look {
        for (offset, expected) in PREFACE.iter().enumerate() {
            match self.byte(offset as u64) {
                Some(byte) if byte == *expected => {}
                None if offset as u64 >= self.end => return Look::More,
                _ => return Look::Other,
            }
        }
        Look::Frame(ENOUGH, PREFACE.len() as u64)
    }

    fn byte(&self, at: u64) -> Option<u8> {
        let index = self.segments.partition_point(|segment| segment.end() <= at);
        let segment = self.segments.get(index)?;
        let offset = usize::try_from(at.checked_sub(segment.at)?).ok()?;
        segment.bytes.get(offset).copied()
    }

    /// The first place that is believed, if none before it may still be. With `now` it cannot wait any longer.
    fn decide(&mut self, now: bool) -> Option<Found> {
        let believed = self.candidates.iter().position(|candidate| candidate.points >= ENOUGH);
        match believed {
            Some(0) => {}
            Some(index) if now => drop(self.candidates.drain(..index)),
            _ => {
                if now {
                    self.candidates.clear();
                    self.next = self.end;
                }
                self.trim();
                return None;
            }
        }
        self.trim();
        let start = self.candidates[0].start;
        let fresh = self.fresh && start == 0 && self.begins_connection();
        Some(Found { pieces: self.pieces(start), fresh })
    }

    /// Whether the first frame is what a connection begins with.
    fn begins_connection(&self) -> bool {
        match self.direction {
            Direction::Request => matches!(self.preface(), Look::Frame(..)),
            Direction::Response => self.byte(3) == Some(kind::SETTINGS) && self.byte(4) == Some(0),
        }
    }

    fn pieces(&mut self, start: u64) -> VecDeque<Piece<'static>> {
        let mut pieces = VecDeque::new();
        let mut at = start;
        let mut last = 0;
        for mut segment in self.segments.drain(..) {
            if segment.at > at {
                pieces.push_back(Piece::Gap { skipped: segment.at - at, last: segment.last });
                at = segment.at;
            }
            let before = usize::try_from(at - segment.at).unwrap_or(usize::MAX).min(segment.bytes.len());
            segment.bytes.drain(..before);
            at += segment.bytes.len() as u64;
            last = segment.last;
            pieces.push_back(Piece::Bytes {
                bytes: segment.bytes.into(),
                first: segment.first,
                last: segment.last,
            });
        }
        if self.end > at {
            pieces.push_back(Piece::Gap { skipped: self.end - at, last });
        }
        pieces
    }

    /// Lets go of bytes before the first place that may begin a frame.
    fn trim(&mut self) {
        let from = self.candidates.front().map_or(self.next, |candidate| candidate.start);
        while let Some(front) = self.segments.front_mut()
            && front.at < from
        {
            let over = usize::try_from(from - front.at).unwrap_or(usize::MAX).min(front.bytes.len());
            self.kept -= over;
            if over == front.bytes.len() {
                self.segments.pop_front();
            } else {
                front.bytes.drain(..over);
                front.at += over as u64;
            }
        }
    }
}

impl Segment {
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}
