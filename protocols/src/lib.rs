//! Captured bytes of a connection -> messages that already speak OpenTelemetry.
//!
//! Everything here is pure: no I/O, no clock, no logging, no `unsafe`. Bytes come from processes nobody has
//! vetted, so every decoder is bounded in memory, never panics, and says what it could not understand.
//!
//! Read [`message`] first (what comes out), then [`decoder`] (how bytes go in), then one protocol.
#![forbid(unsafe_code)]

pub mod context;
pub mod decoder;
mod framed;
pub mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod grpc;
mod held;
mod http;
pub mod http1;
pub mod http2;
pub mod message;
pub mod mysql;
pub mod postgresql;
mod registry;
pub mod semconv;
pub mod sql;

pub use registry::REGISTRY;
