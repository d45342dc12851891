//! Memory and order stay bounded whatever a connection does.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use underspan_protocols::decoder::{Chunk, Event, LossReason, Options, Protocol};
use underspan_protocols::fuzzing::Ledger;
use underspan_protocols::http1::Http1;
use underspan_protocols::message::{Direction, Role};

/// Feeds (direction, bytes, time) and ends the connection; the ledger holds the sums.
fn run(chunks: &[(Direction, &[u8], u64)]) -> (Vec<Event>, Ledger) {
    let options = Arc::new(Options::default());
    let mut decoder = Http1.decoder(Role::Server, &options);
    let mut events = Vec::new();
    for &(direction, bytes, time) in chunks {
        let chunk =
            Chunk { direction, bytes, skipped: 0, tail: &[], aligned: false, first: time, last: time };
        decoder.feed(&chunk, &mut events);
    }
    decoder.end(None, 1000, &mut events);
    let mut ledger = Ledger::new(options.max_value);
    ledger.enter(&events);
    ledger.close();
    (events, ledger)
}

#[test]
fn requests_beyond_the_bound_are_counted_and_their_responses_passed_over() {
    let asked = b"GET / HTTP/1.1\r\n\r\n".repeat(514);
    let answered = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".repeat(515);
    let (events, ledger) = run(&[
        (Direction::Request, &asked, 1),
        (Direction::Response, &answered, 2),
        (Direction::Request, b"GET /after HTTP/1.1\r\n\r\n", 3),
        (Direction::Response, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 4),
    ]);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (513, 0, 3));
    let many = events
        .iter()
        .filter(|event| matches!(event, Event::Lost { reason: LossReason::TooMany, exchanges: 1 }));
    assert_eq!(many.count(), 2, "the third loss is the response nobody asked for");
}

#[test]
fn a_head_without_end_is_reported_as_cut() {
    let mut chunks: Vec<(Direction, &[u8], u64)> =
        vec![(Direction::Request, b"GET /long HTTP/1.1\r\nX: ", 1)];
    let filler = [b'x'; 1000];
    chunks.extend(std::iter::repeat_n((Direction::Request, filler.as_slice(), 2), 80));
    chunks.push((Direction::Response, b"HTTP/1.1 431 Too Large\r\nContent-Length: 0\r\n\r\n", 3));
    let (events, ledger) = run(&chunks);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (1, 0, 0), "{events:?}");
}

#[test]
fn many_headers_are_read_and_far_too_many_are_not() {
    let request = |headers: usize| {
        let mut text = b"GET / HTTP/1.1\r\n".to_vec();
        text.extend(b"X: y\r\n".repeat(headers));
        text.extend(b"\r\n");
        text
    };
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (_, ledger) = run(&[(Direction::Request, &request(500), 1), (Direction::Response, response, 2)]);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (1, 0, 0));
    let (events, ledger) =
        run(&[(Direction::Request, &request(2000), 1), (Direction::Response, response, 2)]);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (0, 0, 1), "{events:?}");
}

#[test]
fn responses_that_wait_for_no_request_are_given_up_and_counted() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    let (_, ledger) = run(&vec![(Direction::Response, response.as_slice(), 1); 1000]);
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (0, 0, 1000));
}
