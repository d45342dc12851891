//! Message -> Exchange (request + response + parent)
pub mod exchange;
