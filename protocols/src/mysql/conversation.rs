//! Packets of both sides -> exchanges: what is waiting, and what ends it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::client::{self, Command, Query};
use super::detect;
use super::packet::{self, Final};
use super::server::{Reply, State};
use crate::decoder::{Event, LossReason, Options};
use crate::framed::{Conversation, Frame, Measure};
use crate::message::{Direction, Role};
use crate::sql::describe::{Outcome, Session};
use crate::sql::exchanges::{Exchanges, Span, lose};
use crate::sql::names::Names;
use crate::sql::{Dialect, Statement, Syntax};

/// Most commands waiting for their answers on one connection.
const MAX_WAITING: usize = 1024;
/// Longest body of one packet: one that is as long goes on in the next.
const FULL: u64 = 0xff_ffff;

/// How far the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was seen.
    Fresh,
    /// The server has said who it is, and what it is capable of.
    Greeted(u32),
    /// The client has said who it is.
    Authenticating,
    /// Commands and answers.
    Commands,
}

/// One connection.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct MySqlConversation {
    pub(super) session: Session,
    pub(super) syntax: Syntax,
    pub(super) exchanges: Exchanges,
    pub(super) phase: Phase,
    pub(super) waiting: VecDeque<Command>,
    pub(super) statements: Names,
    /// The statement that was prepared last.
    pub(super) prepared: Option<Arc<Statement>>,
    pub(super) reply: Reply,
    /// Both sides are capable of it.
    pub(super) compresses: bool,
    /// Answers passed that were not captured.
    hidden: bool,
    /// The client speaks although statements are under way.
    overlapping: bool,
    pub(super) left: bool,
}

impl MySqlConversation {
    pub(super) fn new(role: Role, options: &Options) -> Self {
        Self {
            session: Session::new(role, "mysql", options.max_value),
            syntax: Syntax { dialect: Dialect::MySql, backslash: true },
            exchanges: Exchanges::default(),
            phase: Phase::Fresh,
            waiting: VecDeque::new(),
            statements: Names::default(),
            prepared: None,
            reply: Reply::default(),
            compresses: false,
            hidden: false,
            overlapping: false,
            left: false,
        }
    }

    /// Adds to what is waiting. Beyond the bound pairs can no longer be told.
    pub(super) fn wait(&mut self, command: Command, out: &mut Vec<Event>) {
        if self.exchanges.in_doubt() {
            return;
        }
        self.waiting.push_back(command);
        if self.waiting.len() > MAX_WAITING {
            self.overlapping = true;
            self.give_up(LossReason::TooMany, out);
        }
    }

    /// The connection goes on in a way that cannot be read.
    pub(super) fn leave(&mut self, out: &mut Vec<Event>) {
        self.left = true;
        self.give_up(LossReason::NoResponse, out);
        out.push(Event::Left);
    }

    /// Gives up everything that is waiting: pairs can no longer be told.
    pub(super) fn give_up(&mut self, reason: LossReason, out: &mut Vec<Event>) {
        let mut counted = 0;
        for command in std::mem::take(&mut self.waiting) {
            counted += u64::from(command.is_statement());
            match command {
                Command::Query(Query { open: Some((key, _)), .. })
                | Command::Execute { key }
                | Command::Fetch { key } => {
                    self.exchanges.abandon(key, reason, out);
                }
                _ => {}
            }
        }
        self.exchanges.doubt(counted);
        self.hidden = false;
        self.reply = Reply::default();
    }

    /// Packets of an answer passed unseen, but the last of them was captured.
    fn settle(&mut self, last: &Final, at: u64, out: &mut Vec<Event>) {
        self.hidden = false;
        let open = matches!(last, Final::Ok { status, .. } if status & packet::MORE_RESULTS != 0);
        if self.waiting.len() > 1 || open || matches!(self.waiting.front(), Some(Command::Hidden)) {
            return self.give_up(LossReason::NotCaptured, out);
        }
        let reply = std::mem::take(&mut self.reply);
        let Some(command) = self.waiting.pop_front() else { return };
        let span = Span { first: reply.first.unwrap_or(at), last: at };
        match (command, last) {
            (Command::Query(mut query), Final::Ok { .. }) => {
                // A failure would have been the last result.
                let known = query.rest.len() + usize::from(query.open.is_some());
                for _ in 0..known {
                    let (key, _) = self.statement(&mut query, out);
                    self.exchanges.answer(&self.session, key, span, Outcome::default(), out);
                }
                // A script that is cut goes on; a single statement is taken for the only one.
                lose(LossReason::NotCaptured, u64::from(query.more && known > 1), out);
            }
            (Command::Query(mut query), Final::Error(code)) if query.rest.is_empty() && !query.more => {
                let (key, _) = self.statement(&mut query, out);
                self.exchanges.answer(&self.session, key, span, failed(*code), out);
            }
            (Command::Query(query), Final::Error(_)) => {
                if let Some((key, _)) = query.open {
                    self.exchanges.abandon(key, LossReason::NotCaptured, out);
                }
                lose(LossReason::NotCaptured, query.rest.len() as u64, out);
            }
            (Command::Execute { key } | Command::Fetch { key }, Final::Ok { .. }) => {
                self.exchanges.answer(&self.session, key, span, Outcome::default(), out);
            }
            (Command::Execute { key } | Command::Fetch { key }, Final::Error(code)) => {
                self.exchanges.answer(&self.session, key, span, failed(*code), out);
            }
            _ => {}
        }
    }
}

