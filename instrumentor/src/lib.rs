//! Attaches to running services and turns what they say into OpenTelemetry.
//!
//! The modules stand in the order an event travels; `agent` wires them.
#![forbid(unsafe_code)]

pub mod agent;

pub mod discover;

pub mod capture;

pub mod assemble;

pub mod parse;

pub mod correlate;

pub mod signals;

pub mod export;

pub mod telemetry;
