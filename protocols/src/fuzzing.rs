//! Arbitrary bytes -> a decoder, with a ledger that knows the rules of what may come out.
//!
//! The fuzz targets and the property tests share this, so what one finds the other can keep.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::TraceContext;
use crate::decoder::{Chunk, Decoder, Event, Options, Protocol};
use crate::message::{AttributeKind, Attributes, Direction, Role, Value};
use crate::semconv::find_attribute;
use crate::sql::{self, Dialect, Syntax};

/// Pieces a program can ask for by number, so that the fuzzer need not invent the protocol.
fn pieces(protocol: &dyn Protocol) -> &'static [&'static [u8]] {
    match protocol.name() {
        "mysql" => MYSQL,
        "postgresql" => POSTGRESQL,
        _ => HTTP1,
    }
}

const MYSQL: &[&[u8]] = &[
    b"\x2a\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\x08\x02\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0\0",
    b"\x2a\0\0\x01\x0d\xa2\x08\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a\0\0shop\0\0",
    b"\x07\0\0\x01\0\0\0\x02\0\0\0",
    b"\x07\0\0\x01\0\x01\0\x0a\0\0\0",
    b"\x19\0\0\0\x03SELECT 'a' FROM b; CALL c",
    b"\0\x10\0\0\x03SELECT 'a",
    b"\x09\0\0\0\x16SELECT ?",
    b"\x0d\0\0\x01\0\x01\0\0\0\x01\0\x01\0\0\0\0\0",
    b"\x0a\0\0\0\x17\x01\0\0\0\0\x01\0\0\0",
    b"\x05\0\0\0\x1c\x01\0\0\0",
    b"\x01\0\0\x01\x01\x03\0\0\x02def",
    b"\x05\0\0\x03\xfe\0\0\x02\0",
    b"\x05\0\0\x05\xfe\0\0\x0a\0",
    b"\x07\0\0\x05\xfe\0\0\x02\0\0\0",
    b"\x02\0\0\x04\x01x",
    b"\x0b\0\0\x01\xff\x2d\x05#70100no",
    b"\x02\0\0\x01\xfbf",
    b"\0\0\0\x02",
    b"\xff\xff\xff\x04ab",
    b"\x02\0\0\0\x02d",
];

const POSTGRESQL: &[&[u8]] = &[
    b"\0\0\0\x0f\0\x03\0\0user\0a\0",
    b"\0\0\0\x08\x04\xd2\x16\x2f",
    b"N",
    b"Q\0\0\0\x1cSELECT 'a' FROM b; COPY\0",
    b"Q\0\0\x10\0SELECT \"a",
    b"P\0\0\0\x10a\0SELECT 1\0\0",
    b"B\0\0\0\x0d\0a\0\0\0\0\0\0\0",
    b"E\0\0\0\x09\0\0\0\0\x01",
    b"S\0\0\0\x04",
    b"F\0\0\0\x0c\0\0\0\0\0\0\0\0",
    b"c\0\0\0\x04",
    b"C\0\0\0\x0dSELECT 2\0",
    b"Z\0\0\0\x05I",
    b"E\0\0\0\x1eSERROR\0VERROR\0C22012\0Mx\0\0\0",
    b"1\0\0\0\x042\0\0\0\x04",
    b"D\0\0\0\x0b\0\x01\0\0\0\x01x",
    b"D\0\x01\0\0abc",
    b"G\0\0\0\x07\0\0\0",
    b"s\0\0\0\x04",
    b"V\0\0\0\x08\xff\xff\xff\xff",
    b"T\0\0\0\x06\0\0",
];

const HTTP1: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /b?c=d HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"HEAD / HTTP/1.1\r\n",
    b"Expect: 100-continue\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 500 No\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    b"Upgrade: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"Forwarded: for=\"[::1]\";host=x, b\r\n",
    b"\r\n",
];

/// Runs `data` as a program of chunks, losses and ends against a decoder; panics when a rule is broken.
pub fn decoder(protocol: &dyn Protocol, data: &[u8]) {
    _ = protocol.detect(data);
    let mut program = Program { rest: data, pieces: pieces(protocol) };
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
    let dialect = if first & 1 == 0 { Dialect::PostgreSql } else { Dialect::MySql };
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
        let mut chunk = Chunk { direction, bytes: &[], skipped: 0, tail: &[], first: *clock, last: *clock };
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
