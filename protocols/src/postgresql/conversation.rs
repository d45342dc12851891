//! Messages of both sides -> exchanges: what is waiting, and what ends it.

use std::collections::VecDeque;

use super::backend::{self, Reply};
use super::detect::{self, MAX_STARTUP, is_header};
use super::frontend;
use super::unit::{MAX_WAITING, Waiting};
use crate::decoder::{Event, LossReason, Options};
use crate::framed::{Conversation, Frame, Measure};
use crate::message::{Direction, Role};
use crate::sql::describe::Session;
use crate::sql::exchanges::{Exchanges, lose};
use crate::sql::names::Names;
use crate::sql::{Dialect, Syntax};

/// One connection.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct PostgreSqlConversation {
    pub(super) session: Session,
    pub(super) syntax: Syntax,
    pub(super) exchanges: Exchanges,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) statements: Names,
    pub(super) portals: Names,
    /// The client may send a message without a type, as it does first of all.
    pub(super) starting: bool,
    /// When the first message since the last `Execute` began.
    pub(super) unit: Option<u64>,
    /// What the server has said about the statement it executes.
    pub(super) reply: Reply,
    /// The client is sending data.
    pub(super) copying: bool,
    /// Everything up to the next `Sync` is passed over.
    pub(super) skipping: bool,
    /// Responses passed that were not captured.
    hidden: bool,
    /// The client speaks although statements are under way.
    overlapping: bool,
    pub(super) left: bool,
    /// When the last byte of a gap passed.
    pub(super) last: u64,
}

impl PostgreSqlConversation {
    pub(super) fn new(role: Role, options: &Options) -> Self {
        Self {
            session: Session::new(role, "postgresql", options.max_value),
            syntax: Syntax { dialect: Dialect::PostgreSql, backslash: false },
            exchanges: Exchanges::default(),
            waiting: VecDeque::new(),
            statements: Names::default(),
            portals: Names::default(),
            starting: true,
            unit: None,
            reply: Reply::default(),
            copying: false,
            skipping: false,
            hidden: false,
            overlapping: false,
            left: false,
            last: 0,
        }
    }

    /// Adds to what is waiting. Beyond the bound pairs can no longer be told.
    pub(super) fn wait(&mut self, waiting: Waiting, out: &mut Vec<Event>) {
        if self.exchanges.in_doubt() {
            return;
        }
        self.waiting.push_back(waiting);
        if self.waiting.len() > MAX_WAITING {
            self.overlapping = true;
            self.give_up(LossReason::TooMany, out);
        }
    }

    /// Gives up everything that is waiting: pairs can no longer be told.
    pub(super) fn give_up(&mut self, reason: LossReason, out: &mut Vec<Event>) {
        let mut counted = 0;
        for waiting in std::mem::take(&mut self.waiting) {
            counted += u64::from(waiting.is_statement());
            self.abandon(waiting, reason, out);
        }
        self.exchanges.doubt(counted);
        (self.hidden, self.skipping, self.copying) = (false, false, false);
    }

    fn abandon(&mut self, waiting: Waiting, reason: LossReason, out: &mut Vec<Event>) {
        match waiting {
            Waiting::Query(query) => {
                if let Some((key, _)) = query.open {
                    self.exchanges.abandon(key, reason, out);
                }
            }
            Waiting::Execute { key, .. } | Waiting::Call(key) => self.exchanges.abandon(key, reason, out),
            _ => {}
        }
    }

    /// Gives up the statements that are waiting, whose result was not captured. What ends them is still to come.
    fn abandon_statements(&mut self, out: &mut Vec<Event>) {
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Query(mut query) => {
                    if let Some((key, _)) = query.open.take() {
                        self.exchanges.abandon(key, LossReason::NotCaptured, out);
                    }
                    let rest = if query.over { 0 } else { query.rest.len() as u64 };
                    lose(LossReason::NotCaptured, rest, out);
                    query.rest.clear();
                    (query.over, query.more) = (true, false);
                    self.waiting.push_back(Waiting::Query(query));
                }
                Waiting::Call(key) => {
                    self.exchanges.abandon(key, LossReason::NotCaptured, out);
                    self.waiting.push_back(Waiting::Sync);
                }
                Waiting::Execute { key, .. } => self.exchanges.abandon(key, LossReason::NotCaptured, out),
                // Whatever fails now is none of it.
                Waiting::Parse { .. } => {}
                other => self.waiting.push_back(other),
            }
        }
    }

    /// Responses passed unseen, but the last of them was captured: settles what it says about those before.
    fn settle(&mut self, ending: detect::Ending, out: &mut Vec<Event>) {
        self.hidden = false;
        self.reply.exact = false;
        let closing = self.waiting.iter().filter(|waiting| waiting.closes()).count();
        if closing > 1 || self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Hidden)) {
            return self.give_up(LossReason::NotCaptured, out);
        }
        match ending.done {
            // A failure would have been the last result.
            Some(true) => self.complete_all_but_last(out),
            Some(false) if self.statements_waiting() == 1 && !self.has_more() => {}
            _ => self.abandon_statements(out),
        }
    }

    /// Statements that a result could belong to.
    fn statements_waiting(&self) -> usize {
        let count = |waiting: &Waiting| match waiting {
            Waiting::Query(query) if !query.over => usize::from(query.open.is_some()) + query.rest.len(),
            other => usize::from(other.is_statement()),
        };
        self.waiting.iter().map(count).sum()
    }

    /// The end of a text is missing, so the last result may be that of a statement nobody knows of.
    fn has_more(&self) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Query(query) if query.more))
    }

    fn complete_all_but_last(&mut self, out: &mut Vec<Event>) {
        let uncertain = self.has_more();
        let known = self.statements_waiting();
        for _ in usize::from(!uncertain)..known {
            self.complete(backend::Done::Unseen, out);
            self.reply.exact = false;
        }
        for waiting in &mut self.waiting {
            if let Waiting::Query(query) = waiting
                && query.more
            {
                (query.over, query.more) = (true, false);
                if let Some((key, _)) = query.open.take() {
                    self.exchanges.abandon(key, LossReason::NotCaptured, out);
                }
                // A script that is cut goes on; a single statement is taken for the only one.
                lose(LossReason::NotCaptured, u64::from(known > 1), out);
            }
        }
    }
}

