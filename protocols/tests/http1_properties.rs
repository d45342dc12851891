//! What must hold for every HTTP/1 conversation.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use underspan_protocols::decoder::{Chunk, Decoder, Ending, Event, Options, Protocol};
use underspan_protocols::fuzzing::{self, Ledger};
use underspan_protocols::http1::Http1;
use underspan_protocols::message::{Direction, Role, Value};

/// A body and how it is framed.
#[derive(Debug, Clone)]
enum Body {
    None,
    Length(usize),
    Chunked(Vec<usize>),
}

#[derive(Debug, Clone)]
struct Exchange {
    head_request: bool,
    request: Body,
    expects: bool,
    /// Length of a header that carries nothing, each way.
    padding: (usize, usize),
    interims: usize,
    response: Body,
}

/// Requests of one turn are sent together, then answered together.
type Turn = Vec<Exchange>;

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        Just(Body::None),
        (0_usize..300).prop_map(Body::Length),
        vec(1_usize..100, 0..4).prop_map(Body::Chunked),
    ]
}

fn exchange() -> impl Strategy<Value = Exchange> {
    (any::<bool>(), body(), any::<bool>(), (0_usize..200, 0_usize..200), 0_usize..2, body()).prop_map(
        |(head, request, expects, padding, interims, response)| Exchange {
            head_request: head && matches!(request, Body::None),
            request,
            expects,
            padding,
            interims,
            response,
        },
    )
}

fn conversation(most_per_turn: usize) -> impl Strategy<Value = Vec<Turn>> {
    vec(vec(exchange(), 1..=most_per_turn), 1..6)
}

/// Bytes of one direction, in the order in which they pass.
type Segment = (Direction, Vec<u8>);

/// The status that answers the request of this number: no two neighbours share one.
fn status(number: usize) -> usize {
    400 + number % 100
}

fn segments(turns: &[Turn]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut number = 0;
    for turn in turns {
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        let alone = turn.len() == 1;
        for exchange in turn {
            let method = if exchange.head_request { "HEAD" } else { "POST" };
            asked.extend(
                format!("{method} /{number}. HTTP/1.1\r\nX: {:x<1$}\r\n", "", exchange.padding.0)
                    .into_bytes(),
            );
            let waits =
                alone && exchange.expects && !matches!(exchange.request, Body::None | Body::Length(0));
            if waits {
                asked.extend_from_slice(b"Expect: 100-continue\r\n");
            }
            asked.extend(framing(&exchange.request));
            if waits {
                segments.push((Direction::Request, std::mem::take(&mut asked)));
                segments.push((Direction::Response, b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()));
            }
            asked.extend(content(&exchange.request));
            answered.extend(b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(exchange.interims));
            answered.extend(
                format!("HTTP/1.1 {} X\r\nX: {:x<2$}\r\n", status(number), "", exchange.padding.1)
                    .into_bytes(),
            );
            // Without any framing a response would last until the connection ends.
            let response = match &exchange.response {
                Body::None => &Body::Length(0),
                other => other,
            };
            answered.extend(framing(response));
            if !exchange.head_request {
                answered.extend(content(response));
            }
            number += 1;
        }
        segments.push((Direction::Request, asked));
        segments.push((Direction::Response, answered));
    }
    segments
}

fn framing(body: &Body) -> Vec<u8> {
    match body {
        Body::None => b"\r\n".to_vec(),
        Body::Length(length) => format!("Content-Length: {length}\r\n\r\n").into_bytes(),
        Body::Chunked(_) => b"Transfer-Encoding: chunked\r\n\r\n".to_vec(),
    }
}

fn content(body: &Body) -> Vec<u8> {
    match body {
        Body::None => Vec::new(),
        Body::Length(length) => vec![b'b'; *length],
        Body::Chunked(chunks) => {
            let mut bytes: Vec<u8> = chunks
                .iter()
                .flat_map(|size| format!("{size:x};e\r\n{:c<1$}\r\n", "", size).into_bytes())
                .collect();
            bytes.extend_from_slice(b"0\r\nT: t\r\n\r\n");
            bytes
        }
    }
}

fn size(body: &Body) -> u64 {
    let size = match body {
        Body::None => 0,
        Body::Length(length) => *length,
        Body::Chunked(chunks) => chunks.iter().sum(),
    };
    size as u64
}

