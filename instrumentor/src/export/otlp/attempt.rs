//! Attempts that end without a response.
use std::{error::Error, fmt::Write, future::Future, time::Duration};

use crate::export::{DropReason, Outcome};

/// The outcome, or a failure when there is none in time.
pub(super) async fn within(timeout: Option<Duration>, attempt: impl Future<Output = Outcome>) -> Outcome {
    let Some(timeout) = timeout else { return attempt.await };
    tokio::time::timeout(timeout, attempt).await.unwrap_or_else(|_| Outcome::Failed {
        reason: DropReason::Timeout,
        after: None,
        error: format!("no answer within {timeout:?}"),
    })
}

/// The connection was refused or reset, or there is no such host. All of it may pass.
pub(super) fn no_response(error: &(dyn Error + 'static)) -> Outcome {
    let mut reason = DropReason::Unavailable;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // A gRPC channel obeys the header with the timeout too, and may be the first to lose patience.
        if error.is::<tonic::TimeoutExpired>() {
            reason = DropReason::Timeout;
        }
        let _ = write!(text, ": {error}"); // writing to a string does not fail
        cause = error.source();
    }
    Outcome::Failed { reason, after: None, error: text }
}
