//! Bytes of an HTTP/1.0 or HTTP/1.1 connection -> requests and responses.
//!
//! A chunk goes to the `lane` of its direction, which finds where messages begin and end (`head`, `body`);
//! `exchanges` pairs the two lanes in order. A response that overtakes its request on the way from the kernel
//! waits in [`held`](crate::held). Drops quietly: bytes before the first message of a connection that was joined late, and
//! everything after the connection left HTTP. Reports as lost: messages that break the grammar, responses without
//! a request, requests whose response was not captured, requests beyond the bounds.

mod body;
mod decoder;
mod detect;
mod exchanges;
mod head;
mod lane;
mod messages;

use std::sync::Arc;

use crate::decoder::{Decoder, Detection, Options, Protocol};
use crate::message::Role;

/// HTTP/1.0 and HTTP/1.1.
#[derive(Debug)]
pub struct Http1;

impl Protocol for Http1 {
    fn name(&self) -> &'static str {
        "http1"
    }

    fn detect(&self, bytes: &[u8]) -> Detection {
        detect::detect(bytes)
    }

    fn decoder(&self, role: Role, options: &Arc<Options>) -> Box<dyn Decoder> {
        Box::new(decoder::Http1Decoder::new(role, Arc::clone(options)))
    }
}
