//! what was exported -> was it the truth?
//!
//! [`Books`] hold everything a receiver got from one agent. The balance of every test: spans + counted losses = requests made.

mod books;
mod families;
mod span;

pub use books::Books;
pub use families::{Family, by_path};
pub use span::{Kind, Span};