impl Conversation for PostgreSqlConversation {
    fn header(&self, direction: Direction) -> usize {
        match direction {
            Direction::Response if matches!(self.waiting.front(), Some(Waiting::Encryption)) => 1,
            _ => 5,
        }
    }

    fn measure(&self, direction: Direction, header: &[u8]) -> Measure {
        let body = |length: u32, keep| Measure::Body {
            length: u64::from(length).saturating_sub(4),
            keep,
            continues: false,
        };
        match *header {
            [_] => body(4, 0),
            // A message without type: the byte behind its length is the first of its body.
            [0, a, b, c, _] if self.starting && direction == Direction::Request => {
                match u32::from_be_bytes([0, a, b, c]) {
                    length @ 8..=MAX_STARTUP => body(length - 1, frontend::KEEP_STARTUP),
                    _ => Measure::Malformed,
                }
            }
            [kind, a, b, c, d] if is_header(direction, header) => {
                let keep = match direction {
                    Direction::Request => frontend::keep(kind),
                    Direction::Response => backend::keep(kind),
                };
                body(u32::from_be_bytes([a, b, c, d]), keep)
            }
            _ => Measure::Malformed,
        }
    }

    fn expects(&self, header: &[u8]) -> bool {
        let unasked = matches!(header, [b'S' | b'N' | b'A' | b'R' | b'K', _, _, _, _]);
        unasked || self.exchanges.in_doubt() || !self.waiting.is_empty()
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
            Direction::Request => detect::is_request(bytes) || bytes.starts_with(b"X\0\0\0\x04"),
            Direction::Response => detect::may_respond(bytes),
        }
    }

    fn adrift(&mut self, direction: Direction, out: &mut Vec<Event>) {
        match direction {
            Direction::Request => {
                self.starting = false;
                self.unit = None;
                // Any name may have been given anew.
                self.statements.forget();
                self.portals.forget();
                self.wait(if self.copying { Waiting::Perhaps } else { Waiting::Hidden }, out);
            }
            Direction::Response => self.hidden = !self.exchanges.in_doubt(),
        }
    }

    fn silent(&mut self, direction: Direction) {
        if direction == Direction::Response {
            // Rows, or data of a `COPY`.
            self.reply.exact = false;
        }
    }

    fn recover(
        &mut self,
        direction: Direction,
        tail: &[u8],
        last: u64,
        out: &mut Vec<Event>,
    ) -> Option<usize> {
        self.last = last;
        if direction == Direction::Request {
            return None;
        }
        let ending = detect::ending(tail)?;
        if self.hidden {
            self.settle(ending, out);
        }
        Some(ending.at)
    }

    fn malformed(&mut self, _: Direction, out: &mut Vec<Event>) {
        if !self.waiting.iter().any(Waiting::is_statement) {
            lose(LossReason::Malformed, 1, out);
        }
        self.give_up(LossReason::Malformed, out);
    }

    fn turn(&mut self, out: &mut Vec<Event>) {
        if self.hidden {
            self.give_up(LossReason::NotCaptured, out);
        }
        while matches!(self.waiting.front(), Some(Waiting::Perhaps | Waiting::Hidden)) {
            self.waiting.pop_front();
        }
        if self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Hidden)) && !self.copying {
            self.give_up(LossReason::NotCaptured, out);
        }
        self.overlapping |= !self.copying && self.waiting.iter().any(Waiting::is_statement);
        if self.exchanges.in_doubt() && !self.overlapping {
            self.exchanges.trust();
            self.reply = Reply::default();
        }
    }

    fn orphan(&mut self, _: &mut Vec<Event>) {
        self.waiting.push_front(Waiting::Orphan);
    }

    fn end(&mut self, at: u64, out: &mut Vec<Event>) {
        if self.hidden {
            self.give_up(LossReason::NotCaptured, out);
        }
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Query(mut query) => {
                    let open = query.open.take();
                    // The next statement was under way, or about to be.
                    let next = open.map(|(key, _)| key).or_else(|| {
                        let next = query.rest.pop_front().filter(|_| !query.over)?;
                        Some(self.exchanges.open(&self.session, Some(&next), query.asked, out))
                    });
                    self.exchanges.cut(next.flatten(), at, out);
                }
                Waiting::Execute { key, .. } | Waiting::Call(key) => self.exchanges.cut(key, at, out),
                _ => {}
            }
        }
    }

    fn left(&self) -> bool {
        self.left
    }
}
