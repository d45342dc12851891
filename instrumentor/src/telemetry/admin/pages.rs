//! What each path answers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::metrics;
use crate::agent::{Control, Holder, Snapshot, Standing};
use crate::telemetry::prometheus;
use crate::telemetry::status::{State, Status};

/// A pipeline that has not moved for so long is stuck. Attaching takes a second or two on a slow machine, and is no reason to be restarted.
const STUCK: Duration = Duration::from_secs(15);
/// Longest wait for the reader to say how things are; then what it said last has to do.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest wait for it to attach or detach.
const ORDER: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Status code.
    pub status: StatusCode,
    /// `Content-Type`.
    pub kind: &'static str,
    /// The body.
    pub body: String,
}

impl Page {
    pub(super) fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: body.into() }
    }

    fn json(status: StatusCode, body: String) -> Self {
        Self { status, kind: "application/json", body: body + "\n" }
    }

    pub(super) fn not_found() -> Self {
        Self::text(StatusCode::NOT_FOUND, format!("no such page\n{}", Self::index().body))
    }

    pub(super) fn not_allowed() -> Self {
        Self::text(StatusCode::METHOD_NOT_ALLOWED, "not this method\n")
    }

    pub(super) fn index() -> Self {
        let paths = "GET /healthz\nGET /readyz\nGET /metrics\nGET /status\nPOST /detach\nPOST /attach\n";
        Self::text(StatusCode::OK, paths)
    }
}

/// What the reader said last.
#[derive(Debug, Default)]
pub struct View {
    last: Option<Snapshot>,
}

impl View {
    /// Whether the pipeline moves.
    pub(super) fn health(control: &Control) -> Page {
        let silent = Duration::from_nanos(control.pulse().silent());
        if silent < STUCK {
            Page::text(StatusCode::OK, "ok\n")
        } else {
            let text = format!("the pipeline has not moved for {} s\n", silent.as_secs());
            Page::text(StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }

    /// Whether it traces. The exporters were set up before anything else.
    pub(super) fn ready(control: &Control) -> Page {
        match Self::health(control) {
            page if page.status != StatusCode::OK => page,
            _ if control.pulse().is_attached() => Page::text(StatusCode::OK, "ready\n"),
            _ => Page::text(StatusCode::SERVICE_UNAVAILABLE, "detached: /status says why\n"),
        }
    }

    pub(super) async fn status(view: &Mutex<Self>, control: &Control) -> Page {
        let snapshot = Self::look(view, control).await;
        match serde_json::to_string_pretty(&snapshot.status) {
            Ok(text) => Page::json(StatusCode::OK, text),
            // Cannot happen: the status is text and numbers under keys of text.
            Err(error) => Page::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }

    pub(super) async fn metrics(view: &Mutex<Self>, control: &Control) -> Page {
        let snapshot = Self::look(view, control).await;
        let body = metrics::text(&snapshot);
        Page { status: StatusCode::OK, kind: prometheus::CONTENT_TYPE, body }
    }

    pub(super) async fn detach(control: &Control) -> Page {
        let done = control.detach(Holder::Operator, "the admin endpoint was told to detach");
        Self::steered(done, false).await
    }

    pub(super) async fn attach(control: &Control) -> Page {
        Self::steered(control.attach(Holder::Operator), true).await
    }

    /// 200 when it is as wanted, 409 when somebody or something objects.
    async fn steered(done: oneshot::Receiver<Standing>, attached: bool) -> Page {
        let Ok(Ok(standing)) = timeout(ORDER, done).await else {
            return Page::text(StatusCode::GATEWAY_TIMEOUT, "the pipeline does not answer\n");
        };
        let status = if standing.attached == attached { StatusCode::OK } else { StatusCode::CONFLICT };
        let state = if standing.attached { State::Attached } else { State::Detached };
        Page::json(status, json!({ "state": state, "reasons": standing.reasons }).to_string())
    }

    /// How things are, or how they were when the reader last said so.
    async fn look(view: &Mutex<Self>, control: &Control) -> Snapshot {
        let fresh = timeout(PATIENCE, control.look()).await;
        let silent = Duration::from_nanos(control.pulse().silent()).as_secs_f64();
        let mut view = view.lock().unwrap_or_else(PoisonError::into_inner);
        let mut snapshot = match fresh {
            Ok(Ok(snapshot)) => {
                view.last = Some(snapshot.clone());
                snapshot
            }
            _ => stale(view.last.clone().unwrap_or_default(), silent),
        };
        snapshot.status.agent.silent_seconds = silent;
        snapshot
    }
}

fn stale(mut snapshot: Snapshot, silent: f64) -> Snapshot {
    let Status { findings, .. } = &mut snapshot.status;
    findings.insert(
        0,
        format!("the pipeline does not answer, silent for {silent:.1} s: the rest of this is as of then"),
    );
    snapshot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stuck_pipeline_is_said_to_be_stuck() {
        let (control, _queue) = Control::stuck();
        let health = View::health(&control);
        assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(View::ready(&control), health);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let page = runtime.expect("a runtime").block_on(View::status(&Mutex::default(), &control));
        assert_eq!(page.status, StatusCode::OK);
        let status: Status = serde_json::from_str(&page.body).expect("a status");
        assert!(status.findings[0].contains("does not answer"), "{}", page.body);
        assert!(status.agent.silent_seconds > 0.0);
    }

    #[test]
    fn health_follows_the_pulse() {
        let (control, _queue) = Control::stuck();
        control.pulse().beat();
        assert_eq!(View::health(&control).status, StatusCode::OK);
        assert_eq!(View::ready(&control).status, StatusCode::SERVICE_UNAVAILABLE, "not attached");
        control.pulse().set_attached(true);
        assert_eq!(View::ready(&control).status, StatusCode::OK);
    }
}
