//! What must hold for every HTTP/2 connection.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bounds;
mod library;
mod peers;
mod properties;
mod truth;
