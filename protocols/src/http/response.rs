//! Status code -> what the response means in semantic-convention terms.

use crate::message::{Response, Role, Value};
use crate::semconv::attribute as name;

/// Describes a response of this status.
pub(crate) fn describe(role: Role, code: u16) -> Response {
    // Below 100 the code means nothing, which is an error to whoever has to read it.
    let failed = match role {
        Role::Server => !(100..500).contains(&code),
        Role::Client => !(100..400).contains(&code),
    };
    Response {
        attributes: vec![(name::HTTP_RESPONSE_STATUS_CODE, Value::Int(code.into()))],
        error: failed.then(|| code.to_string()),
        ..Response::default()
    }
}
