//! An OTLP receiver inside the test: HTTP (protobuf, JSON) and gRPC on one loopback port, answers by script.
//!
//! Its gRPC side is tonic's generated server, an implementation the agent shares nothing with above HTTP/2.
use std::{
    collections::VecDeque,
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use http::HeaderMap;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

mod serve;
pub mod tls;
mod view;

pub use tls::Authority;
pub use view::{Attributes, Point, PointValue, Span};

/// Answers to the requests in the order they come; when the script is at its end, everything is taken.
#[derive(Debug, Clone, Default)]
pub struct Script(VecDeque<Answer>);

impl Script {
    /// Takes everything.
    pub fn ok() -> Self {
        Self::default()
    }

    /// These answers first.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(answers.into_iter().collect())
    }

    /// This answer a number of times first.
    pub fn repeat(answer: &Answer, times: usize) -> Self {
        Self(std::iter::repeat_n(answer.clone(), times).collect())
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The request is taken.
    Ok,
    /// The request is taken in part.
    Partial {
        /// Items that are not.
        rejected: i64,
        /// Why.
        message: &'static str,
    },
    /// An HTTP status, also to gRPC calls; nothing is taken.
    Status {
        /// The status code.
        code: u16,
        /// Value of `Retry-After`.
        retry_after: Option<String>,
    },
    /// A gRPC status; nothing is taken. Over HTTP it becomes 500.
    Grpc {
        /// The code.
        code: tonic::Code,
        /// Delay of a `RetryInfo` in the details.
        retry_delay: Option<Duration>,
    },
    /// No answer, ever.
    Hang,
    /// The connection ends without an answer.
    Close,
    /// The request is taken, and the response body has this many bytes.
    Large(usize),
}

impl Answer {
    /// An HTTP status without `Retry-After`.
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None }
    }

    /// A gRPC status without `RetryInfo`.
    pub fn grpc(code: tonic::Code) -> Self {
        Self::Grpc { code, retry_delay: None }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// When its head was read.
    pub at: Instant,
    /// Path of its URL.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body as it was on the wire; empty for gRPC.
    pub body: bytes::Bytes,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    requests: Vec<Request>,
    spans: Vec<Span>,
    points: Vec<Point>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

/// The running receiver; it ends, with its connections, when dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(script: Script) -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), script)
    }

    /// Listens at an address, for a receiver that returns.
    pub fn start_at(address: SocketAddr, script: Script) -> io::Result<Self> {
        Self::listen(address, script, None)
    }

    /// Listens on a free port of 127.0.0.1 and speaks TLS; with `mutual` it asks for a certificate of the
    /// same authority.
    pub fn start_tls(script: Script, authority: &Authority, mutual: bool) -> io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), script, Some(authority.acceptor(mutual)))
    }

    fn listen(address: SocketAddr, script: Script, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        shared.change(|state| state.script = script);
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&shared);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    result = serve::serve(listener, tls, served) => if let Err(error) = result {
                        eprintln!("the receiver ends: {error}");
                    },
                    _ = ended => {}
                }
            });
        };
        let thread = thread::Builder::new().name("receiver".into()).spawn(serve)?;
        Ok(Self { address, scheme, shared, end: Some(end), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL for OTLP/HTTP.
    pub fn http_endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// URL for OTLP/gRPC.
    pub fn grpc_endpoint(&self) -> String {
        self.http_endpoint()
    }

    /// Spans that were taken, in the order they came.
    pub fn spans(&self) -> Vec<Span> {
        self.shared.lock().spans.clone()
    }

    /// Metric points that were taken, in the order they came.
    pub fn points(&self) -> Vec<Point> {
        self.shared.lock().points.clone()
    }

    /// All requests, whatever they were answered.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Forgets what it has.
    pub fn clear(&self) {
        self.shared
            .change(|state| *state = State { script: std::mem::take(&mut state.script), ..State::default() });
    }

    /// Blocks until enough spans were taken.
    pub fn wait_for_spans(&self, count: usize) {
        self.wait(|state| state.spans.len() >= count);
    }

    /// Blocks until enough metric points were taken.
    pub fn wait_for_points(&self, count: usize) {
        self.wait(|state| state.points.len() >= count);
    }

    /// Blocks until enough requests came.
    pub fn wait_for_requests(&self, count: usize) {
        self.wait(|state| state.requests.len() >= count);
    }

    fn wait(&self, done: impl Fn(&State) -> bool) {
        let waited = self.shared.changed.wait_while(self.shared.lock(), |state| !done(state));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panic was printed
        }
    }
}
