//! The `underspan` binary.
fn main() {}
