//! What tests of more than one crate share.
#![forbid(unsafe_code)]

pub mod receiver;
