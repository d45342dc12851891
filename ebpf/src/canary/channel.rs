//! What parent and child say to each other: orders and answers of one size.

use std::io::{self, Read, Write};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::uprobes::Kind;

/// What the child is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(super) struct Order {
    /// Index of the kind in [`Kind::ALL`], or [`ECHO`].
    pub(super) what: u32,
    /// How often.
    pub(super) times: u32,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(super) struct Answer {
    /// Calls that were made.
    pub(super) calls: u32,
    /// Of these, with a wrong result.
    pub(super) wrong: u32,
}

/// Just answer.
pub(super) const ECHO: u32 = u32::MAX;

/// Bytes of each.
pub(super) const SIZE: u64 = 8;

impl Order {
    pub(super) fn of(kind: Kind, times: u32) -> Self {
        // A handful.
        let what = Kind::ALL.iter().position(|known| *known == kind).and_then(|at| u32::try_from(at).ok());
        Self { what: what.unwrap_or(ECHO), times }
    }

    pub(super) fn kind(self) -> Option<Kind> {
        Kind::ALL.get(usize::try_from(self.what).ok()?).copied()
    }

    /// Gives the order and waits for the answer.
    pub(super) fn give(self, channel: &mut (impl Read + Write)) -> io::Result<Answer> {
        channel.write_all(self.as_bytes())?;
        let mut answer = Answer { calls: 0, wrong: 0 };
        channel.read_exact(answer.as_mut_bytes())?;
        Ok(answer)
    }
}

/// The numbers of the `i`-th call.
pub(super) fn numbers(i: u32) -> (u64, u64) {
    (u64::from(i) + 1, 3 * u64::from(i))
}
