//! What must hold for every `PostgreSQL` conversation.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use underspan_protocols::decoder::{Chunk, Decoder, Event, Options, Protocol};
use underspan_protocols::framing::Keep;
use underspan_protocols::fuzzing::{self, Ledger};
use underspan_protocols::message::{Direction, Role, Value};
use underspan_protocols::postgresql::PostgreSql;

/// What becomes of a statement.
#[derive(Debug, Clone)]
enum Fate {
    /// So many rows of so many bytes.
    Rows(u8, usize),
    Fails,
}

/// What the client sends in one go and the server answers with one `ReadyForQuery`.
#[derive(Debug, Clone)]
enum Unit {
    /// A simple query, with so many bytes of literal in each statement.
    Simple(Vec<Fate>, usize),
    /// `Parse`, `Bind`, `Execute` of each, with a parameter of so many bytes, and `Sync`.
    Extended(Vec<Fate>, usize),
}

/// Units of one turn are sent together, then answered together.
type Turn = Vec<Unit>;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => (0_u8..20, 1_usize..100).prop_map(|(rows, size)| Fate::Rows(rows, size)), 1 => Just(Fate::Fails)]
}

fn unit() -> impl Strategy<Value = Unit> {
    prop_oneof![
        (vec(fate(), 1..4), 0_usize..200).prop_map(|(fates, size)| Unit::Simple(fates, size)),
        (vec(fate(), 1..4), 0_usize..200).prop_map(|(fates, size)| Unit::Extended(fates, size)),
    ]
}

fn conversation(most_per_turn: usize) -> impl Strategy<Value = Vec<Turn>> {
    vec(vec(unit(), 1..=most_per_turn), 1..6)
}

fn message(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    out.extend(body);
}

/// Statement `number` reads from the table of its number; that is how an answer is known to be its own.
fn text(number: usize, size: usize) -> String {
    format!("SELECT '{:x<size$}' FROM t{number}.x", "")
}

/// What is expected of each statement that is an exchange: error code, or rows; `None`: it is passed over.
type Expected = Vec<Option<Result<u8, String>>>;

fn segments(turns: &[Turn]) -> (Vec<(Direction, Vec<u8>)>, Expected) {
    let (mut segments, mut expected) = (Vec::new(), Vec::new());
    for turn in turns {
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        for unit in turn {
            unit.write(&mut asked, &mut answered, &mut expected);
        }
        segments.push((Direction::Request, asked));
        segments.push((Direction::Response, answered));
    }
    (segments, expected)
}

impl Unit {
    fn write(&self, asked: &mut Vec<u8>, answered: &mut Vec<u8>, expected: &mut Expected) {
        let mut failed = false;
        let first = expected.len();
        match self {
            Self::Simple(fates, size) => {
                let end = fates.iter().position(|fate| matches!(fate, Fate::Fails));
                let executed = end.map_or(fates.len(), |end| end + 1);
                let texts: Vec<_> = (0..fates.len()).map(|index| text(first + index, *size)).collect();
                message(b'Q', format!("{}\0", texts.join(";")).as_bytes(), asked);
                for fate in &fates[..executed] {
                    fate.write(expected.len(), answered);
                    expected.push(Some(fate.result(expected.len())));
                }
            }
            Self::Extended(fates, size) => {
                for fate in fates {
                    let number = expected.len();
                    message(b'P', format!("\0{}\0\0\0", text(number, 0)).as_bytes(), asked);
                    let mut bind = b"\0\0\0\0\0\x01".to_vec();
                    bind.extend(u32::try_from(*size).unwrap().to_be_bytes());
                    bind.extend(vec![b'p'; *size]);
                    bind.extend(b"\0\0");
                    message(b'B', &bind, asked);
                    message(b'D', b"P\0", asked);
                    message(b'E', b"\0\0\0\0\0", asked);
                    if failed {
                        expected.push(None);
                        continue;
                    }
                    failed = matches!(fate, Fate::Fails);
                    message(b'1', b"", answered);
                    if !failed {
                        message(b'2', b"", answered);
                    }
                    fate.write(number, answered);
                    expected.push(Some(fate.result(number)));
                }
                message(b'S', b"", asked);
            }
        }
        message(b'Z', b"I", answered);
    }
}

