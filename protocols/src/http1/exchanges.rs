//! Requests that are open, in order, and which of them a response answers.
//!
//! HTTP/1 pairs by order alone, so a message nobody captured shifts every pair behind it. `doubt` says that this
//! may have happened. It ends with the turn: when the client speaks again after the server did, everything before
//! is over. A client that pipelines across turns (`overlapping`) never gives that certainty; its exchanges are
//! counted as lost from then on, by their requests alone (`blind`). A client that sends several `together` is taken for one of
//! these unless what is missing has the size of all answers it may have waited for.

use std::collections::VecDeque;

use super::head::Method;
use crate::decoder::{Ending, Event, LossReason};
use crate::message::{Direction, Request, Response};

/// Most requests waiting for responses per connection.
const MAX_OPEN: usize = 512;

/// One request and what is known of its answer.
#[derive(Debug)]
struct Exchange {
    /// `None`: already counted as lost, here only to take its response out of the way.
    key: Option<u64>,
    first: u64,
    method: Method,
    expects_continue: bool,
    /// Its last byte is yet to come.
    request_open: bool,
    /// Its end was not captured, and other requests may hide where it was.
    hiding: bool,
    answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Nothing yet.
    None,
    /// An interim response, whose first byte passed then.
    Interim(u64),
    /// The head was reported.
    Reading,
    /// Complete, but reported only after the request is.
    Ended(End),
}

/// How a direction of an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) last: u64,
    pub(super) body: u64,
    pub(super) ending: Ending,
}

/// What a response needs to know of the request it answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    index: usize,
    pub(super) method: Method,
    /// The request's last byte is yet to come.
    pub(super) request_open: bool,
    /// The client waits for an interim response with its body, and none came.
    pub(super) refused: bool,
}

/// What may be missing in this turn, so that pairs by order are no longer certain.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Doubt {
    requests: bool,
    responses: bool,
}

impl Doubt {
    fn any(self) -> bool {
        self.requests || self.responses
    }

    /// Is the first of so many candidates certainly the one a response answers? What was asked after requests went
    /// missing was given up at once, so the candidates are older, and first, unless a response is missing too.
    fn permits(self, candidates: usize) -> bool {
        match (self.requests, self.responses) {
            (_, false) => true,
            (false, true) => candidates == 1,
            (true, true) => false,
        }
    }
}

/// Whether a client has had two requests open at once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pipelined {
    #[default]
    No,
    /// Unless the answer to the first was lost before the second.
    Apart,
    /// They were sent together.
    Together,
}

/// The open exchanges of a connection.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    queue: VecDeque<Exchange>,
    next_key: u64,
    /// Requests beyond the bound whose responses are still to come.
    overflow: u64,
    doubt: Doubt,
    /// Two requests were open at once.
    pipelined: Pipelined,
    /// Requests were open when the client spoke again after the server.
    overlapping: bool,
    pub(super) blind: bool,
    /// First byte of the first request of this turn, or the time since when requests are missing.
    turn: u64,
    /// Last byte the server sent in this turn.
    spoken: Option<u64>,
    /// What was not read of responses in this turn.
    unread: Unread,
    /// Bytes of the smallest response that was read.
    smallest: Option<u64>,
}

/// Bytes of responses that belong to none that was read.
#[derive(Debug, Default, Clone, Copy)]
struct Unread {
    bytes: u64,
    /// Places where they were. At each the rest of one response may be among them.
    places: u64,
    /// There were others, nobody knows how many.
    more: bool,
}

impl Exchanges {
    /// The server sent bytes, of any kind.
    pub(super) fn server_spoke(&mut self, last: u64) {
        if last > self.turn {
            self.spoken = self.spoken.max(Some(last));
        }
    }