fn new_decoder() -> Box<dyn Decoder> {
    Http1.decoder(Role::Server, &Arc::new(Options::default()))
}

fn chunk(direction: Direction, bytes: &[u8], time: u64) -> Chunk<'_> {
    Chunk { direction, bytes, skipped: 0, tail: &[], aligned: false, first: time, last: time }
}

/// Events of a conversation cut at every multiple (per segment) of the sizes given in turn.
fn events(segments: &[Segment], cuts: &[usize]) -> Vec<Event> {
    let mut decoder = new_decoder();
    let mut events = Vec::new();
    let mut cuts = cuts.iter().copied().cycle();
    for (direction, bytes) in segments {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cuts.next().unwrap_or(usize::MAX).min(rest.len()));
            decoder.feed(&chunk(*direction, piece, 0), &mut events);
            rest = after;
        }
    }
    decoder.end(None, 0, &mut events);
    events
}

/// Panics unless every exchange of the conversation was reported, complete and with its own response.
fn all_reported(turns: &[Turn], events: &[Event]) {
    let exchanges: Vec<&Exchange> = turns.iter().flatten().collect();
    let mut ledger = Ledger::new(usize::MAX);
    ledger.enter(events);
    ledger.close();
    assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (exchanges.len() as u64, 0, 0));
    for event in events {
        if let Event::End { key, direction, body, ending, .. } = event {
            let exchange = exchanges[usize::try_from(*key).unwrap()];
            let expected = match direction {
                Direction::Request => size(&exchange.request),
                Direction::Response if exchange.head_request => 0,
                Direction::Response => size(&exchange.response),
            };
            assert_eq!((*body, *ending), (expected, Ending::Complete), "{event:?}");
        }
    }
    rightly_paired(events);
}

/// Panics when a response was given to a request it does not answer.
fn rightly_paired(events: &[Event]) {
    let mut asked = BTreeMap::new();
    for event in events {
        match event {
            Event::Request { key, request, .. } => {
                // Without the dot the path was cut.
                let path = request.path.as_deref().and_then(|path| path.strip_prefix('/')?.strip_suffix('.'));
                let number: Option<usize> = path.map(|number| number.parse().unwrap());
                asked.insert(*key, number);
            }
            Event::Response { key, response, .. } => {
                if let Some(number) = asked[key] {
                    let expected = i64::try_from(status(number)).unwrap();
                    assert_eq!(response.attributes[0].1, Value::Int(expected), "request {number}");
                }
            }
            _ => {}
        }
    }
}

/// Sends what a kernel with this budget would: the head of a run, a gap, its last bytes.
fn captured(direction: Direction, run: &[u8], budget: usize, time: u64) -> Vec<Chunk<'_>> {
    let (head, rest) = run.split_at(budget.min(run.len()));
    let (gap, tail) = rest.split_at(rest.len().saturating_sub(64));
    let mut chunks = vec![chunk(direction, head, time)];
    if !rest.is_empty() {
        let skipped = gap.len() as u64;
        chunks.push(Chunk { skipped, tail, ..chunk(direction, &[], time + 1) });
    }
    chunks
}