impl Fate {
    fn write(&self, number: usize, out: &mut Vec<u8>) {
        match self {
            Self::Rows(rows, size) => {
                message(b'T', b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0", out);
                for _ in 0..*rows {
                    message(b'D', &vec![b'r'; *size + 6], out);
                }
                message(b'C', format!("SELECT {rows}\0").as_bytes(), out);
            }
            Self::Fails => {
                let error = format!("SERROR\0VERROR\0C{}\0Mit does not work\0\0", code(number));
                message(b'E', error.as_bytes(), out);
            }
        }
    }

    fn result(&self, number: usize) -> Result<u8, String> {
        match self {
            Self::Rows(rows, _) => Ok(*rows),
            Self::Fails => Err(code(number)),
        }
    }
}

fn code(number: usize) -> String {
    format!("{:05}", 20_000 + number)
}

fn chunk(direction: Direction, bytes: &[u8], time: u64) -> Chunk<'_> {
    Chunk { direction, bytes, skipped: 0, tail: &[], aligned: false, first: time, last: time }
}

fn new_decoder() -> Box<dyn Decoder> {
    PostgreSql.decoder(Role::Server, &Arc::new(Options::default()))
}

/// Events of a conversation cut at every multiple (per segment) of the sizes given in turn.
fn events(segments: &[(Direction, Vec<u8>)], cuts: &[usize]) -> Vec<Event> {
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

/// Number of the statement in a request's text.
fn number(text: &str) -> Option<usize> {
    text.split_once("FROM t")?.1.strip_suffix(".x")?.parse().ok()
}

/// Panics when an answer was given to a statement it is not of. Returns the books.
fn rightly_paired(events: &[Event], expected: &Expected) -> Ledger {
    let mut ledger = Ledger::new(usize::MAX);
    ledger.enter(events);
    ledger.close();
    let mut asked = BTreeMap::new();
    for event in events {
        match event {
            Event::Request { key, request, .. } => {
                let text = request.attributes.iter().find(|(name, _)| name.name == "db.query.text");
                let number = text.and_then(|(_, text)| match text {
                    Value::String(text) => number(text),
                    _ => None,
                });
                asked.insert(*key, number);
            }
            Event::Response { key, response, .. } => {
                let Some(number) = asked[key] else { continue };
                let returned = response.attributes.iter().find_map(|(name, value)| match value {
                    Value::Int(rows) if name.name == "db.response.returned_rows" => Some(*rows),
                    _ => None,
                });
                match &expected[number] {
                    Some(Ok(rows)) => {
                        assert_eq!(response.error, None, "statement {number}");
                        assert!(returned.is_none_or(|returned| returned == i64::from(*rows)), "{number}");
                    }
                    Some(Err(code)) => {
                        let error = response.error.as_deref();
                        assert!(error == Some(code) || error == Some("_OTHER"), "{number}: {error:?}");
                    }
                    None => assert_eq!(response.error.as_deref(), Some("pipeline_aborted"), "{number}"),
                }
            }
            _ => {}
        }
    }
    ledger
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

/// Sends what a kernel that follows the frames would, of calls of these lengths: what is declared of each, and the first of each run.
fn followed<'a>(direction: Direction, run: &'a [u8], calls: &[usize], time: u64) -> Vec<Chunk<'a>> {
    let framing = PostgreSql.framing().unwrap();
    let mut wanted = vec![false; run.len()];
    let mut at = 0;
    while at < run.len() {
        let end = at + 1 + u32::from_be_bytes(run[at + 1..at + 5].try_into().unwrap()) as usize;
        let kept = match (framing.keep)(direction, run[at]) {
            Keep::Body(bytes) => 5 + usize::from(bytes),
            Keep::Silent if at == 0 => 5,
            Keep::Silent => 0,
            Keep::Invalid => panic!("a message of type {}", char::from(run[at])),
        };
        wanted[at..end.min(at + kept)].fill(true);
        at = end;
    }
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    let mut calls = calls.iter().copied().cycle();
    let mut begin = 0;
    while begin < run.len() {
        let call = (begin + calls.next().unwrap()).min(run.len());
        let mut from = begin;
        while from < call {
            let captured = from + wanted[from..call].iter().take_while(|wanted| **wanted).count();
            let end = captured + wanted[captured..call].iter().take_while(|wanted| !**wanted).count();
            let skipped = (end - captured) as u64;
            chunks.push(Chunk { skipped, aligned: true, ..chunk(direction, &run[from..captured], time) });
            from = end;
        }
        begin = call;
    }
    chunks
}

