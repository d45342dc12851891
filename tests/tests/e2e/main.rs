//! The agent on real traffic: nginx, Python, curl and wrk on loopback, an OTLP receiver in the test, and an oracle that knows
//! every request. In each test, spans + counted losses = requests.
//!
//! Needs root, a kernel with type information, and the agent's binary (`cargo build -p underspan` with the same profile, or
//! `UNDERSPAN_BIN`). A test that cannot run prints `skipped: NAME: REASON` on standard error and passes; one that ran prints
//! `ran: NAME`. Tests take turns by themselves.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod budget;
mod bulk;
mod clients;
mod command_line;
mod context;
mod drivers;
mod export;
mod go;
mod go_embedded;
mod go_frameworks;
mod grpc;
mod http;
mod http2;
mod inside;
mod kill_switch;
mod latency;
mod lifecycle;
mod mariadb;
mod memory;
mod nesting;
mod nginx;
mod operation;
mod overload;
mod pipelines;
mod postgres;
mod privileges;
mod probes;
mod secrets;
mod short_lived;
mod soak;
mod stage;
mod tls;
mod transports;
mod uprobes;
