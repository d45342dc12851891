//! exec/fork/exit events + /proc -> Target
pub mod resource;
