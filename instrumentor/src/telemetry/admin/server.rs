//! HTTP/1.1, small: every request is answered and its connection closed.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::pages::{Page, View};
use crate::agent::Control;

/// Connections at a time; more wait in the listener's backlog.
const CONNECTIONS: usize = 16;
/// Longest a request's head may take, and a connection with its answer.
const HEAD: Duration = Duration::from_secs(5);
const CONNECTION: Duration = Duration::from_secs(15);
/// Most bytes of a request's head.
const BUFFER: usize = 16 << 10;

pub(super) fn listen(address: SocketAddr) -> io::Result<StdListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves forever.
pub(super) async fn serve(listener: Option<StdListener>, control: &Control) {
    let Some(Ok(listener)) = listener.map(TcpListener::from_std) else { return std::future::pending().await };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let view = Arc::new(Mutex::new(View::default()));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "the admin endpoint cannot accept a connection");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (control, view) = (control.clone(), Arc::clone(&view));
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (control, view) = (control.clone(), Arc::clone(&view));
                async move { Ok::<_, Infallible>(answer(&request, peer, &control, &view).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(BUFFER)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // A client that breaks off or dawdles is its own problem.
            drop(timeout(CONNECTION, connection).await);
            drop(permit);
        });
    }
}

async fn answer(
    request: &Request<Incoming>,
    peer: SocketAddr,
    control: &Control,
    view: &Mutex<View>,
) -> Response<Full<Bytes>> {
    let get = matches!(*request.method(), Method::GET | Method::HEAD);
    let (page, allowed) = match request.uri().path() {
        "/healthz" if get => (View::health(control), ""),
        "/readyz" if get => (View::ready(control), ""),
        "/metrics" if get => (View::metrics(view, control).await, ""),
        "/status" if get => (View::status(view, control).await, ""),
        "/healthz" | "/readyz" | "/metrics" | "/status" => (Page::not_allowed(), "GET, HEAD"),
        "/detach" | "/attach" if request.method() != Method::POST => (Page::not_allowed(), "POST"),
        path @ ("/detach" | "/attach") => (steer(path, request, peer, control).await, ""),
        "/" if get => (Page::index(), ""),
        _ => (Page::not_found(), ""),
    };
    let mut response = Response::new(Full::new(page.body.into()));
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(page.kind));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    if !allowed.is_empty() {
        headers.insert(header::ALLOW, http::HeaderValue::from_static(allowed));
    }
    response
}

/// Whoever is logged in on this host may steer; other hosts may not, and neither may a web page in a browser that runs here.
async fn steer(path: &str, request: &Request<Incoming>, peer: SocketAddr, control: &Control) -> Page {
    if !peer.ip().to_canonical().is_loopback() {
        return Page::text(StatusCode::FORBIDDEN, "only from this host\n");
    }
    if request.headers().contains_key(header::ORIGIN) {
        return Page::text(StatusCode::FORBIDDEN, "not from a web page\n");
    }
    if path == "/detach" { View::detach(control).await } else { View::attach(control).await }
}
