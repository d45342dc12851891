//! questions over HTTP, the kill switch file -> answers, orders to the reader
//!
//! On a thread of its own, so that it answers when the pipeline is stuck, and says so. Drops: connections beyond a bound wait; requests that
//! are too large or too slow are cut off. Counts nothing.

mod file;
mod metrics;
mod pages;
mod server;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::agent::Control;

pub use file::present;
pub use pages::{Page, View};

/// What the thread does.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where to listen, if at all.
    pub listen: Option<SocketAddr>,
    /// While this file exists, the agent is detached.
    pub kill_switch: Option<PathBuf>,
}

/// The running thread; ends when dropped.
#[derive(Debug)]
pub struct Admin {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
}

impl Admin {
    /// Starts it. An address that cannot be listened on is logged and not an error: tracing goes on without it. Errors when there can be no
    /// thread.
    pub fn start(settings: Settings, control: Control) -> io::Result<Self> {
        let Settings { listen, kill_switch } = settings;
        let listener = listen.and_then(|address| match server::listen(address) {
            Ok(listener) => Some(listener),
            Err(error) => {
                tracing::warn!(
                    %address, %error,
                    "the admin endpoint is off: cannot listen there; set `admin.listen` to a free port, or to off"
                );
                None
            }
        });
        let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        if listener.is_none() && kill_switch.is_none() {
            return Ok(Self { end: None, thread: None, address });
        }
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("admin".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // Also when the other end was dropped.
                    _ = ended => {}
                    () = server::serve(listener, &control) => {}
                    () = file::watch(kill_switch, &control) => {}
                }
            });
            runtime.shutdown_background();
        })?;
        if let Some(address) = address {
            tracing::info!(%address, "admin endpoint");
        }
        Ok(Self { end: Some(end), thread: Some(thread), address })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // An error means that it panicked, which it has said.
            let _ = thread.join();
        }
    }
}
