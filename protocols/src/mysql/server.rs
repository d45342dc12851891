//! Packets of the server.

use super::client::Command;
use super::conversation::{MySqlConversation, Phase, failed};
use super::packet::{self, CURSOR_EXISTS, Final, MORE_RESULTS, NO_BACKSLASH_ESCAPES, integer, text};
use crate::decoder::{Event, LossReason};
use crate::framed::Frame;
use crate::sql::describe::Outcome;
use crate::sql::exchanges::{Key, Span, lose};

/// Bytes needed of a packet.
pub(super) const KEEP: usize = 256;

const ERROR: u8 = 0xff;
const INFILE: u8 = 0xfb;
/// Number in an error packet that is none: `MariaDB` tells of progress.
const PROGRESS: u16 = 0xffff;
/// Errors that end an idle connection and answer nothing: killed, shut down, idle for too long.
const UNASKED: [u16; 3] = [1927, 1053, 4031];

/// What the next packet of an answer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    /// The first of a result.
    #[default]
    First,
    /// One of so many columns.
    Columns(u64),
    /// Behind the columns: `EOF`, or a row already.
    Fence,
    Rows,
    /// The server reads a file of the client, then answers.
    Infile,
    /// Descriptions of parameters, then of columns.
    Definitions {
        parameters: u16,
        columns: u16,
    },
}

/// What the server has said about the command it answers.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) state: State,
    /// When the answer to the statement began.
    pub(super) first: Option<u64>,
    rows: u64,
    /// Rows came, be it none.
    returns: bool,
    affected: u64,
    changes: bool,
}

impl MySqlConversation {
    pub(super) fn server(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let length =
            u64::from(frame.header[0]) | u64::from(frame.header[1]) << 8 | u64::from(frame.header[2]) << 16;
        match self.phase {
            Phase::Fresh if frame.body.first() == Some(&0x0a) => return self.greeting(&frame.body[1..]),
            Phase::Fresh => self.phase = Phase::Commands,
            Phase::Greeted(_) => return,
            Phase::Authenticating => {
                if frame.body.first() == Some(&0) {
                    self.phase = Phase::Commands;
                    if self.compresses {
                        self.leave(out);
                    }
                }
                return;
            }
            Phase::Commands => {}
        }
        if self.exchanges.in_doubt() {
            return self.in_doubt(frame, length, out);
        }
        let Some(first) = frame.body.first().copied() else { return };
        // The end of descriptions that was not waited for.
        let lists = matches!(self.waiting.front(), Some(Command::FieldList));
        if self.reply.state == State::First && !lists && first == 0xfe && length == 5 && frame.header[3] != 1
        {
            return;
        }
        self.reply.first.get_or_insert(frame.first);
        match self.reply.state {
            State::First => self.first(first, frame, length, out),
            State::Columns(left) => {
                self.reply.state = if left > 1 { State::Columns(left - 1) } else { State::Fence };
            }
            State::Fence => {
                self.reply.state = State::Rows;
                match packet::success(frame.body, length) {
                    Some(Final::Ok { status, .. }) if length == 5 && status & CURSOR_EXISTS == 0 => {
                        self.syntax.backslash = status & NO_BACKSLASH_ESCAPES == 0;
                    }
                    _ => self.row(frame, length, out),
                }
            }
            State::Rows => self.row(frame, length, out),
            State::Infile => self.end(frame, length, out),
            State::Definitions { parameters, columns } => {
                self.definition((parameters, columns), frame, length);
            }
        }
    }

    fn greeting(&mut self, body: &[u8]) {
        let Some((version, rest)) = text(body) else { return };
        if memchr::memmem::find(version, b"MariaDB").is_some() {
            self.session.system = "mariadb";
        }
        let half =
            |at: usize| rest.get(at..at + 2).map_or(0, |half| u32::from(half[0]) | u32::from(half[1]) << 8);
        self.phase = Phase::Greeted(half(13) | half(18) << 16);
    }

    /// The first packet of a result.
    fn first(&mut self, first: u8, frame: &Frame<'_>, length: u64, out: &mut Vec<Event>) {
        if first == ERROR {
            return self.end(frame, length, out);
        }
        match self.waiting.front() {
            Some(Command::Query(_) | Command::Execute { .. } | Command::Orphan) => match first {
                0 if length >= 7 => self.end(frame, length, out),
                INFILE => self.reply.state = State::Infile,
                _ => match columns(frame.body, length) {
                    Some((count, described)) => {
                        self.reply.returns = true;
                        self.reply.state = if described { State::Columns(count) } else { State::Fence };
                    }
                    None => self.give_up(LossReason::Malformed, out),
                },
            },
            Some(Command::Fetch { .. }) => {
                self.reply.returns = true;
                self.reply.state = State::Rows;
                self.row(frame, length, out);
            }
            Some(Command::Prepare { .. }) => self.prepared(frame.body),
            Some(Command::FieldList) if first != 0xfe => {}
            // Another step of the authentication.
            Some(Command::ChangeUser(_)) if first != 0 => {}
            Some(Command::Hidden) => {
                self.give_up(LossReason::NotCaptured, out);
                self.in_doubt(frame, length, out);
            }
            _ => self.end(frame, length, out),
        }
    }

    fn row(&mut self, frame: &Frame<'_>, length: u64, out: &mut Vec<Event>) {
        match frame.body.first() {
            Some(&(0xfe | ERROR)) if length < 0xff_ffff => self.end(frame, length, out),
            _ => self.reply.rows += 1,
        }
    }

