//! the agent on itself: facts -> one log line and one counter each

mod stats;

pub use stats::Stats;