proptest! {
    #[test]
    fn what_the_framing_passes_over_does_not_matter(turns in conversation(3), calls in vec(1_usize..9000, 1..9)) {
        let (segments, expected) = segments(&turns);
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        for (time, (direction, run)) in (0..).zip(&segments) {
            for chunk in followed(*direction, run, &calls, time) {
                decoder.feed(&chunk, &mut found);
            }
        }
        decoder.end(None, 1000, &mut found);
        let ledger = rightly_paired(&found, &expected);
        prop_assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (expected.len() as u64, 0, 0));
    }

    #[test]
    fn cuts_do_not_matter(turns in conversation(3), cuts in vec(1_usize..80, 1..20)) {
        let (segments, expected) = segments(&turns);
        let whole = events(&segments, &[]);
        let ledger = rightly_paired(&whole, &expected);
        prop_assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (expected.len() as u64, 0, 0));
        prop_assert_eq!(&events(&segments, &cuts), &whole);
        prop_assert_eq!(&events(&segments, &[1]), &whole);
    }

    #[test]
    fn responses_may_overtake_their_requests(turns in conversation(2), cuts in vec(60_usize..200, 1..9)) {
        let (segments, expected) = segments(&turns);
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        let mut cuts = cuts.iter().copied().cycle();
        prop_assume!(segments.iter().all(|(_, bytes)| bytes.len() < 4000));
        for (turn, pair) in segments.chunks(2).enumerate() {
            let time = 10 * turn as u64;
            let mut answered = pair[1].1.as_slice();
            while !answered.is_empty() {
                let (piece, rest) = answered.split_at(cuts.next().unwrap().min(answered.len()));
                decoder.feed(&chunk(Direction::Response, piece, time + 5), &mut found);
                answered = rest;
            }
            decoder.feed(&chunk(Direction::Request, &pair[0].1, time), &mut found);
        }
        decoder.end(None, 1000, &mut found);
        let ledger = rightly_paired(&found, &expected);
        prop_assert_eq!((ledger.ended, ledger.abandoned, ledger.lost), (expected.len() as u64, 0, 0));
    }

    /// Gaps and lost records: some pairs are given up, none is wrong.
    #[test]
    fn pairs_are_never_guessed(
        turns in conversation(3),
        budgets in (20_usize..600, 20_usize..600),
        dropped in vec(prop::bool::weighted(0.1), 1..30),
    ) {
        let (segments, expected) = segments(&turns);
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        let mut dropped = dropped.iter().copied().cycle();
        for (index, (direction, run)) in segments.iter().enumerate() {
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
        rightly_paired(&found, &expected);
    }

    /// One unit of one statement at a time, whatever the budget for its answer: reported with its result, or counted.
    #[test]
    fn statements_are_reported_or_counted(fates in vec((fate(), any::<bool>()), 1..9), budget in 20_usize..600) {
        let turns: Vec<Turn> = fates
            .into_iter()
            .map(|(fate, simple)| {
                vec![if simple { Unit::Simple(vec![fate], 9) } else { Unit::Extended(vec![fate], 9) }]
            })
            .collect();
        let (segments, expected) = segments(&turns);
        let mut decoder = new_decoder();
        let mut found = Vec::new();
        for (index, (direction, run)) in segments.iter().enumerate() {
            let budget = if *direction == Direction::Request { usize::MAX } else { budget };
            for piece in captured(*direction, run, budget, 10 * index as u64) {
                decoder.feed(&piece, &mut found);
            }
        }
        decoder.end(None, 1000, &mut found);
        let ledger = rightly_paired(&found, &expected);
        prop_assert_eq!(ledger.ended + ledger.abandoned + ledger.lost, expected.len() as u64);
        // Only an error whose beginning was not captured cannot be told.
        let failures = expected.iter().filter(|result| matches!(result, Some(Err(_)))).count() as u64;
        prop_assert!(ledger.ended >= expected.len() as u64 - failures);
    }

    #[test]
    fn arbitrary_programs_keep_the_books(data in vec(any::<u8>(), 0..400)) {
        fuzzing::decoder(&PostgreSql, &data);
        fuzzing::query(&data);
    }
}