    /// The answer to `COM_STMT_PREPARE`: number, columns, parameters.
    fn prepared(&mut self, body: &[u8]) {
        let Some(Command::Prepare { statement, .. }) = self.waiting.front() else { return };
        if let [0, a, b, c, d, columns @ ..] = body {
            self.statements.set(&[*a, *b, *c, *d], Some(statement.clone()));
            let pair =
                |at: usize| columns.get(at..at + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]));
            self.define(pair(2), pair(0));
        } else {
            self.define(0, 0);
        }
    }

    fn define(&mut self, parameters: u16, columns: u16) {
        if parameters == 0 && columns == 0 {
            self.waiting.pop_front();
            self.reply = Reply::default();
        } else {
            self.reply.state = State::Definitions { parameters, columns };
        }
    }

    fn definition(&mut self, (parameters, columns): (u16, u16), frame: &Frame<'_>, length: u64) {
        // `EOF` behind the parameters.
        if length == 5 && frame.body.first() == Some(&0xfe) {
            return;
        }
        match parameters.checked_sub(1) {
            Some(parameters) => self.define(parameters, columns),
            None => self.define(0, columns - 1),
        }
    }

    /// A result ends with this packet.
    fn end(&mut self, frame: &Frame<'_>, length: u64, out: &mut Vec<Event>) {
        let at = Span { first: self.reply.first.unwrap_or(frame.first), last: frame.last };
        if let Some(code) = packet::failure(frame.body) {
            if code != PROGRESS {
                self.fail(code, at, out);
            }
            return;
        }
        let (affected, status) = match packet::success(frame.body, length) {
            Some(Final::Ok { affected, status }) => (affected, status),
            _ => (0, 0),
        };
        self.syntax.backslash = status & NO_BACKSLASH_ESCAPES == 0;
        let plain = frame.body.first() == Some(&0);
        self.reply.affected = self.reply.affected.saturating_add(affected);
        self.reply.changes |= plain;
        self.reply.state = State::First;
        self.result(status & MORE_RESULTS != 0, plain, at, out);
    }

    /// A result has ended; `plain` if it was no rows. `more` of the same command follow.
    fn result(&mut self, more: bool, plain: bool, at: Span, out: &mut Vec<Event>) {
        let Some(command) = self.waiting.pop_front() else { return };
        match command {
            Command::Query(mut query) => {
                let (key, effect) = self.statement(&mut query, out);
                // Results of a procedure, and beyond the last statement.
                let goes_on = more && (effect.calls && !plain || query.rest.is_empty() && !query.more);
                if goes_on {
                    query.open = Some((key, effect));
                } else {
                    self.answer(key, at, out);
                    if let Some(database) = effect.uses {
                        self.session.namespace = self.session.text(database.as_bytes());
                    }
                }
                if more {
                    self.waiting.push_front(Command::Query(query));
                }
            }
            Command::Execute { key } if more => self.waiting.push_front(Command::Execute { key }),
            Command::Execute { key } | Command::Fetch { key } => self.answer(key, at, out),
            Command::InitDb(database) | Command::ChangeUser(database) => {
                self.session.namespace = database;
                self.reply = Reply::default();
            }
            Command::Orphan => {
                lose(LossReason::NoRequest, 1, out);
                if more {
                    self.waiting.push_front(Command::Orphan);
                }
            }
            _ => self.reply = Reply::default(),
        }
    }

    fn answer(&mut self, key: Key, at: Span, out: &mut Vec<Event>) {
        let reply = std::mem::take(&mut self.reply);
        let outcome = Outcome {
            returned: reply.returns.then_some(reply.rows),
            affected: (reply.changes && !reply.returns).then_some(reply.affected),
            ..Outcome::default()
        };
        self.exchanges.answer(&self.session, key, at, outcome, out);
    }

    /// An error ends the command.
    fn fail(&mut self, code: u16, at: Span, out: &mut Vec<Event>) {
        self.reply = Reply::default();
        match self.waiting.pop_front() {
            Some(Command::Query(mut query)) => {
                let (key, _) = self.statement(&mut query, out);
                self.exchanges.answer(&self.session, key, at, failed(code), out);
            }
            Some(Command::Execute { key } | Command::Fetch { key }) => {
                self.exchanges.answer(&self.session, key, at, failed(code), out);
            }
            Some(Command::Prepare { asked, statement }) => {
                let key = self.exchanges.open(&self.session, Some(&statement), asked, out);
                self.exchanges.answer(&self.session, key, at, failed(code), out);
            }
            Some(Command::Hidden) => {
                self.give_up(LossReason::NotCaptured, out);
                self.exchanges.answered_in_doubt(out);
            }
            Some(Command::Orphan) if !UNASKED.contains(&code) => lose(LossReason::NoRequest, 1, out),
            _ => {}
        }
    }

    /// Answers that cannot be paired are counted by their first packets.
    fn in_doubt(&mut self, frame: &Frame<'_>, length: u64, out: &mut Vec<Event>) {
        let begins = frame.header[3] == 1;
        if begins && (length != 5 || frame.body.first() != Some(&0xfe)) {
            self.exchanges.answered_in_doubt(out);
        }
    }
}

/// Number of columns, and whether descriptions of them follow: a second number, before or behind, says 0 if not.
fn columns(body: &[u8], length: u64) -> Option<(u64, bool)> {
    match body {
        // `MySQL` puts it before, `MariaDB` behind.
        [flag @ (0 | 1), count] if length == 2 && *count > 1 => Some((u64::from(*count), *flag == 1)),
        _ => {
            let (count, rest) = integer(body)?;
            (count > 0).then_some((count, rest.first() != Some(&0)))
        }
    }
}
