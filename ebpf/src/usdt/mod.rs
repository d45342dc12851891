//! USDT: the probes that authors put into their programs, as the notes in `.note.stapsdt` describe them.
//!
//! A probe has a provider, a name, and one or more sites (compilers copy code). Each site says in the assembler's words where the arguments
//! are just there. [`probes`] reads all of that; [`Uprobes::attach_usdt`](crate::uprobes::Uprobes::attach_usdt) attaches a program to every
//! site and tells it, through a table indexed by cookie, where to look. An argument that cannot be had (floating point, thread-local,
//! a symbol that was stripped) is `Unavailable`, and the others are read all the same.

mod argument;
mod attach;
mod operand;
mod registers;
mod spec;

use crate::elf::{Image, ImageError};

pub use argument::{Argument, Extend, Index, Place};
pub use attach::TAG_MAX;
pub(crate) use spec::SpecTable;

/// A probe of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Who defines it, for example `postgresql`.
    pub provider: String,
    /// Its name, for example `query__start`.
    pub name: String,
    /// Where it is, in the order of the notes.
    pub sites: Vec<Site>,
}

/// One place of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Of its instruction, in the file's own terms.
    pub address: u64,
    /// In the file, bytes.
    pub offset: u64,
    /// Where in the file the counter is that tells the process somebody looks.
    pub semaphore: Option<u64>,
    /// Its arguments in order.
    pub arguments: Vec<Argument>,
}

/// Most sites that are read of one image.
const SITES_MAX: usize = 65_536;

/// All probes of an image, in the order of the notes; empty for one that has none. Notes that are damaged are passed over.
pub fn probes(image: &Image) -> Result<Vec<Probe>, ImageError> {
    let Some(section) = image.section(".note.stapsdt") else { return Ok(Vec::new()) };
    let base = image.section(".stapsdt.base").map(|section| section.address);
    let notes: Vec<_> = image
        .notes(section)?
        .iter()
        .filter_map(|note| RawNote::of(&note.owner, note.kind, &note.bytes, base))
        .take(SITES_MAX)
        .collect();
    // Symbols are read only if an argument names one.
    let names = if notes.iter().any(|note| argument::mentions_symbol(image.arch(), &note.arguments)) {
        Some(image.names()?)
    } else {
        None
    };
    let resolve = |symbol: &str| names.as_ref().and_then(|names| names.address(symbol));
    let mut probes: Vec<Probe> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for note in notes {
        let Some(offset) = image.offset_of(note.location).filter(|_| image.is_code(note.location)) else {
            continue;
        };
        let site = Site {
            address: note.location,
            offset,
            semaphore: (note.semaphore != 0).then(|| image.offset_of(note.semaphore)).flatten(),
            arguments: argument::parse(image.arch(), &note.arguments, note.location, &resolve),
        };
        let key = (note.provider.clone(), note.name.clone());
        let at = *index.entry(key).or_insert_with(|| {
            probes.push(Probe { provider: note.provider, name: note.name, sites: Vec::new() });
            probes.len() - 1
        });
        probes[at].sites.push(site);
    }
    Ok(probes)
}

/// A note as it stands there, its addresses corrected for prelinking.
#[derive(Debug, PartialEq, Eq)]
struct RawNote {
    location: u64,
    semaphore: u64,
    provider: String,
    name: String,
    arguments: String,
}

/// `NT_STAPSDT`
const KIND: u32 = 3;

impl RawNote {
    /// `base` is where the section `.stapsdt.base` is now. When a file is prelinked its addresses move, but not those inside notes, which
    /// hold the section's former address for comparison.
    fn of(owner: &[u8], kind: u32, bytes: &[u8], base: Option<u64>) -> Option<Self> {
        if owner != b"stapsdt" || kind != KIND {
            return None;
        }
        let word =
            |index: usize| bytes.get(index * 8..index * 8 + 8)?.try_into().ok().map(u64::from_le_bytes);
        let (location, former_base, semaphore) = (word(0)?, word(1)?, word(2)?);
        let moved = match base {
            Some(base) if former_base != 0 => base.wrapping_sub(former_base),
            _ => 0,
        };
        let mut strings =
            bytes.get(24..)?.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        Some(Self {
            location: location.wrapping_add(moved),
            semaphore: if semaphore == 0 { 0 } else { semaphore.wrapping_add(moved) },
            provider: strings.next().filter(|text| !text.is_empty())?,
            name: strings.next().filter(|text| !text.is_empty())?,
            arguments: strings.next().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests;
