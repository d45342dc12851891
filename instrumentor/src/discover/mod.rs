//! exec/fork/exit events + /proc -> which processes are traced, and who they are
//!
//! Drops: nothing. A process that vanished before it could be read keeps the name its event carried.
//! Counts: malformed `OTEL_RESOURCE_ATTRIBUTES`, and processes known by their events alone.
mod cgroup;
mod environment;
mod facts;
pub mod host;
pub mod identity;
pub mod launch;
mod names;
pub mod proc;
mod program;
pub mod resource;
pub mod scan;
pub mod selector;
mod sockets;
pub mod table;

pub use facts::ProcessFacts;
pub use host::Host;
pub use identity::Identifier;
pub use proc::ProcFs;
pub use resource::Resource;
pub use selector::{Selectors, WrongGlob};
pub use table::{Change, ProcessTable};

#[cfg(test)]
mod fake;
