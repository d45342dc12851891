//! One exchange: what is known of its request and its response, whichever came first.

use super::headers::Headers;
use crate::decoder::{Ending, Event};
use crate::grpc::{self, Call, Counts, Messages};
use crate::http::forwarded::text;
use crate::http::response;
use crate::message::{Direction, Response, Role, Value};
use crate::semconv::underspan::RESPONSE_UNKNOWN;

/// Error codes of RFC 9113, 7, as values of `error.type`.
const ERROR_CODES: [&str; 14] = [
    "no_error",
    "protocol_error",
    "internal_error",
    "flow_control_error",
    "settings_timeout",
    "stream_closed",
    "frame_size_error",
    "refused_stream",
    "cancel",
    "compression_error",
    "connect_error",
    "enhance_your_calm",
    "inadequate_security",
    "http_1_1_required",
];
const NO_ERROR: u32 = 0;
pub(super) const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;

/// See the module.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each direction goes on by itself")]
pub(super) struct Stream {
    /// The request was seen, or given up.
    pub(super) asked: bool,
    /// `None`: not reported yet, or already counted as lost and here only to take its frames out of the way.
    pub(super) key: Option<u64>,
    pub(super) first: u64,
    /// It is a remote procedure call.
    pub(super) call: Option<Call>,
    /// Its last byte is yet to come.
    pub(super) request_open: bool,
    pub(super) request_body: u64,
    pub(super) request_messages: Messages,
    pub(super) response_body: u64,
    pub(super) response_messages: Messages,
    /// When the first interim response began.
    interim: Option<u64>,
    pub(super) head: Option<Head>,
    status: Option<CallStatus>,
    /// Content of the response has come.
    content: bool,
    /// `Response` was emitted.
    responded: bool,
    pub(super) ended: Option<End>,
    /// Frames of the response may be missing.
    pub(super) doubtful: bool,
}

/// The response's head.
#[derive(Debug)]
pub(super) struct Head {
    first: u64,
    /// `None`: could not be known.
    status: Option<u16>,
}

/// What the response says of a call's outcome.
#[derive(Debug)]
enum CallStatus {
    Known(Vec<u8>),
    Unknown,
}

/// How the response ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) last: u64,
    pub(super) how: How,
}

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Complete,
    /// The connection.
    Cut,
    /// Somebody, with an error code if it was captured.
    Reset {
        by: Direction,
        code: Option<u32>,
    },
}

impl Stream {
    /// A place for a stream whose exchange is counted already.
    pub(super) fn ghost() -> Self {
        Self { asked: true, ..Self::default() }
    }

    /// An exchange whose request is complete and was reported.
    pub(super) fn reported(key: u64, first: u64) -> Self {
        Self { asked: true, key: Some(key), first, ..Self::default() }
    }

    /// A header block of the response.
    pub(super) fn answer(&mut self, headers: &Headers, first: u64) {
        let code = headers.status.as_deref().map(|status| text(status).parse::<u16>().unwrap_or_default());
        match code {
            Some(100..200) => {
                self.interim.get_or_insert(first);
                return;
            }
            Some(_) if self.head.as_ref().is_none_or(|head| head.status.is_none()) && !self.responded => {
                let first = self.head.as_ref().map_or(first, |head| head.first);
                self.head = Some(Head { first, status: code });
            }
            None if self.head.is_none() && headers.may_hide() => {
                self.head = Some(Head { first, status: None });
            }
            _ => {}
        }
        match headers.get("grpc-status") {
            Some(status) => self.status = Some(CallStatus::Known(status.to_vec())),
            None if headers.has_unknown() => self.status = Some(CallStatus::Unknown),
            None => {}
        }
    }

    /// Content of the response.
    pub(super) fn content(&mut self, length: u64, bytes: Option<&[u8]>) {
        self.content = true;
        self.response_body = self.response_body.saturating_add(length);
        match bytes {
            Some(bytes) => self.response_messages.read(bytes),
            None => self.response_messages.skip(length),
        }
    }

    /// Content of the request.
    pub(super) fn asks(&mut self, length: u64, bytes: Option<&[u8]>) {
        self.request_body = self.request_body.saturating_add(length);
        match bytes {
            Some(bytes) => self.request_messages.read(bytes),
            None => self.request_messages.skip(length),
        }
    }

