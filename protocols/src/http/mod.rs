//! What all versions of HTTP share: header fields and targets -> semantic-convention terms, secrets taken out.

pub(crate) mod fields;
pub(crate) mod forwarded;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod target;

use crate::message::Convention;
use crate::semconv::{attribute, metric};

/// What the requests a process serves feed.
pub(crate) static SERVER: Convention = Convention {
    duration: &metric::HTTP_SERVER_REQUEST_DURATION,
    request_size: Some(&metric::HTTP_SERVER_REQUEST_BODY_SIZE),
    response_size: Some(&metric::HTTP_SERVER_RESPONSE_BODY_SIZE),
    request_size_attribute: Some(attribute::HTTP_REQUEST_BODY_SIZE),
    response_size_attribute: Some(attribute::HTTP_RESPONSE_BODY_SIZE),
};

/// What the requests a process makes feed.
pub(crate) static CLIENT: Convention = Convention {
    duration: &metric::HTTP_CLIENT_REQUEST_DURATION,
    request_size: Some(&metric::HTTP_CLIENT_REQUEST_BODY_SIZE),
    response_size: Some(&metric::HTTP_CLIENT_RESPONSE_BODY_SIZE),
    request_size_attribute: Some(attribute::HTTP_REQUEST_BODY_SIZE),
    response_size_attribute: Some(attribute::HTTP_RESPONSE_BODY_SIZE),
};

/// Characters of a method and of a field's name.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
