//! the agent on itself: facts -> counters, status, the admin endpoint and the audit log
//!
//! Drops: lines of the audit log the disk does not take; counted in [`audit`].

pub mod admin;
pub mod audit;
pub mod prometheus;
mod stats;
pub mod status;
mod totals;
mod traffic;

pub use stats::{Stats, reason_name};
pub use totals::Totals;
pub use traffic::{Puzzle, Traffic};
