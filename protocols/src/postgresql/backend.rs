//! Messages of the server.

use std::sync::Arc;

use super::conversation::PostgreSqlConversation;
use super::detect;
use super::unit::{Query, Waiting};
use crate::decoder::{Event, LossReason};
use crate::framed::Frame;
use crate::sql::describe::Outcome;
use crate::sql::exchanges::{Key, Span, lose};

/// `error.type` of a statement that the server passed over after an earlier one of its pipeline had failed.
const ABORTED: &str = "pipeline_aborted";

/// Bytes needed of a message's body.
pub(super) fn keep(kind: u8) -> usize {
    match kind {
        b'C' | b'S' => 64,
        b'E' => 128,
        b'Z' => 1,
        _ => 0,
    }
}

/// What the server has said about the statement it executes.
#[derive(Debug)]
pub(super) struct Reply {
    /// When it began to.
    first: Option<u64>,
    rows: u64,
    /// Every row was seen.
    pub(super) exact: bool,
    /// It sends the data of a `COPY`.
    copies: bool,
}

impl Default for Reply {
    fn default() -> Self {
        Self { first: None, rows: 0, exact: true, copies: false }
    }
}

/// The end of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Done<'a> {
    /// `CommandComplete` and its tag.
    Command(Span, &'a str),
    /// `PortalSuspended`, `EmptyQueryResponse`, the result of a function call.
    Suspended(Span),
    Other(Span),
    /// Not captured; it succeeded.
    Unseen,
}

impl PostgreSqlConversation {
    pub(super) fn server(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        if let [answer] = *frame.header {
            return self.encryption(answer, out);
        }
        let kind = frame.header[0];
        match kind {
            b'S' => return self.parameter(frame.body),
            b'N' | b'A' | b'R' | b'K' | b'v' => return,
            b'Z' => return self.ready(frame, out),
            _ => {}
        }
        while matches!(self.waiting.front(), Some(Waiting::Perhaps)) {
            self.waiting.pop_front();
        }
        let first = *self.reply.first.get_or_insert(frame.first);
        let answered = Span { first, last: frame.last };
        match kind {
            b'1' if matches!(self.waiting.front(), Some(Waiting::Parse { .. })) => {
                self.waiting.pop_front();
                self.reply = Reply::default();
            }
            b'D' => self.reply.rows += 1,
            b'G' | b'W' => self.copy_in(),
            b'H' => self.reply.copies = true,
            b'C' => self.complete(Done::Command(answered, detect::tag(frame.body).unwrap_or_default()), out),
            b's' => self.complete(Done::Suspended(answered), out),
            b'I' | b'V' => self.complete(Done::Other(answered), out),
            b'E' => self.fail(answered, frame.body, out),
            _ => {}
        }
    }

    /// The client will send data. What it has sent already to end the statement does not, by the rules of the protocol.
    fn copy_in(&mut self) {
        self.copying = true;
        if matches!(self.waiting.get(1), Some(Waiting::Sync)) && !matches!(self.waiting[0], Waiting::Query(_))
        {
            self.waiting.remove(1);
        }
    }

    fn encryption(&mut self, answer: u8, out: &mut Vec<Event>) {
        self.waiting.pop_front();
        if !matches!(answer, b'S' | b'G') {
            return;
        }
        if !self.waiting.is_empty() {
            // Nobody who speaks the protocol goes on before the answer.
            self.give_up(LossReason::Malformed, out);
        }
        if answer == b'S' {
            out.push(Event::StartTls);
        } else {
            self.left = true;
            out.push(Event::Left);
        }
    }

    fn parameter(&mut self, body: &[u8]) {
        if let Some(value) = body.strip_prefix(b"standard_conforming_strings\0") {
            self.syntax.backslash = value.starts_with(b"off");
        }
    }

