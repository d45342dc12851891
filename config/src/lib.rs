//! What the operator may say.
#![forbid(unsafe_code)]
