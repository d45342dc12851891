//! Messages of the client.

use std::collections::VecDeque;
use std::sync::Arc;

use super::conversation::PostgreSqlConversation;
use super::detect::{CANCEL, GSS, SSL};
use super::unit::{Query, Waiting};
use crate::decoder::Event;
use crate::framed::Frame;
use crate::sql::exchanges::Span;
use crate::sql::{self, Script, Statement};

/// Bytes needed of a startup message.
pub(super) const KEEP_STARTUP: usize = 2048;
/// Bytes needed of a text.
const KEEP_TEXT: usize = 16 * 1024;
/// Bytes needed of a message with names.
const KEEP_NAMES: usize = 160;

/// Bytes needed of a message's body.
pub(super) fn keep(kind: u8) -> usize {
    match kind {
        b'Q' | b'P' => KEEP_TEXT,
        b'B' | b'E' | b'C' => KEEP_NAMES,
        _ => 0,
    }
}

impl PostgreSqlConversation {
    pub(super) fn client(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let kind = frame.header[0];
        if kind == 0 {
            return self.start(frame, out);
        }
        self.starting = false;
        if matches!(kind, b'P' | b'B' | b'D' | b'E') {
            self.unit.get_or_insert(frame.first);
        }
        match kind {
            b'Q' => self.query(frame, out),
            b'P' => self.parse(frame, out),
            b'B' => match name(frame.body) {
                Some((portal, rest)) => {
                    let statement = name(rest).and_then(|(statement, _)| self.statements.get(statement));
                    self.portals.set(portal, statement);
                }
                None => self.portals.forget(),
            },
            b'E' => self.execute(frame, out),
            b'C' => match frame.body.split_first().and_then(|(what, rest)| Some((what, name(rest)?.0))) {
                Some((b'S', statement)) => self.statements.remove(statement),
                Some((_, portal)) => self.portals.remove(portal),
                None => {}
            },
            b'F' => {
                let asked = Span { first: frame.first, last: frame.last };
                let key = self.exchanges.open(&self.session, None, asked, out);
                self.wait(Waiting::Call(key), out);
            }
            b'S' => {
                self.unit = None;
                // Among the data of a COPY it means nothing.
                if !self.copying {
                    self.wait(Waiting::Sync, out);
                }
            }
            b'c' | b'f' => self.copying = false,
            _ => {}
        }
    }

    /// A message without a type.
    fn start(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let Some((&[b, c, d], parameters)) = frame.body.split_first_chunk::<3>() else { return };
        match u32::from_be_bytes([frame.header[4], b, c, d]) {
            SSL | GSS => self.wait(Waiting::Encryption, out),
            CANCEL => {}
            _ => {
                self.starting = false;
                self.parameters(parameters);
                self.wait(Waiting::Startup, out);
            }
        }
    }

    fn parameters(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|byte| *byte == 0);
        let mut database = None;
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            match key {
                b"user" => self.session.user = self.session.text(value),
                b"database" => database = self.session.text(value),
                b"application_name" => self.session.application = self.session.text(value),
                b"" => break,
                _ => {}
            }
        }
        self.session.namespace = database.or_else(|| self.session.user.clone());
    }

    fn read(&self, text: &[u8], whole: bool) -> Script {
        sql::read(text, self.syntax, !whole, self.session.limit)
    }

    fn query(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let text = frame.body.strip_suffix(&[0]).unwrap_or(frame.body);
        let Script { statements, more } = self.read(text, frame.whole);
        let asked = Span { first: frame.first, last: frame.last };
        let mut rest = VecDeque::from(statements);
        let first = rest.pop_front();
        // A query without any statement is answered by something that is no result.
        let open = (first.is_some() || more).then(|| {
            let known = first.is_some();
            (self.exchanges.open(&self.session, first.as_ref(), asked, out), known)
        });
        self.unit = None;
        self.wait(Waiting::Query(Query { asked, open, rest, over: false, more }), out);
    }

    fn parse(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let Some((name, rest)) = name(frame.body) else { return self.statements.forget() };
        let text = rest.split(|byte| *byte == 0).next().unwrap_or_default();
        let whole = frame.whole || text.len() < rest.len();
        let statement = self.read(text, whole).statements.into_iter().next().unwrap_or_default();
        // The context in a comment is that of one execution, and this text may have many.
        let statement = Arc::new(Statement { context: None, ..statement });
        self.statements.set(name, Some(Arc::clone(&statement)));
        let asked = Span { first: frame.first, last: frame.last };
        self.wait(Waiting::Parse { asked, statement }, out);
    }

    fn execute(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let named = name(frame.body);
        let known = named.and_then(|(portal, _)| self.portals.get(portal));
        let limit = named.and_then(|(_, rest)| rest.first_chunk::<4>());
        let asked = Span { first: self.unit.take().unwrap_or(frame.first), last: frame.last };
        let key = self.exchanges.open(&self.session, known.as_deref(), asked, out);
        let limit = limit.map_or(0, |limit| u32::from_be_bytes(*limit));
        self.wait(Waiting::Execute { key, known, limit }, out);
    }
}

/// Takes a name that ends with NUL off the front.
fn name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}
