//! Bytes of an HTTP/2 connection -> requests and responses; those of gRPC as remote procedure calls.
//!
//! A chunk goes to the `lane` of its direction, which follows its frames; where it has lost them or the connection was
//! joined in the middle, `search` finds the next. Header blocks are decoded by [`hpack`], read by `headers` and
//! `request`, and told to `streams`, which pairs the directions by stream. Content is counted and passed over; flow
//! control and priorities are ignored. Names and values that refer to what nobody saw are marked as unknown, never
//! guessed. Drops quietly: pushed responses, which nobody asked for, and frames of streams that began before the
//! connection was joined. Reports as lost: requests that break the grammar or could not be captured, responses
//! without a request, requests whose response was not captured, streams beyond the bounds.

mod decoder;
mod detect;
mod frame;
mod framing;
mod headers;
pub mod hpack;
mod lane;
mod request;
mod search;
mod stream;
mod streams;

use std::sync::Arc;

use crate::decoder::{Decoder, Detection, Options, Protocol};
use crate::framing::Framing;
use crate::message::Role;

pub(crate) use decoder::Http2Decoder;

/// HTTP/2.
#[derive(Debug)]
pub struct Http2;

impl Protocol for Http2 {
    fn name(&self) -> &'static str {
        "http2"
    }

    fn detect(&self, bytes: &[u8]) -> Detection {
        detect::detect(bytes)
    }

    fn is_multiplexed(&self) -> bool {
        true
    }

    fn framing(&self) -> Option<&'static Framing> {
        Some(&framing::FRAMING)
    }

    fn decoder(&self, role: Role, options: &Arc<Options>) -> Box<dyn Decoder> {
        Box::new(Http2Decoder::new(role, Arc::clone(options)))
    }
}
