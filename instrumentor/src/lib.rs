//! Attaches to running services and turns what they say into OpenTelemetry.
//!
//! [`cli`] decides what to do, [`agent`] wires the stages; the others stand in the order an event travels.
#![forbid(unsafe_code)]

pub mod cli;

pub mod agent;

pub mod discover;

pub mod attach;

pub mod capture;

pub mod assemble;

pub mod parse;

pub mod runtimes;

pub mod correlate;

pub mod signals;

pub mod export;

pub mod telemetry;
