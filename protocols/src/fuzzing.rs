//! Arbitrary bytes -> a decoder, with a ledger that knows the rules of what may come out.
//!
//! The fuzz targets and the property tests share this, so what one finds the other can keep.

mod pieces;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::TraceContext;
use crate::decoder::{Chunk, Decoder, Event, Options, Protocol};
use crate::http2::hpack;
use crate::message::{AttributeKind, Attributes, Direction, Role, Value};
use crate::semconv::find_attribute;
use crate::sql::{self, Dialect, Syntax};

/// Runs `data` as a program of chunks, losses and ends against a decoder; panics when a rule is broken.
pub fn decoder(protocol: &dyn Protocol, data: &[u8]) {
    _ = protocol.detect(data);
    let mut program = Program { rest: data, pieces: pieces::of(protocol.name()) };
    let options = Arc::new(Options { max_value: 40, ..Options::default() });
    let role = if program.byte() & 1 == 0 { Role::Server } else { Role::Client };
    let mut decoder = protocol.decoder(role, &options);
    let mut ledger = Ledger::new(options.max_value);
    let mut events = Vec::new();
    let mut clock = 0;
    while !program.rest.is_empty() {
        program.step(decoder.as_mut(), &mut clock, &mut events);
        ledger.enter(&events);
        events.clear();
    }
    decoder.end(None, clock, &mut events);
    ledger.enter(&events);
    ledger.close();
}

/// Reads `data` as headers: name and value alternate, separated by line feeds.
pub fn trace_context(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    let headers = lines.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    if let Some(context) = TraceContext::from_headers(headers) {
        assert_ne!(context.trace_id, [0; 16]);
        assert_ne!(context.parent_id, [0; 8]);
        assert_eq!(context.flags & !3, 0);
        assert!(context.state.split(',').count() <= 32);
        assert!(context.state.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

/// Reads `data` as a query: the first byte says in which dialect and whether it is cut. Between two quotes that no other quote or
/// comment encloses nothing may be told, so a text in quotes must not show.
pub fn query(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let dialect = match first & 9 {
        0 => Dialect::PostgreSql,
        1 => Dialect::MySql,
        _ => Dialect::Sqlite,
    };
    let syntax = Syntax { dialect, backslash: first & 2 != 0 };
    let limit = 300;
    let mut planted = b"SELECT '\xf0\x9f\x94\x92secret".to_vec();
    planted.extend(text.iter().filter(|byte| !matches!(byte, b'\'' | b'\\')));
    for (text, is_planted) in [(text, false), (&planted[..], true)] {
        for statement in sql::read(text, syntax, first & 4 != 0, limit).statements {
            assert!(statement.text.len() <= limit && statement.summary.len() <= 255);
            assert!(!is_planted || statement.text == "SELECT ?", "{}", statement.text);
        }
    }
}

/// Reads `data` as header blocks, of which each begins with its length: decoded in full and joined late, what is
/// known to both is the same.
pub fn header_block(data: &[u8]) {
    let (mut whole, mut late) = (hpack::Decoder::new(), hpack::Decoder::joined());
    let mut rest = data;
    let mut number = 0;
    while let Some((length, after)) = rest.split_first() {
        let (block, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        let fields = |decoder: &mut hpack::Decoder, cut| {
            let mut fields = Vec::new();
            let owned = |text: Option<&[u8]>| text.map(<[u8]>::to_vec);
            let read = decoder.decode(block, cut, |field| {
                assert!(field.value.is_some() || field.name.is_none(), "a name without its value");
                fields.push((owned(field.name), owned(field.value)));
            });
            (read, fields)
        };
        let (read, known) = fields(&mut whole, false);
        assert!(whole.size() <= 64 * 1024, "tables are bounded");
        _ = fields(&mut hpack::Decoder::joined(), true);
        if number >= 2 && read.is_ok() {
            let (read, seen) = fields(&mut late, false);
            assert!(read.is_ok() && seen.len() == known.len(), "what can be read can be read late");
            for ((name, value), (known_name, known_value)) in seen.iter().zip(&known) {
                assert!(name.is_none() || name == known_name && known_name.is_some(), "a wrong name");
                assert!(value.is_none() || value == known_value && known_value.is_some(), "a wrong value");
            }
        } else if read.is_err() {
            // The encoder is not to be trusted, so neither knows its table.
            late.lose();
        }
        number += 1;
    }
}

struct Program<'a> {
    rest: &'a [u8],
    pieces: &'static [&'static [u8]],
}

impl<'a> Program<'a> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.rest.split_first().unwrap_or((&0, &[]));
        self.rest = rest;
        *first
    }

    fn bytes(&mut self, count: u8) -> &'a [u8] {
        let (bytes, rest) = self.rest.split_at(usize::from(count).min(self.rest.len()));
        self.rest = rest;
        bytes
    }

    /// One operation: its lowest bit is the direction, the next three say what, the rest how much time passes.
    fn step(&mut self, decoder: &mut dyn Decoder, clock: &mut u64, out: &mut Vec<Event>) {
        let operation = self.byte();
        let direction = if operation & 1 == 0 { Direction::Request } else { Direction::Response };
        *clock += u64::from(operation >> 4);
        let mut chunk = Chunk {
            direction,
            bytes: &[],
            skipped: 0,
            tail: &[],
            aligned: false,
            first: *clock,
            last: *clock,
        };
        match operation >> 1 & 7 {
            0 => return decoder.lost(direction, out),
            1 => return decoder.end(Some(direction), *clock, out),
            2 => {
                // A piece that is late: it passed some time ago.
                chunk.first = clock.saturating_sub(20);
                chunk.last = chunk.first;
                chunk.bytes = self.piece();
            }
            3 => {
                chunk.bytes = self.piece();
                chunk.skipped = u64::from(self.byte());
                let tail = self.byte();
                chunk.tail = self.bytes(tail & 63);
            }
            4 => {
                let count = self.byte();
                chunk.bytes = self.bytes(count);
            }
            _ => chunk.bytes = self.piece(),
        }
        decoder.feed(&chunk, out);
    }

    fn piece(&mut self) -> &'a [u8] {
        self.pieces[usize::from(self.byte()) % self.pieces.len()]
    }
}