    /// The request is complete, or nothing more of it will come.
    pub(super) fn end_request(&mut self, last: u64, ending: Ending, out: &mut Vec<Event>) {
        if !std::mem::take(&mut self.request_open) {
            return;
        }
        if let Some(key) = self.key {
            out.push(Event::End {
                key,
                direction: Direction::Request,
                last,
                body: self.request_body,
                ending,
            });
        }
    }

    /// Nothing more of the response will come; only the first ending counts.
    pub(super) fn end(&mut self, last: u64, how: How) {
        self.ended.get_or_insert(End { last, how });
    }

    /// Reports what can be told by now; true when that is all.
    pub(super) fn settle(&mut self, role: Role, out: &mut Vec<Event>) -> bool {
        if !self.asked {
            return false;
        }
        let complete = self.ended.filter(|_| !self.request_open);
        let Some(key) = self.key else { return complete.is_some() };
        if !self.responded
            && let Some(response) = self.response(complete, role)
        {
            self.responded = true;
            let begun = self.interim.or(self.head.as_ref().map(|head| head.first));
            let first = begun.or(self.ended.map(|end| end.last)).unwrap_or_default().max(self.first);
            out.push(Event::Response { key, first, response });
        }
        let Some(End { last, how }) = complete else { return false };
        let ending = how.ending(self.call.is_some());
        out.push(Event::End { key, direction: Direction::Response, last, body: self.response_body, ending });
        true
    }

    /// The response, once it says all it is going to say.
    fn response(&self, complete: Option<End>, role: Role) -> Option<Response> {
        if let Some(call) = &self.call {
            let end = complete?;
            if end.how == How::Cut && self.head.is_none() && self.status.is_none() {
                return None;
            }
            let counts =
                Counts { request: self.request_messages.count(), response: self.response_messages.count() };
            return Some(grpc::respond(role, call, self.outcome(end), counts));
        }
        let over = self.content || self.ended.is_some();
        let missed = self.doubtful && self.content_without_head();
        let head = self.head.as_ref().filter(|head| head.status.is_some() || over);
        let status = match head {
            Some(head) => head.status,
            None if missed => None,
            None => return None,
        };
        Some(status.map_or_else(unknown_status, |status| response::describe(role, status)))
    }

    /// The response ended as it should, but its head was not captured.
    fn content_without_head(&self) -> bool {
        let complete = self.ended.is_some_and(|end| end.how == How::Complete);
        self.head.is_none() && complete
    }

    fn outcome(&self, end: End) -> grpc::Answer<'_> {
        match (&self.status, end.how) {
            (Some(CallStatus::Known(status)), _) => grpc::Answer::Status(status),
            (_, How::Reset { by: Direction::Request, code: Some(NO_ERROR | CANCEL) | None }) => {
                grpc::Answer::Cancelled(end.last.saturating_sub(self.first))
            }
            (_, How::Reset { code: Some(code), .. }) => grpc::Answer::Reset(code),
            (Some(CallStatus::Unknown), _) | (None, How::Reset { .. } | How::Cut) => grpc::Answer::Unknown,
            (None, How::Complete) if self.doubtful => grpc::Answer::Unknown,
            (None, How::Complete) => match self.head.as_ref().and_then(|head| head.status) {
                Some(200) => grpc::Answer::Nothing,
                Some(code) => grpc::Answer::Http(code),
                None => grpc::Answer::Unknown,
            },
        }
    }
}

fn unknown_status() -> Response {
    let unknown = Value::StringArray(vec!["status".to_owned()]);
    Response { attributes: vec![(RESPONSE_UNKNOWN, unknown)], ..Response::default() }
}

impl How {
    /// The response of a call says itself what a reset means.
    fn ending(self, call: bool) -> Ending {
        match self {
            Self::Complete => Ending::Complete,
            Self::Cut => Ending::Cut,
            Self::Reset { by: Direction::Request, code: Some(NO_ERROR | CANCEL) | None } => {
                Ending::Reset(None)
            }
            Self::Reset { code: Some(_), .. } if call => Ending::Reset(None),
            Self::Reset { code, .. } => Ending::Reset(Some(match code {
                Some(code) => {
                    let known = usize::try_from(code).ok().and_then(|code| ERROR_CODES.get(code));
                    known.copied().unwrap_or("unknown_error_code")
                }
                None => "stream_reset",
            })),
        }
    }
}
