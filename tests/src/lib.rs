//! What end-to-end tests and benches share: things that make requests, the agent under test, and the truth they are compared with.
#![forbid(unsafe_code)]
// A test that cannot go on fails, and a panic says where.
#![allow(clippy::missing_panics_doc, reason = "helpers of tests fail by panicking")]

pub mod agent;
pub mod oracle;
pub mod workload;
