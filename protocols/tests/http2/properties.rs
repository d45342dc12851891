//! Random connections, captured in full and in part.

use fastrand::Rng;
use underspan_protocols::decoder::{Chunk, Event};
use underspan_protocols::fuzzing;
use underspan_protocols::http2::Http2;
use underspan_protocols::message::Direction;

use crate::peers::{Segment, connection};
use crate::truth::{check, check_all, chunk, new_decoder};

/// Length of a frame's header.
const HEADER: usize = 9;

/// Events of a connection of which every segment is cut at random.
fn events(segments: &[Segment], mut cut: impl FnMut() -> usize) -> Vec<Event> {
    let mut decoder = new_decoder();
    let mut events = Vec::new();
    for segment in segments {
        let mut rest = segment.bytes.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cut().clamp(1, rest.len()));
            decoder.feed(&chunk(segment.direction, piece), &mut events);
            rest = after;
        }
    }
    decoder.end(None, 0, &mut events);
    events
}

#[test]
fn the_same_however_it_is_cut() {
    let mut random = Rng::with_seed(1);
    for _ in 0..100 {
        let streams = random.u32(1..6);
        let (segments, truths) = connection(&mut random, streams);
        let whole = events(&segments, || usize::MAX);
        check_all(&whole, &truths);
        assert_eq!(events(&segments, || 1), whole);
        for _ in 0..100 {
            let most = [3, 12, 60, 400][random.usize(..4)];
            assert_eq!(events(&segments, || random.usize(1..=most)), whole);
        }
    }
}

#[test]
fn a_hundred_streams_at_once() {
    let mut random = Rng::with_seed(2);
    for _ in 0..20 {
        let (segments, truths) = connection(&mut random, 300);
        check_all(&events(&segments, || 1000), &truths);
    }
}

/// The kernel hands over every frame's header and passes over content.
#[test]
fn content_need_not_be_captured() {
    let mut random = Rng::with_seed(3);
    for _ in 0..300 {
        let (segments, truths) = connection(&mut random, 12);
        let mut decoder = new_decoder();
        let mut events = Vec::new();
        for Segment { direction, bytes, content } in &segments {
            let (bytes, skipped) = if *content {
                // Padding says so in the first byte of the payload.
                let captured = HEADER + usize::from(bytes[4] & 0x8 != 0);
                (&bytes[..captured], (bytes.len() - captured) as u64)
            } else {
                (&bytes[..], 0)
            };
            decoder.feed(&Chunk { skipped, ..chunk(*direction, bytes) }, &mut events);
        }
        decoder.end(None, 0, &mut events);
        check_all(&events, &truths);
    }
}

/// Each direction is joined at a place of its own, which may be inside a frame.
#[test]
fn joined_in_the_middle_nothing_is_wrong() {
    let mut random = Rng::with_seed(4);
    let (mut known, mut unknown, mut ended) = (0, 0, 0);
    for _ in 0..1500 {
        let (segments, truths) = connection(&mut random, 15);
        let mut decoder = new_decoder();
        let mut events = Vec::new();
        let from = random.usize(..segments.len());
        let mut joined = [false; 2];
        for segment in &segments[from..] {
            let index = usize::from(segment.direction == Direction::Response);
            let inside = random.bool() && !std::mem::replace(&mut joined[index], true);
            let start = if inside { random.usize(..segment.bytes.len()) } else { 0 };
            decoder.feed(&chunk(segment.direction, &segment.bytes[start..]), &mut events);
        }
        decoder.end(None, 0, &mut events);
        let found = check(&events, &truths);
        known += found.known;
        unknown += found.unknown;
        ended += found.ended;
    }
    println!("{ended} exchanges, {known} known, {unknown} unknown");
    assert!(ended > 3000 && known > 8000, "most of what can be known is: {known} of {ended} exchanges");
    assert!(unknown > 500, "and something cannot be: {unknown}");
}

/// Gaps and lost records anywhere.
#[test]
fn whatever_is_missing_nothing_is_wrong() {
    let mut random = Rng::with_seed(5);
    let (mut known, mut unknown) = (0, 0);
    for _ in 0..1500 {
        let (segments, truths) = connection(&mut random, 15);
        let mut decoder = new_decoder();
        let mut events = Vec::new();
        for Segment { direction, bytes, .. } in &segments {
            match random.u8(..) {
                0..6 => decoder.lost(*direction, &mut events),
                6..16 => {
                    let start = random.usize(..=bytes.len());
                    let end = random.usize(start..=bytes.len());
                    let gap = Chunk {
                        skipped: (end - start) as u64,
                        tail: &bytes[end..],
                        ..chunk(*direction, &bytes[..start])
                    };
                    decoder.feed(&gap, &mut events);
                }
                _ => decoder.feed(&chunk(*direction, bytes), &mut events),
            }
        }
        decoder.end(None, 0, &mut events);
        let found = check(&events, &truths);
        known += found.known;
        unknown += found.unknown;
    }
    println!("{known} known, {unknown} unknown");
    assert!(known > 10_000 && unknown > 500, "{known} known, {unknown} unknown");
}

/// A side may be seen before the other, by a few frames.
#[test]
fn responses_may_overtake_their_requests() {
    let mut random = Rng::with_seed(6);
    for _ in 0..500 {
        let (mut segments, truths) = connection(&mut random, 20);
        for _ in 0..segments.len() {
            let index = random.usize(1..segments.len());
            if segments[index].direction != segments[index - 1].direction {
                segments.swap(index - 1, index);
            }
        }
        let found = events(&segments, || usize::MAX);
        check_all(&found, &truths);
    }
}

#[test]
fn arbitrary_programs_keep_the_books() {
    let mut random = Rng::with_seed(7);
    for _ in 0..3000 {
        let data: Vec<u8> = (0..random.usize(..400)).map(|_| random.u8(..)).collect();
        fuzzing::decoder(&Http2, &data);
        fuzzing::header_block(&data);
    }
}
