//! Loads, attaches and reads underspan's BPF programs: mechanism, no policy.
//!
//! [`Tracer`] is the way in. It loads the one object, tries every probe of [`probes::REGISTRY`], keeps what the kernel accepts
//! and says why about the rest, and hands out [`Record`]s. Everything it made in the kernel ends with it.

mod abi;
pub mod canary;
mod control;
mod counters;
pub mod elf;
mod framing;
pub mod go;
mod loader;
pub(crate) mod marks;
mod memory;
mod object;
mod pages;
pub mod placement;
pub mod probes;
mod record;
mod ring;
mod tracer;
mod trials;
pub mod uprobes;
pub mod usdt;
mod waiter;

pub use abi::{DESCENDS, Flags, GOROUTINE, NAME_MAX, Role, TAIL_MAX};
pub use counters::Counters;
pub use framing::{Bare, Framing, Keep, Signature};
pub use loader::{LoadError, Runs};
pub use memory::{spare_memory, trim_memory};
pub use record::{
    Answer, Conn, Data, End, Life, Moment, Operation, Process, ProcessKind, Query, Record, RecordError, Run,
    Stream, StreamOn, Sums, System, parse,
};
pub use tracer::{ProbeReport, RunCount, Running, Settings, Tally, Tracer, Usage, Verdict};
