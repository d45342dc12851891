//! What tests of more than one crate share: things that make requests, the agent under test, an OTLP receiver, and the truth
//! that what it received is compared with.
#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, reason = "helpers of tests fail by panicking, and the panic says where")]

pub mod agent;
pub mod oracle;
pub mod receiver;
pub mod semconv;
pub mod workload;
