//! The arguments of a site as text -> where each is.

use std::fmt;

use super::operand::{aarch64, x86_64};
use crate::elf::Arch;

/// One argument of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// As the note has it.
    pub text: String,
    /// Its length, bytes.
    pub size: u8,
    /// It has a sign.
    pub signed: bool,
    /// Where it is.
    pub place: Place,
}

/// Where an argument is when the site is reached. Registers are words among those the kernel saves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: it is always this.
    Constant(i64),
    /// In a register.
    Register {
        /// Which.
        word: u8,
        /// In its second byte.
        high: bool,
    },
    /// In memory, at the sum of these.
    Memory {
        /// A fixed distance.
        displacement: i64,
        /// A register.
        base: Option<u8>,
        /// Another, scaled.
        index: Option<Index>,
    },
    /// It cannot be had, and why.
    Unavailable(&'static str),
}

/// A scaled register in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Which.
    pub word: u8,
    /// Logarithm of what it is multiplied by.
    pub shift: u8,
    /// How much of it counts.
    pub extend: Extend,
}

/// How much of an index register counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extend {
    /// All of it.
    No,
    /// The lower half, with its sign.
    Signed,
    /// The lower half, without.
    Unsigned,
}

/// Finds the address of a symbol.
pub(super) type Resolve<'a> = &'a dyn Fn(&str) -> Option<u64>;

/// Most arguments that are looked at; `sys/sdt.h` defines no more.
const ARGUMENTS_MAX: usize = 12;

/// Reads the arguments of a site at `location`.
pub(super) fn parse(arch: Arch, text: &str, location: u64, resolve: Resolve<'_>) -> Vec<Argument> {
    split(text).into_iter().take(ARGUMENTS_MAX).map(|one| parse_one(arch, one, location, resolve)).collect()
}

/// Whether an argument cannot be found without symbols.
pub(super) fn mentions_symbol(arch: Arch, text: &str) -> bool {
    let asked = std::cell::Cell::new(false);
    let resolve = |_: &str| {
        asked.set(true);
        None
    };
    let _ = parse(arch, text, 0, &resolve);
    asked.get()
}

/// At spaces, but for those in brackets.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_u32);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth = depth.saturating_sub(1),
            b' ' | b'\t' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// `[-]SIZE[f]@OPERAND`; without a size, a word without sign.
fn parse_one(arch: Arch, text: &str, location: u64, resolve: Resolve<'_>) -> Argument {
    let (kind, operand) = match text.split_once('@') {
        Some((kind, operand))
            if kind.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'f')) =>
        {
            (kind, operand)
        }
        _ => ("", text),
    };
    let signed = kind.starts_with('-');
    let number = kind.trim_start_matches('-');
    let (number, float) = number.strip_suffix('f').map_or((number, false), |number| (number, true));
    let size = if number.is_empty() { 8 } else { number.parse().unwrap_or(0) };
    let place = match () {
        () if float => Place::Unavailable("floating point"),
        () if !matches!(size, 1 | 2 | 4 | 8) => Place::Unavailable("a size that is not 1, 2, 4 or 8"),
        () => match arch {
            Arch::X86_64 => x86_64(operand, location, resolve),
            Arch::Aarch64 => aarch64(operand),
        },
    };
    Argument { text: text.to_owned(), size, signed, place }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.signed { 'i' } else { 'u' };
        write!(f, "{kind}{} ", u32::from(self.size) * 8)?;
        match &self.place {
            Place::Constant(value) => write!(f, "{value}"),
            Place::Register { word, high } => write!(f, "word{word}{}", if *high { " >> 8" } else { "" }),
            Place::Unavailable(why) => write!(f, "unavailable: {why}"),
            Place::Memory { displacement, base, index } => {
                write!(f, "[{displacement:#x}")?;
                if let Some(base) = base {
                    write!(f, " + word{base}")?;
                }
                if let Some(Index { word, shift, extend }) = index {
                    let part = match extend {
                        Extend::No => "",
                        Extend::Signed => " as i32",
                        Extend::Unsigned => " as u32",
                    };
                    write!(f, " + (word{word}{part} << {shift})")?;
                }
                f.write_str("]")
            }
        }
    }
}
