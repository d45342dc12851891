//! Attaches to running services and turns what they say into OpenTelemetry.
//!
//! The modules stand in the order an event travels.
#![forbid(unsafe_code)]

pub mod cli;
pub mod correlate;
pub mod discover;
pub mod export;
