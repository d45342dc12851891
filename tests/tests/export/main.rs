//! The exporters' contract with receivers: every rule of the OTLP specification for clients, and what is
//! counted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod delivery;
mod loss;
mod retry;
mod stdout;
mod support;
mod tls;
