//! Memory and books stay bounded whatever a connection does.

use underspan_protocols::decoder::{Event, LossReason};
use underspan_protocols::fuzzing::Ledger;
use underspan_protocols::message::Direction::{Request, Response};

use crate::peers::frame;
use crate::truth::{chunk, new_decoder};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// `GET http://a/`.
const GET: &[u8] = b"\x82\x86\x84\x01\x01a";
/// `200`.
const OK: &[u8] = b"\x88";

/// Feeds bytes and ends the connection; the ledger holds the sums.
fn run(chunks: &[(underspan_protocols::message::Direction, Vec<u8>)]) -> (Vec<Event>, Ledger) {
    let mut decoder = new_decoder();
    let mut events = Vec::new();
    decoder.feed(&chunk(Request, PREFACE), &mut events);
    for (direction, bytes) in chunks {
        decoder.feed(&chunk(*direction, bytes), &mut events);
    }
    decoder.end(None, 0, &mut events);
    let mut ledger = Ledger::new(usize::MAX);
    ledger.enter(&events);
    ledger.close();
    (events, ledger)
}

fn lost(events: &[Event], wanted: LossReason) -> u64 {
    let lost = events.iter().map(|event| match event {
        Event::Lost { reason, exchanges } if *reason == wanted => *exchanges,
        _ => 0,
    });
    lost.sum()
}

#[test]
fn streams_beyond_the_bound_are_counted_once() {
    let asked: Vec<u8> = (0..3000).flat_map(|number| frame(1, 0x5, 2 * number + 1, GET)).collect();
    let answered: Vec<u8> = (0..3000).flat_map(|number| frame(1, 0x5, 2 * number + 1, OK)).collect();
    let (events, ledger) = run(&[(Request, asked), (Response, answered)]);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (1024, 0, 1976));
    assert_eq!(lost(&events, LossReason::TooMany), 1976);
}

#[test]
fn responses_that_wait_for_no_request_are_given_up_and_counted() {
    let answered: Vec<u8> = (0..3000).flat_map(|number| frame(1, 0x5, 2 * number + 1, OK)).collect();
    let settings = frame(4, 0, 0, &[]);
    let (events, ledger) = run(&[(Response, settings), (Response, answered)]);
    assert_eq!((ledger.ended, ledger.lost), (0, 3000));
    assert_eq!(lost(&events, LossReason::NoRequest), 3000);
}

#[test]
fn a_flood_of_continuations_is_one_request() {
    let mut asked = frame(1, 0x1, 1, GET);
    for _ in 0..10_000 {
        asked.extend(frame(9, 0, 1, b""));
        asked.extend(frame(9, 0, 1, b"\x00\x01x\x10yyyyyyyyyyyyyyyy"));
    }
    asked.extend(frame(9, 0x4, 1, b""));
    asked.extend(frame(1, 0x5, 3, GET));
    let answered = [frame(4, 0, 0, &[]), frame(1, 0x5, 1, OK), frame(1, 0x5, 3, OK)].concat();
    let (_, ledger) = run(&[(Request, asked), (Response, answered)]);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (2, 0, 0));
}

#[test]
fn a_bomb_of_references_does_no_harm() {
    // An entry of 4000 bytes, and 60,000 references to it.
    let mut asked = frame(1, 0x1, 1, GET);
    let value = [b'v'; 4000];
    asked.extend(frame(9, 0, 1, &[b"\x40\x0atracestate\x7f\xa1\x1e".as_slice(), &value].concat()));
    for _ in 0..6 {
        asked.extend(frame(9, 0, 1, &[0xbe; 10_000]));
    }
    asked.extend(frame(9, 0x4, 1, b""));
    let answered = [frame(4, 0, 0, &[]), frame(1, 0x5, 1, OK)].concat();
    let (_, ledger) = run(&[(Request, asked), (Response, answered)]);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (1, 0, 0));
}

#[test]
fn streams_given_up_by_the_client_leave_nothing_behind() {
    let mut chunks = Vec::new();
    for number in 0..5000 {
        let id = 2 * number + 1;
        chunks.push((Request, [frame(1, 0x5, id, GET), frame(3, 0, id, &[0, 0, 0, 8])].concat()));
        // The server had not heard of it yet.
        chunks.push((Response, [frame(1, 0x4, id, OK), frame(0, 0x1, id, b"late")].concat()));
    }
    let (_, ledger) = run(&chunks);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (5000, 0, 0));
}