    /// A request began at `first`: is everything before it over? Returns whether that ended a response that nobody
    /// waits for.
    pub(super) fn client_spoke(&mut self, first: u64, out: &mut Vec<Event>) -> bool {
        // A client that never had two requests open has seen the end of the first before it sends the second, also
        // where the answer went missing.
        let waited = self.doubt.responses && !self.doubt.requests && self.pipelined == Pipelined::No;
        let turned = self.spoken.is_some_and(|spoken| spoken < first) || waited;
        if !turned {
            return false;
        }
        let mut unread = false;
        if self.doubt.any() {
            self.blind |= self.overlapping || self.pipelined == Pipelined::Together && !self.is_over();
            self.abandon(u64::MAX, LossReason::NotCaptured, out);
        }
        self.queue.retain(|exchange| {
            unread |= exchange.key.is_none() && exchange.answer == Answer::Reading;
            exchange.key.is_some()
        });
        self.overlapping |= self.queue.iter().any(Exchange::is_unanswered);
        self.doubt = Doubt::default();
        self.unread = Unread::default();
        if !self.overlapping {
            self.overflow = 0;
        }
        self.turn = first;
        self.spoken = None;
        unread
    }

    /// May all that were asked have been answered by now? Only where what was not read would hold the answers that were not.
    fn is_over(&self) -> bool {
        let Unread { bytes, places, more } = self.unread;
        let unanswered = self.queue.iter().filter(|exchange| exchange.is_unanswered()).count() as u64;
        let room = |smallest| unanswered.saturating_add(places).saturating_sub(1).saturating_mul(smallest);
        unanswered == 0 || !more && self.smallest.is_some_and(|smallest| room(smallest) <= bytes)
    }

    /// So many bytes of the responses, at one place, belong to none that was read; `None`: nobody knows how many.
    pub(super) fn responses_unread(&mut self, bytes: Option<u64>) {
        match bytes {
            Some(0) => {}
            Some(bytes) => {
                self.unread.bytes = self.unread.bytes.saturating_add(bytes);
                self.unread.places += 1;
            }
            None => self.unread.more = true,
        }
    }

    /// A response of so many bytes was read.
    pub(super) fn response_read(&mut self, bytes: u64) {
        self.smallest = Some(self.smallest.map_or(bytes, |smallest| smallest.min(bytes)));
    }

    /// Opens an exchange.
    pub(super) fn open(
        &mut self,
        first: u64,
        request: Request,
        (method, expects_continue): (Method, bool),
        out: &mut Vec<Event>,
    ) {
        if self.blind {
            out.push(Event::Lost { reason: LossReason::NotCaptured, exchanges: 1 });
            return;
        }
        if self.overflow > 0 || self.queue.len() >= MAX_OPEN {
            self.overflow += 1;
            out.push(Event::Lost { reason: LossReason::TooMany, exchanges: 1 });
            return;
        }
        if let Some(last) = self.queue.back().filter(|last| last.is_unanswered()) {
            let together = last.first == first;
            self.pipelined =
                self.pipelined.max(if together { Pipelined::Together } else { Pipelined::Apart });
        }
        let key = self.next_key;
        self.next_key += 1;
        out.push(Event::Request { key, first, request });
        let exchange = Exchange {
            key: Some(key),
            first,
            method,
            expects_continue,
            request_open: true,
            hiding: false,
            answer: Answer::None,
        };
        self.queue.push_back(exchange);
        if self.doubt.requests {
            // What is missing may have been sent along with it, and its answer comes first.
            self.abandon(u64::MAX, LossReason::NotCaptured, out);
        }
    }

    /// Counts a request that cannot be reported, whose response may come.
    pub(super) fn open_lost(&mut self, first: u64, reason: LossReason, out: &mut Vec<Event>) {
        out.push(Event::Lost { reason, exchanges: 1 });
        if self.queue.len() < MAX_OPEN {
            self.queue.push_back(Exchange::ghost(first));
        }
        self.requests_missing(first);
    }

    /// Counts a response whose request was never seen. It is the next one to be read.
    pub(super) fn open_orphan(&mut self, first: u64, out: &mut Vec<Event>) {
        out.push(Event::Lost { reason: LossReason::NoRequest, exchanges: 1 });
        let at = self.queue.iter().position(Exchange::is_unanswered).unwrap_or(self.queue.len());
        self.queue.insert(at, Exchange::ghost(first));
    }

