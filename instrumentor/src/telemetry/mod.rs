//! the agent on itself: facts -> one log line and one counter each

mod stats;
mod totals;

pub use stats::Stats;
pub use totals::Totals;