/// What came of a statement that failed.
pub(super) fn failed(code: u16) -> Outcome {
    Outcome { code: Some(code.to_string()), ..Outcome::default() }
}

impl Conversation for MySqlConversation {
    fn header(&self, _: Direction) -> usize {
        4
    }

    fn measure(&self, direction: Direction, header: &[u8]) -> Measure {
        let length = header[..3].iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
        let keep = match direction {
            Direction::Request if self.phase == Phase::Commands && header[3] != 0 => 0,
            Direction::Request => client::KEEP,
            Direction::Response => super::server::KEEP,
        };
        Measure::Body { length, keep, continues: length == FULL }
    }

    fn expects(&self, header: &[u8]) -> bool {
        // The end of what was prepared may come after all that is known of it.
        let stray = header[..3] == [5, 0, 0] && header[3] > 1;
        self.phase != Phase::Commands || self.exchanges.in_doubt() || !self.waiting.is_empty() || stray
    }

    fn take(&mut self, direction: Direction, frame: &Frame<'_>, out: &mut Vec<Event>) {
        match direction {
            Direction::Request => self.client(frame, out),
            Direction::Response => {
                if self.hidden {
                    self.give_up(LossReason::NotCaptured, out);
                }
                self.server(frame, out);
            }
        }
    }

    fn begins(&self, direction: Direction, bytes: &[u8]) -> bool {
        match direction {
            Direction::Request => detect::is_command(bytes) || bytes.starts_with(&[1, 0, 0, 0, client::QUIT]),
            Direction::Response => bytes.get(3) == Some(&1),
        }
    }

    fn adrift(&mut self, direction: Direction, out: &mut Vec<Event>) {
        match direction {
            // The data of LOAD DATA LOCAL, and no commands.
            Direction::Request if self.reply.state == State::Infile => {}
            Direction::Request => self.wait(Command::Hidden, out),
            Direction::Response => self.hidden = !self.exchanges.in_doubt(),
        }
        if matches!(self.phase, Phase::Fresh | Phase::Authenticating) {
            self.phase = Phase::Commands;
        }
    }

    fn silent(&mut self, _: Direction) {}

    fn recover(
        &mut self,
        direction: Direction,
        tail: &[u8],
        last: u64,
        out: &mut Vec<Event>,
    ) -> Option<usize> {
        if direction == Direction::Request {
            return None;
        }
        let end = packet::last(tail)?;
        if self.hidden {
            self.settle(&end, last, out);
        }
        Some(tail.len())
    }

    fn malformed(&mut self, _: Direction, out: &mut Vec<Event>) {
        self.give_up(LossReason::Malformed, out);
    }

    fn turn(&mut self, out: &mut Vec<Event>) {
        if self.phase != Phase::Commands || self.reply.state == State::Infile {
            return;
        }
        if self.hidden
            || self.waiting.len() > 1 && self.waiting.iter().any(|one| matches!(one, Command::Hidden))
        {
            self.give_up(LossReason::NotCaptured, out);
        }
        if matches!(self.waiting.front(), Some(Command::Hidden)) {
            self.waiting.pop_front();
        }
        self.overlapping |= self.waiting.iter().any(Command::is_statement);
        if self.exchanges.in_doubt() && !self.overlapping {
            self.exchanges.trust();
            self.reply = Reply::default();
        }
    }

    fn orphan(&mut self, _: &mut Vec<Event>) {
        self.waiting.push_front(Command::Orphan);
    }

    fn end(&mut self, at: u64, out: &mut Vec<Event>) {
        if self.hidden {
            self.give_up(LossReason::NotCaptured, out);
        }
        self.reply = Reply::default();
        for command in std::mem::take(&mut self.waiting) {
            match command {
                Command::Query(mut query) if query.open.is_some() || !query.rest.is_empty() => {
                    // The next statement was under way, or about to be.
                    let (key, _) = self.statement(&mut query, out);
                    self.exchanges.cut(key, at, out);
                }
                Command::Execute { key } | Command::Fetch { key } => self.exchanges.cut(key, at, out),
                _ => {}
            }
        }
    }

    fn left(&self) -> bool {
        self.left
    }
}
