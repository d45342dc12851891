//! Kinds of probe, as far as the kernel treats them differently.

use std::fmt;

use super::{Point, When};
use crate::elf::{Arch, Image};
use crate::placement::is_emulated;

/// A kind of probe that may work or fail by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// On an instruction that the kernel emulates.
    Emulated,
    /// On one of which a copy is executed in single-step mode.
    Stepped,
    /// At the return of a function: the return address on the stack is replaced.
    Return,
    /// With a counter in the process's memory that is raised while attached.
    Semaphore,
    /// On the five-byte nop of `x86_64` in the middle of a function. Linux 6.18 turns it into a call when it is hit, which overwrites what
    /// leaf functions keep below the stack pointer.
    LongNop,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Emulated, Self::Stepped, Self::Return, Self::Semaphore, Self::LongNop];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Emulated => "uprobe-emulated",
            Self::Stepped => "uprobe-stepped",
            Self::Return => "uretprobe",
            Self::Semaphore => "usdt-semaphore",
            Self::LongNop => "uprobe-nop5",
        })
    }
}

/// The nop that kernels replace by something faster (`nopl 0(%rax,%rax,1)`).
const LONG_NOP: [u8; 5] = [0x0f, 0x1f, 0x44, 0, 0];

/// The kinds a probe at `point` is of.
pub(super) fn kinds(image: &Image, point: &Point) -> Vec<Kind> {
    let code = image.at_offset(point.offset, 16);
    let long_nop = image.arch() == Arch::X86_64 && code.starts_with(&LONG_NOP) && !point.at_entry;
    let mut kinds = vec![match () {
        () if long_nop => Kind::LongNop,
        () if is_emulated(image.arch(), &code) => Kind::Emulated,
        () => Kind::Stepped,
    }];
    kinds.extend((point.when == When::Return).then_some(Kind::Return));
    kinds.extend(point.semaphore.map(|_| Kind::Semaphore));
    kinds
}