/// Keeps the books of one connection's events and panics when they do not add up.
#[derive(Debug)]
pub struct Ledger {
    max_value: usize,
    open: BTreeMap<u64, Entry>,
    next_key: u64,
    left: bool,
    /// Exchanges that ended with a response.
    pub ended: u64,
    /// Exchanges given up after their request was reported.
    pub abandoned: u64,
    /// Exchanges counted without a request reported.
    pub lost: u64,
}

/// An exchange that has not ended.
#[derive(Debug)]
struct Entry {
    first: u64,
    responded: bool,
    request_ended: bool,
}

impl Ledger {
    /// Books for a decoder that cuts values at `max_value` bytes.
    pub fn new(max_value: usize) -> Self {
        let open = BTreeMap::new();
        Self { max_value, open, next_key: 0, left: false, ended: 0, abandoned: 0, lost: 0 }
    }

    /// Books more events.
    pub fn enter(&mut self, events: &[Event]) {
        for event in events {
            assert!(!self.left, "{event:?} after the connection left the protocol");
            self.book(event);
        }
    }

    /// The connection ended: nothing may be open.
    pub fn close(&self) {
        assert!(self.open.is_empty(), "never ended: {:?}", self.open);
    }

    fn book(&mut self, event: &Event) {
        match event {
            Event::Request { key, first, request } => {
                assert!(*key >= self.next_key, "keys grow");
                self.next_key = key + 1;
                self.open.insert(*key, Entry { first: *first, responded: false, request_ended: false });
                self.check(&request.attributes);
                assert!(request.path.as_ref().is_none_or(|path| path.len() <= self.max_value));
            }
            Event::Response { key, first, response } => {
                let entry = self.entry(*key);
                assert!(!entry.responded, "one response each");
                assert!(entry.first <= *first, "answered before it was asked");
                entry.responded = true;
                self.check(&response.attributes);
            }
            Event::End { key, direction: Direction::Request, .. } => {
                let entry = self.entry(*key);
                assert!(!entry.request_ended, "a request ends once");
                entry.request_ended = true;
            }
            Event::End { key, direction: Direction::Response, .. } => {
                assert!(self.entry(*key).request_ended, "the response ends last");
                self.open.remove(key);
                self.ended += 1;
            }
            Event::Abandoned { key, .. } => {
                self.entry(*key);
                self.open.remove(key);
                self.abandoned += 1;
            }
            Event::Lost { exchanges, .. } => {
                assert!(*exchanges > 0, "nothing was lost");
                self.lost += exchanges;
            }
            Event::StartTls => {}
            Event::Left => {
                self.close();
                self.left = true;
            }
        }
    }

    fn entry(&mut self, key: u64) -> &mut Entry {
        self.open.get_mut(&key).expect("the exchange is open")
    }

    fn check(&self, attributes: &Attributes) {
        for (index, (attribute, value)) in attributes.iter().enumerate() {
            assert_eq!(find_attribute(attribute.name), Some(*attribute), "in no registry");
            assert!(
                attributes[..index].iter().all(|(earlier, _)| earlier != attribute),
                "twice: {attribute:?}"
            );
            let kind = match value {
                Value::Static(_) | Value::String(_) => AttributeKind::String,
                Value::Int(_) => AttributeKind::Int,
                Value::Double(_) => AttributeKind::Double,
                Value::Boolean(_) => AttributeKind::Boolean,
                Value::StringArray(_) => AttributeKind::StringArray,
            };
            assert_eq!(kind, attribute.kind, "{attribute:?}");
            if let Value::String(text) = value {
                assert!(text.len() <= self.max_value, "{attribute:?} is too long: {text:?}");
            }
        }
    }
}