    /// Responses may be missing from here on.
    pub(super) fn responses_missing(&mut self) {
        self.doubt.responses |= self.is_waiting();
    }

    /// Requests may be missing after `since`. Only what the server says after it can end the turn.
    pub(super) fn requests_missing(&mut self, since: u64) {
        self.doubt.requests = true;
        self.turn = self.turn.max(since);
        self.spoken = None;
    }

    /// The end of the request that is being read was not captured. Now it is `now`.
    pub(super) fn request_hides(&mut self, now: u64) {
        if let Some(exchange) = self.queue.iter_mut().find(|exchange| exchange.request_open) {
            exchange.hiding = true;
        }
        if self.pipelined != Pipelined::No {
            self.requests_missing(now);
        }
    }

    /// Is there a request a response could answer?
    pub(super) fn is_waiting(&self) -> bool {
        self.overflow > 0 || self.queue.iter().any(Exchange::is_unanswered)
    }

    /// Finds the exchange that a response beginning at `first` answers; counts it when there is none.
    pub(super) fn answer(&mut self, first: u64, out: &mut Vec<Event>) -> Answered {
        let front = self.queue.iter().position(Exchange::is_unanswered);
        match front {
            Some(index) if self.queue[index].first <= first => {
                let candidates =
                    self.queue.iter().filter(|one| one.is_unanswered() && one.first <= first).count();
                let hiding = self.queue.iter().any(|one| one.hiding && one.is_unanswered());
                let doubt = Doubt { requests: self.doubt.requests || hiding, ..self.doubt };
                if !doubt.permits(candidates) {
                    self.abandon(first, LossReason::NotCaptured, out);
                }
            }
            None if self.overflow > 0 => {
                self.overflow -= 1;
                self.queue.push_back(Exchange::ghost(first));
            }
            _ => self.open_orphan(first, out),
        }
        let unanswered = self.queue.iter().position(Exchange::is_unanswered);
        let index = unanswered.expect("each branch above found or pushed one");
        let exchange = &self.queue[index];
        Answered {
            index,
            method: exchange.method,
            request_open: exchange.request_open,
            refused: exchange.expects_continue && exchange.answer == Answer::None,
        }
    }

    /// An interim response began at `first`.
    pub(super) fn interim(&mut self, answered: Answered, first: u64) {
        let answer = &mut self.queue[answered.index].answer;
        if *answer == Answer::None {
            *answer = Answer::Interim(first);
        }
    }

    /// Reports the head of a response.
    pub(super) fn respond(
        &mut self,
        answered: Answered,
        first: u64,
        response: Response,
        out: &mut Vec<Event>,
    ) {
        let exchange = &mut self.queue[answered.index];
        let first = if let Answer::Interim(interim) = exchange.answer { interim } else { first };
        exchange.answer = Answer::Reading;
        if let Some(key) = exchange.key {
            out.push(Event::Response { key, first, response });
        }
    }

    /// The response that is being read is complete.
    pub(super) fn end_response(&mut self, end: End, out: &mut Vec<Event>) {
        let reading = self.queue.iter().position(|exchange| exchange.answer == Answer::Reading);
        if let Some(index) = reading {
            self.queue[index].answer = Answer::Ended(end);
            self.settle(index, out);
        }
    }

    /// The request that is being read is complete.
    pub(super) fn end_request(&mut self, end: End, out: &mut Vec<Event>) {
        let Some(index) = self.queue.iter().position(|exchange| exchange.request_open) else {
            return;
        };
        let exchange = &mut self.queue[index];
        exchange.request_open = false;
        if let Some(key) = exchange.key {
            out.push(end.event(key, Direction::Request));
        }
        self.settle(index, out);
    }

