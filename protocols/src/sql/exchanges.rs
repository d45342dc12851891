//! Statements of one connection -> events.
//!
//! A response answers a request by order alone, so bytes that nobody captured may shift every pair behind them. Then all
//! that is open is given up, and until client and server are certain to be at the same place again (`doubt`) statements are
//! counted and not reported: once each, whether it is the request that is seen, the response, or both.

use super::Statement;
use super::describe::{Outcome, Session};
use crate::decoder::{Ending, Event, LossReason};
use crate::message::Direction;

/// Most statements open at a time on one connection.
pub(crate) const MAX_OPEN: usize = 1024;

/// An open exchange; `None` for one that was counted as lost instead.
pub(crate) type Key = Option<Open>;

/// An exchange under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    key: u64,
    /// When its request began.
    first: u64,
}

/// When a request passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Opens, answers and gives up exchanges.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    next_key: u64,
    open: usize,
    /// Statements already counted as lost whose responses may yet pass; `None`: all pairs are certain.
    doubt: Option<u64>,
}

impl Exchanges {
    /// Reports a request, unless there are too many or it could not be paired.
    pub(crate) fn open(
        &mut self,
        session: &Session,
        statement: Option<&Statement>,
        asked: Span,
        out: &mut Vec<Event>,
    ) -> Key {
        if let Some(counted) = &mut self.doubt {
            *counted += 1;
            lose(LossReason::NotCaptured, 1, out);
            return None;
        }
        if self.open >= MAX_OPEN {
            lose(LossReason::TooMany, 1, out);
            return None;
        }
        let key = self.next_key;
        self.next_key += 1;
        self.open += 1;
        out.push(Event::Request { key, first: asked.first, request: session.request(statement) });
        out.push(Event::End {
            key,
            direction: Direction::Request,
            last: asked.last,
            body: 0,
            ending: Ending::Complete,
        });
        Some(Open { key, first: asked.first })
    }

    /// Reports the response to a request and ends the exchange.
    pub(crate) fn answer(
        &mut self,
        session: &Session,
        key: Key,
        answered: Span,
        outcome: Outcome,
        out: &mut Vec<Event>,
    ) {
        let Some(Open { key, first }) = key else { return };
        // Clocks of two processors may differ by a little.
        let first = answered.first.max(first);
        out.push(Event::Response { key, first, response: session.response(outcome) });
        self.end(key, answered.last.max(first), Ending::Complete, out);
    }

    /// The connection ended before the response.
    pub(crate) fn cut(&mut self, key: Key, at: u64, out: &mut Vec<Event>) {
        if let Some(Open { key, first }) = key {
            self.end(key, at.max(first), Ending::Cut, out);
        }
    }

    /// Gives up an open exchange.
    pub(crate) fn abandon(&mut self, key: Key, reason: LossReason, out: &mut Vec<Event>) {
        if let Some(Open { key, .. }) = key {
            self.open -= 1;
            out.push(Event::Abandoned { key, reason });
        }
    }

    /// Whether pairs are uncertain.
    pub(crate) fn in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// From here on pairs are uncertain. So many statements of which no response was seen have been counted.
    pub(crate) fn doubt(&mut self, counted: u64) {
        self.doubt = Some(self.doubt.unwrap_or(0) + counted);
    }

    /// Pairs are certain again.
    pub(crate) fn trust(&mut self) {
        self.doubt = None;
    }

    /// A statement was answered that cannot be paired.
    pub(crate) fn answered_in_doubt(&mut self, out: &mut Vec<Event>) {
        match &mut self.doubt {
            Some(0) | None => lose(LossReason::NotCaptured, 1, out),
            Some(counted) => *counted -= 1,
        }
    }

    fn end(&mut self, key: u64, last: u64, ending: Ending, out: &mut Vec<Event>) {
        self.open -= 1;
        out.push(Event::End { key, direction: Direction::Response, last, body: 0, ending });
    }
}

/// Counts statements that were never reported.
pub(crate) fn lose(reason: LossReason, exchanges: u64, out: &mut Vec<Event>) {
    if exchanges > 0 {
        out.push(Event::Lost { reason, exchanges });
    }
}