proptest! {
    #[test]
    fn cuts_do_not_matter(turns in conversation(4), cuts in vec(1_usize..80, 1..20)) {
        let segments = segments(&turns);
        let whole = events(&segments, &[]);
        all_reported(&turns, &whole);
        prop_assert_eq!(&events(&segments, &cuts), &whole);
        prop_assert_eq!(&events(&segments, &[1]), &whole);
    }

    #[test]
    fn responses_may_overtake_their_requests(turns in conversation(3), cuts in vec(60_usize..200, 1..9)) {
        let turns: Vec<Turn> = turns;
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        let mut cuts = cuts.iter().copied().cycle();
        for (turn, pair) in segments(&turns).chunks(2).enumerate() {
            let time = 10 * turn as u64;
            let (asked, mut answered) = (&pair[0].1, pair[1].1.as_slice());
            while !answered.is_empty() {
                let (piece, rest) = answered.split_at(cuts.next().unwrap().min(answered.len()));
                decoder.feed(&chunk(Direction::Response, piece, time + 5), &mut found);
                answered = rest;
            }
            decoder.feed(&chunk(Direction::Request, asked, time), &mut found);
        }
        decoder.end(None, 1000, &mut found);
        all_reported(&turns, &found);
    }

    /// Whatever the budget, one request at a time is never paired wrongly and never lost without being counted.
    #[test]
    fn requests_are_reported_or_counted(turns in conversation(1), budgets in (30_usize..400, 20_usize..400)) {
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        for (index, (direction, run)) in segments(&turns).iter().enumerate() {
            let budget = if *direction == Direction::Request { budgets.0 } else { budgets.1 };
            for piece in captured(*direction, run, budget, 10 * index as u64) {
                decoder.feed(&piece, &mut found);
            }
        }
        decoder.end(None, 1000, &mut found);
        let mut ledger = Ledger::new(usize::MAX);
        ledger.enter(&found);
        ledger.close();
        rightly_paired(&found);
        prop_assert_eq!(ledger.ended + ledger.abandoned + ledger.lost, turns.len() as u64);
    }

    /// Batches with gaps and lost records: some pairs are given up, none is wrong.
    #[test]
    fn pairs_are_never_guessed(
        turns in conversation(4),
        budgets in (30_usize..400, 20_usize..400),
        dropped in vec(prop::bool::weighted(0.15), 1..30),
    ) {
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        let mut dropped = dropped.iter().copied().cycle();
        for (index, (direction, run)) in segments(&turns).iter().enumerate() {
            let budget = if *direction == Direction::Request { budgets.0 } else { budgets.1 };
            for piece in captured(*direction, run, budget, 10 * index as u64) {
                if dropped.next().unwrap() {
                    decoder.lost(*direction, &mut found);
                } else {
                    decoder.feed(&piece, &mut found);
                }
            }
        }
        decoder.end(None, 1000, &mut found);
        let mut ledger = Ledger::new(usize::MAX);
        ledger.enter(&found);
        ledger.close();
        rightly_paired(&found);
    }

    /// A client that asks, several at once to begin with, while earlier requests are unanswered, whose requests are all captured: each is a span or a loss, once.
    #[test]
    fn pipelines_are_counted_once(
        first in (2_usize..20, 0_usize..20),
        steps in vec((0_usize..20, 0_usize..20), 1..30),
        budgets in vec(prop_oneof![Just(usize::MAX), 20_usize..2000], 1..6),
        dropped in vec(prop::bool::weighted(0.1), 1..30),
    ) {
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        let (mut budgets, mut dropped) = (budgets.into_iter().cycle(), dropped.into_iter().cycle());
        let (mut asked, mut answered) = (0, 0);
        let last = steps.len();
        for (index, (asks, answers)) in std::iter::once(first).chain(steps).enumerate() {
            let time = 10 * index as u64 + 1;
            let requests: Vec<_> =
                (asked..asked + asks).map(|number| format!("GET /{number}. HTTP/1.1\r\n\r\n")).collect();
            asked += asks;
            decoder.feed(&chunk(Direction::Request, requests.concat().as_bytes(), time), &mut found);
            let answers = if index == last { asked - answered } else { answers.min(asked - answered) };
            let responses: Vec<_> = (answered..answered + answers)
                .map(|number| format!("HTTP/1.1 {} X\r\nContent-Length: 30\r\n\r\n{number:030}", status(number)))
                .collect();
            answered += answers;
            if answers == 0 {
                continue;
            }
            for piece in captured(Direction::Response, responses.concat().as_bytes(), budgets.next().unwrap(), time + 2) {
                if dropped.next().unwrap() {
                    decoder.lost(Direction::Response, &mut found);
                } else {
                    decoder.feed(&piece, &mut found);
                }
            }
        }
        decoder.end(None, 10_000, &mut found);
        let mut ledger = Ledger::new(usize::MAX);
        ledger.enter(&found);
        ledger.close();
        rightly_paired(&found);
        prop_assert_eq!(ledger.ended + ledger.abandoned + ledger.lost, asked as u64);
    }

    #[test]
    fn arbitrary_programs_keep_the_books(data in vec(any::<u8>(), 0..400)) {
        fuzzing::decoder(&Http1, &data);
        fuzzing::trace_context(&data);
    }
}