    /// A statement has ended.
    pub(super) fn complete(&mut self, done: Done<'_>, out: &mut Vec<Event>) {
        let reply = std::mem::take(&mut self.reply);
        self.copying = false;
        if self.exchanges.in_doubt() {
            return self.exchanges.answered_in_doubt(out);
        }
        while matches!(self.waiting.front(), Some(Waiting::Parse { .. })) {
            self.waiting.pop_front();
        }
        match self.waiting.pop_front() {
            Some(Waiting::Query(mut query)) => {
                // Of a query without a statement this is the answer, and no result.
                let empty = query.open.is_none() && query.rest.is_empty() && matches!(done, Done::Other(_));
                if !empty && !query.over {
                    let (key, known) = self.statement(&mut query, out);
                    self.answer(key, done, (known, 0), &reply, out);
                }
                self.waiting.push_front(Waiting::Query(query));
            }
            Some(Waiting::Execute { key, known, limit }) => {
                self.answer(key, done, (known.is_some(), limit), &reply, out);
            }
            Some(Waiting::Call(key)) => {
                self.answer(key, done, (true, 0), &reply, out);
                self.waiting.push_front(Waiting::Sync);
            }
            Some(Waiting::Hidden) => {
                self.give_up(LossReason::NotCaptured, out);
                self.exchanges.answered_in_doubt(out);
            }
            other => {
                lose(LossReason::NoRequest, 1, out);
                if let Some(other) = other {
                    self.waiting.push_front(other);
                }
            }
        }
    }

    /// The statement of a simple query that is being executed, and whether its text is known.
    fn statement(&mut self, query: &mut Query, out: &mut Vec<Event>) -> (Key, bool) {
        if let Some(open) = query.open.take() {
            return open;
        }
        let next = query.rest.pop_front();
        (self.exchanges.open(&self.session, next.as_ref(), query.asked, out), next.is_some())
    }

    fn answer(
        &mut self,
        key: Key,
        done: Done<'_>,
        (known, limit): (bool, u32),
        reply: &Reply,
        out: &mut Vec<Event>,
    ) {
        let seen = (reply.exact).then_some(reply.rows);
        let (answered, outcome) = match done {
            Done::Command(answered, tag) => (answered, command(tag, known, reply)),
            Done::Suspended(answered) => {
                // It is suspended because it has returned as many rows as it may.
                let returned = seen.or((limit > 0).then_some(u64::from(limit)));
                (answered, Outcome { returned, ..Outcome::default() })
            }
            Done::Other(answered) => (answered, Outcome::default()),
            Done::Unseen => {
                let at = reply.first.unwrap_or(self.last);
                (Span { first: at, last: self.last.max(at) }, Outcome::default())
            }
        };
        self.exchanges.answer(&self.session, key, answered, outcome, out);
    }

    /// An error ends a statement, and everything behind it up to the next `Sync`.
    fn fail(&mut self, answered: Span, body: &[u8], out: &mut Vec<Event>) {
        self.reply = Reply::default();
        self.copying = false;
        if self.exchanges.in_doubt() {
            return self.exchanges.answered_in_doubt(out);
        }
        let outcome = Outcome { code: sqlstate(body), error: Some("_OTHER"), ..Outcome::default() };
        match self.waiting.pop_front() {
            Some(Waiting::Query(mut query)) => {
                if !query.over {
                    let (key, _) = self.statement(&mut query, out);
                    self.exchanges.answer(&self.session, key, answered, outcome, out);
                }
                query.rest.clear();
                (query.over, query.more) = (true, false);
                self.waiting.push_front(Waiting::Query(query));
            }
            Some(Waiting::Execute { key, .. }) => {
                self.exchanges.answer(&self.session, key, answered, outcome, out);
                self.skipping = true;
            }
            Some(Waiting::Call(key)) => {
                self.exchanges.answer(&self.session, key, answered, outcome, out);
                self.waiting.push_front(Waiting::Sync);
            }
            Some(Waiting::Parse { asked, statement }) => {
                // The error is that of its execution, if there will be one.
                let key = self.execution_of(&statement);
                let key =
                    key.unwrap_or_else(|| self.exchanges.open(&self.session, Some(&statement), asked, out));
                self.exchanges.answer(&self.session, key, answered, outcome, out);
                self.skipping = true;
            }
            Some(Waiting::Hidden) => {
                self.give_up(LossReason::NotCaptured, out);
                self.exchanges.answered_in_doubt(out);
            }
            Some(Waiting::Orphan) => {
                // What ends an idle connection answers nothing.
                if !matches!(field(body, b'V'), b"FATAL" | b"PANIC") {
                    lose(LossReason::NoRequest, 1, out);
                }
                self.waiting.push_front(Waiting::Orphan);
            }
            other => {
                self.skipping = matches!(other, Some(Waiting::Sync));
                if let Some(other) = other {
                    self.waiting.push_front(other);
                }
            }
        }
    }

