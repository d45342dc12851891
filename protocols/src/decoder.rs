//! How bytes go in: chunks of a stream, some of whose bytes were never captured.

use std::sync::Arc;

use crate::framing::Framing;
use crate::message::{Direction, Request, Response, Role};

/// A piece of one direction of a connection: `bytes`, then `skipped` bytes nobody captured, then `tail`.
/// Consecutive chunks of a direction adjoin. Times are nanoseconds of a clock that only grows;
/// a decoder copies them into what it reports.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// Which way the bytes went.
    pub direction: Direction,
    /// The captured beginning.
    pub bytes: &'a [u8],
    /// Number of bytes between `bytes` and `tail` that were seen passing but not captured.
    pub skipped: u64,
    /// The captured end; empty unless bytes were skipped.
    pub tail: &'a [u8],
    /// The skipped bytes are the rest of a body, then whole frames that the protocol's [`Framing`] calls silent, then
    /// perhaps the beginning of one whose rest is skipped in the chunks that follow. Else they may be anything.
    pub aligned: bool,
    /// When the first byte passed.
    pub first: u64,
    /// When the last byte passed.
    pub last: u64,
}

/// What a decoder understood, in the order it understood it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A request's head is complete (or as complete as it was captured). Opens the exchange `key`.
    Request {
        /// Pairs the events of one exchange; unique per connection, growing.
        key: u64,
        /// When the request's first byte passed.
        first: u64,
        /// What it says.
        request: Request,
    },
    /// The response's head. Interim responses (1xx) are not reported.
    Response {
        /// The exchange it answers.
        key: u64,
        /// When the response's first byte passed (first byte of an interim response, if there was one).
        first: u64,
        /// What it says.
        response: Response,
    },
    /// One direction of an exchange is complete. The response's end is the last event of an exchange: where the
    /// request is still coming when the response is complete, it waits for the request's. A request whose
    /// connection ends first has a response that was `Cut` without a `Response` event.
    End {
        /// The exchange.
        key: u64,
        /// Request or response.
        direction: Direction,
        /// When its last byte passed.
        last: u64,
        /// Body bytes as they stood on the wire, without framing where framing could be followed; behind a head that
        /// was cut, what it announced.
        body: u64,
        /// How it ended.
        ending: Ending,
    },
    /// Messages that passed but cannot become an exchange; never reported for a message that is also part of an
    /// exchange above.
    Lost {
        /// Why, for the counter.
        reason: LossReason,
        /// Number of exchanges lost.
        exchanges: u64,
    },
    /// An exchange reported by `Request` whose response will not be reported: what came in its place could not be
    /// understood, or never passed (or passed in part, after a `Response`). Ends the exchange.
    Abandoned {
        /// The exchange.
        key: u64,
        /// Why, for the counter.
        reason: LossReason,
    },
    /// The connection leaves this protocol (`Upgrade`, `CONNECT`): no more chunks are wanted.
    Left,
    /// What follows is encrypted, and speaks this protocol inside: wanted are only chunks of plain text.
    StartTls,
}

/// How one direction of an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every byte that was announced passed.
    Complete,
    /// The connection closed first.
    Cut,
    /// One side gave it up while the connection went on. The `error.type` that this is; `None` where it is no
    /// failure by itself: the caller cancelled, or the response says what it was.
    Reset(Option<&'static str>),
}

/// Why an exchange cannot be reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossReason {
    /// Its bytes break the protocol's grammar.
    Malformed,
    /// A response without its request: the request passed before the agent attached, or in bytes not captured.
    NoRequest,
    /// A request without its response, although a later one was answered.
    NoResponse,
    /// Bytes that held it were not captured (beyond the capture budget, or lost on the way from the kernel).
    NotCaptured,
    /// Bounds on memory per connection.
    TooMany,
}

/// Verdict on the first bytes of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// This protocol; a message of this direction begins here.
    Yes(Direction),
    /// Another protocol, or the middle of a message.
    No,
    /// Too few bytes to tell.
    More,
}

/// What the operator may change about decoding; policy, decided outside this crate.
#[derive(Debug, Clone)]
pub struct Options {
    /// Methods that may appear as `http.request.method`; others become `_OTHER`.
    pub http_known_methods: Vec<String>,
    /// What to do with query strings.
    pub query: QueryPolicy,
    /// The connection is encrypted.
    pub tls: bool,
    /// Longest value kept of a path, query or header, in bytes; longer ones are cut at a character.
    pub max_value: usize,
}

/// What leaves the parser of a query string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryPolicy {
    /// Keys stay, every value becomes `REDACTED`.
    RedactValues,
    /// Keys stay, the values of these keys become `REDACTED`.
    RedactKeys(Vec<String>),
    /// The query string is dropped.
    Drop,
}

impl Options {
    /// Scheme of a request that does not say it.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

impl Default for Options {
    /// The methods and the redaction the semantic conventions name, except that no query value leaves at all: a key
    /// nobody listed may hold a secret too.
    fn default() -> Self {
        let methods =
            ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];
        Self {
            http_known_methods: methods.map(str::to_owned).to_vec(),
            query: QueryPolicy::RedactValues,
            tls: false,
            max_value: 1024,
        }
    }
}

/// A protocol the agent understands: one file, one line in [`crate::REGISTRY`].
pub trait Protocol: Sync {
    /// Lower-case name, for counters and status.
    fn name(&self) -> &'static str;
    /// Judges the first bytes of a chunk. Cheap: constant compares, no allocation.
    fn detect(&self, bytes: &[u8]) -> Detection;
    /// Whether a response says itself which request it answers, so that none can be taken for that of another one.
    fn is_multiplexed(&self) -> bool {
        false
    }
    /// What of its messages has to be captured. `None`: the beginning of each run of bytes.
    fn framing(&self) -> Option<&'static Framing> {
        None
    }
    /// A decoder for one connection, in the role of the traced process.
    fn decoder(&self, role: Role, options: &Arc<Options>) -> Box<dyn Decoder>;
}

/// Rebuilds the conversation of one connection.
pub trait Decoder: Send {
    /// Takes the next chunk. Never panics, whatever the bytes. Output does not depend on where chunks were cut.
    fn feed(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>);
    /// A direction (or with `None` the connection) ended at `at`: completes what ends with the stream and cuts the
    /// rest.
    fn end(&mut self, direction: Option<Direction>, at: u64, out: &mut Vec<Event>);
    /// Records of this connection were lost on the way from the kernel, possibly whole messages: forget what is
    /// half-read in `direction` and find the next message. Chunks after it do not adjoin those before.
    fn lost(&mut self, direction: Direction, out: &mut Vec<Event>);
}