    /// The response that is being read is given up: its end was not captured.
    pub(super) fn abandon_reading(&mut self, out: &mut Vec<Event>) {
        if let Some(index) = self.queue.iter().position(|exchange| exchange.answer == Answer::Reading) {
            let exchange = &mut self.queue[index];
            exchange.abandon(LossReason::NotCaptured, out);
            exchange.answer = Answer::Ended(End { last: 0, body: 0, ending: Ending::Cut });
            self.settle(index, out);
        }
    }

    /// Gives up the exchange whose response should have stood here, because of what stood here instead.
    pub(super) fn abandon_malformed(&mut self, first: u64, out: &mut Vec<Event>) {
        let front = self.queue.iter_mut().find(|exchange| exchange.is_unanswered());
        if let Some(exchange) = front.filter(|exchange| exchange.first <= first) {
            exchange.abandon(LossReason::Malformed, out);
            self.doubt.responses = true;
        }
    }

    /// No response will come any more.
    pub(super) fn end_unanswered(&mut self, at: u64, out: &mut Vec<Event>) {
        if self.doubt.any() {
            self.abandon(u64::MAX, LossReason::NotCaptured, out);
        }
        self.overflow = 0;
        for index in (0..self.queue.len()).rev() {
            if self.queue[index].is_unanswered() {
                self.queue[index].answer = Answer::Ended(End { last: at, body: 0, ending: Ending::Cut });
            }
        }
        let mut index = 0;
        while index < self.queue.len() {
            if !self.settle(index, out) {
                index += 1;
            }
        }
    }

    /// Takes out the exchange whose response comes another way: its key and first byte unless it is counted as lost
    /// already, and the key after all that were given.
    pub(super) fn hand_over(&mut self, last: u64, out: &mut Vec<Event>) -> (Option<(u64, u64)>, u64) {
        let index = self.queue.iter().position(Exchange::is_unanswered);
        let asked = index.and_then(|index| self.queue.remove(index)).and_then(|exchange| {
            let key = exchange.key?;
            if exchange.request_open {
                let end = End { last, body: 0, ending: Ending::Complete };
                out.push(end.event(key, Direction::Request));
            }
            Some((key, exchange.first))
        });
        (asked, self.next_key)
    }

    /// Everything that is still open will not be answered: the connection left HTTP.
    pub(super) fn leave(&mut self, out: &mut Vec<Event>) {
        self.abandon(u64::MAX, LossReason::NoResponse, out);
        self.queue.clear();
    }

    /// Gives up every exchange that began until `until` and has no response. They stay as ghosts, because their
    /// responses may yet come.
    fn abandon(&mut self, until: u64, reason: LossReason, out: &mut Vec<Event>) {
        for exchange in &mut self.queue {
            if exchange.is_unanswered() && exchange.first <= until {
                exchange.abandon(reason, out);
            }
        }
    }

    /// Reports the end of an exchange of which both directions are complete; returns whether it was.
    fn settle(&mut self, index: usize, out: &mut Vec<Event>) -> bool {
        let exchange = &self.queue[index];
        let Answer::Ended(end) = exchange.answer else { return false };
        if exchange.request_open {
            return false;
        }
        if let Some(key) = exchange.key {
            out.push(end.event(key, Direction::Response));
        }
        self.queue.remove(index);
        true
    }
}

impl Exchange {
    /// A place in the order for a message already counted.
    fn ghost(first: u64) -> Self {
        Self {
            key: None,
            first,
            method: Method::Other,
            expects_continue: false,
            request_open: false,
            hiding: false,
            answer: Answer::None,
        }
    }

    fn is_unanswered(&self) -> bool {
        matches!(self.answer, Answer::None | Answer::Interim(_))
    }

    fn abandon(&mut self, reason: LossReason, out: &mut Vec<Event>) {
        if let Some(key) = self.key.take() {
            out.push(Event::Abandoned { key, reason });
        }
    }
}

impl End {
    fn event(self, key: u64, direction: Direction) -> Event {
        Event::End { key, direction, last: self.last, body: self.body, ending: self.ending }
    }
}