    /// Takes the `Execute` of a statement out of what waits, if it came before the next `Sync`.
    fn execution_of(&mut self, statement: &Arc<crate::sql::Statement>) -> Option<Key> {
        let of_it = |waiting: &Waiting| matches!(waiting, Waiting::Execute { known: Some(known), .. } if Arc::ptr_eq(known, statement));
        let unit = self.waiting.iter().take_while(|waiting| !matches!(waiting, Waiting::Sync));
        let index = unit.enumerate().find(|(_, waiting)| of_it(waiting)).map(|(index, _)| index)?;
        match self.waiting.remove(index) {
            Some(Waiting::Execute { key, .. }) => Some(key),
            _ => None,
        }
    }

    /// `ReadyForQuery`: whatever it closes has ended.
    fn ready(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let skipping = std::mem::take(&mut self.skipping);
        self.reply = Reply::default();
        self.copying = false;
        if self.exchanges.in_doubt() {
            return;
        }
        let at = Span { first: frame.first, last: frame.last };
        while let Some(waiting) = self.waiting.pop_front() {
            match waiting {
                Waiting::Parse { .. } | Waiting::Encryption => {}
                Waiting::Execute { key, .. } if skipping => {
                    let outcome = Outcome { error: Some(ABORTED), ..Outcome::default() };
                    self.exchanges.answer(&self.session, key, at, outcome, out);
                }
                Waiting::Execute { key, .. } => {
                    self.exchanges.abandon(key, LossReason::Malformed, out);
                }
                Waiting::Query(query) => {
                    if let Some((key, _)) = query.open {
                        self.exchanges.abandon(key, LossReason::Malformed, out);
                    }
                    return;
                }
                Waiting::Call(key) => return self.exchanges.abandon(key, LossReason::Malformed, out),
                Waiting::Hidden => return self.give_up(LossReason::NotCaptured, out),
                Waiting::Perhaps if !self.waiting.is_empty() => {}
                Waiting::Startup | Waiting::Sync | Waiting::Orphan | Waiting::Perhaps => return,
            }
        }
    }
}

/// What a tag says: `INSERT 0 5`, `SELECT 5`, `CREATE TABLE`.
fn command(tag: &str, known: bool, reply: &Reply) -> Outcome {
    let verb = tag.split(' ').next().unwrap_or_default();
    let count: Option<u64> = tag.rsplit(' ').next().and_then(|count| count.parse().ok());
    let rows = (reply.exact && reply.rows > 0).then_some(reply.rows);
    let (returned, affected) = match verb {
        "SELECT" | "FETCH" | "VALUES" | "SHOW"
            if reply.exact && count.is_none_or(|count| count == reply.rows) =>
        {
            (Some(reply.rows), None)
        }
        // Every row was seen and there were none: they went into a table.
        "SELECT" if reply.exact => (rows, count),
        "SELECT" | "FETCH" => (count, None),
        "COPY" if reply.copies => (count, None),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" => (rows, count),
        _ => (rows, None),
    };
    let words = tag.trim_end_matches(|last: char| last.is_ascii_digit() || last == ' ');
    let operation = (!known && !words.is_empty()).then(|| words.to_owned());
    Outcome { returned, affected, operation, ..Outcome::default() }
}

/// The code of an error, if it was captured.
fn sqlstate(body: &[u8]) -> Option<String> {
    let code = field(body, b'C');
    let is_code = code.len() == 5 && code.iter().all(u8::is_ascii_alphanumeric);
    is_code.then(|| String::from_utf8_lossy(code).into_owned())
}

/// A field of an error.
fn field(body: &[u8], wanted: u8) -> &[u8] {
    let mut fields = body.split(|byte| *byte == 0);
    fields.find_map(|field| field.strip_prefix(&[wanted])).unwrap_or_default()
}
