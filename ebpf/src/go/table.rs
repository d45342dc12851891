//! `.gopclntab`: every function of a program and its name. Go's runtime needs it, so no stripping takes it away.
//!
//! Layouts since Go 1.16 (`runtime.pcHeader`, `runtime._func`). Before 1.18 the addresses in it are absolute, since then offsets from the
//! beginning of the text, which `runtime.moduledata` knows.

use super::memory::{Window, bytes, halves, pointers, relocations, words};
use super::{GoError, find};
use crate::elf::{Arch, Function, Image};

/// Names of the section: of the latter in position-independent programs that have absolute addresses in it.
const SECTIONS: &[&str] = &[".gopclntab", ".data.rel.ro.gopclntab"];
/// The table begins at a multiple of this in files without section names.
const ALIGN: u64 = 8;
/// Most functions of a program. Kubernetes' largest has about 150,000.
const FUNCTIONS_MAX: u64 = 1 << 20;
/// Largest part of the table, bytes.
const PART_MAX: u64 = 256 << 20;
/// Longest name that is looked at, bytes. Those of generic functions may have thousands.
const NAME_MAX: usize = 4096;
/// Copies of `moduledata` that are tried.
const MODULES_MAX: usize = 16;

/// What the table's layout depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Go 1.16 and 1.17.
    Absolute,
    /// Since Go 1.18.
    Relative,
}

/// The table of a program.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) layout: Layout,
    /// Address of the table itself.
    start: u64,
    functions: u64,
    /// Addresses of its parts.
    names: u64,
    names_end: u64,
    entries: u64,
    /// What entries are counted from: 0 for absolute ones.
    text: u64,
}

/// Functions that were looked for, and where every function begins.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) functions: Vec<Function>,
    pub(super) starts: Vec<u64>,
}

impl Table {
    /// `None` for a program without one that is understood.
    pub(super) fn of(image: &Image) -> Result<Option<Self>, GoError> {
        let section = SECTIONS.iter().find_map(|name| image.section(name));
        let start = section.map(|section| section.address);
        let start = start.filter(|start| header(image, *start).is_some());
        let Some(start) = start.or_else(|| search(image)) else { return Ok(None) };
        let (layout, fields) = header(image, start).ok_or(GoError::Damaged("its function table is gone"))?;
        // What follows the counts of functions and files.
        let parts = if layout == Layout::Absolute { &fields[2..] } else { &fields[3..] };
        let part = |index: usize| {
            let offset = parts.get(index).copied().filter(|offset| *offset <= PART_MAX);
            offset
                .and_then(|offset| start.checked_add(offset))
                .ok_or(GoError::Damaged("its function table is larger than believable"))
        };
        let (names, names_end, entries) = (part(0)?, part(1)?, part(4)?);
        if fields[0] > FUNCTIONS_MAX || names >= names_end {
            return Err(GoError::Damaged("its function table is larger than believable"));
        }
        let mut table = Self { layout, start, functions: fields[0], names, names_end, entries, text: 0 };
        let text = table.find_text(image)?;
        if layout == Layout::Relative {
            table.text = text;
        }
        Ok(Some(table))
    }

    /// All functions whose names are `wanted`, in order of their addresses.
    pub(super) fn functions(&self, image: &Image, wanted: impl Fn(&[u8]) -> bool) -> Result<Found, GoError> {
        let names = self.look_for_names(image, wanted)?;
        let entries = self.entries(image)?;
        let end = entries.last().map_or(0, |(_, record)| *record);
        let mut records = Window::new(image, end);
        let mut found = Found::default();
        found.starts.reserve_exact(entries.len());
        for pair in entries.windows(2) {
            let ((address, record), (next, _)) = (pair[0], pair[1]);
            found.starts.push(address);
            // Behind the function's own entry.
            let name = if self.layout == Layout::Absolute { 8 } else { 4 };
            let name = records.half(self.entries.saturating_add(record).saturating_add(name))?;
            if let Ok(index) = names.binary_search_by_key(&name, |(offset, _)| *offset)
                && next > address
            {
                let name = names[index].1.clone();
                found.functions.push(Function { name, address, size: next - address });
            }
        }
        Ok(found)
    }

    /// Offsets of wanted names, ascending.
    fn look_for_names(
        &self,
        image: &Image,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<(u32, String)>, GoError> {
        let mut found = Vec::new();
        let (mut at, mut rest) = (self.names, Vec::new());
        while at < self.names_end {
            let length = usize::try_from(self.names_end - at).unwrap_or(usize::MAX).min(super::memory::PIECE);
            let piece = bytes(image, at, length)?;
            let mut begin = at - rest.len() as u64;
            rest.extend_from_slice(&piece);
            at += piece.len() as u64;
            let whole = rest.iter().rposition(|byte| *byte == 0).map_or(0, |last| last + 1);
            for name in rest[..whole].split_inclusive(|byte| *byte == 0) {
                let text = &name[..name.len() - 1];
                // Part of a long one may have been left out before.
                if text.len() <= NAME_MAX && wanted(text) {
                    let offset = u32::try_from(begin - self.names)
                        .map_err(|_| GoError::Damaged("its function table is larger than believable"))?;
                    found.push((offset, String::from_utf8_lossy(text).into_owned()));
                }
                begin += name.len() as u64;
            }
            rest.drain(..whole);
            if rest.len() > 2 * NAME_MAX {
                // Longer than is looked at: what is kept is too long, too.
                rest.drain(..rest.len() - NAME_MAX - 1);
            }
        }
        Ok(found)
    }

    /// Address and record of each function, ascending; the last is where the text ends.
    fn entries(&self, image: &Image) -> Result<Vec<(u64, u64)>, GoError> {
        let mut entries: Vec<(u64, u64)> = Vec::new();
        // Bounded when the table was found.
        let count = usize::try_from(self.functions).unwrap_or_default();
        if self.layout == Layout::Absolute {
            // The end has no record.
            let raw = pointers(image, self.entries, 2 * count + 1)?;
            entries.extend(raw.chunks(2).map(|pair| (pair[0], pair.get(1).copied().unwrap_or_default())));
        } else {
            let raw = bytes(image, self.entries, 8 * count + 4)?;
            let mut numbers = halves(&raw);
            while let Some(offset) = numbers.next() {
                let record = u64::from(numbers.next().unwrap_or_default());
                entries.push((self.text.saturating_add(u64::from(offset)), record));
            }
        }
        if entries.windows(2).any(|pair| pair[0].0 > pair[1].0) {
            return Err(GoError::Damaged("its function table is out of order"));
        }
        if let Some(last) = entries.len().checked_sub(2) {
            entries[last + 1].1 = entries[last].1;
        }
        Ok(entries)
    }

    /// Where the text begins. `runtime.moduledata` says so: it is found by its first field, which points to this table, and believed if
    /// what it says of the table's parts and of the first and last function is right.
    fn find_text(&self, image: &Image) -> Result<u64, GoError> {
        let mut places = find::pointers_to(image, self.start, MODULES_MAX);
        relocations(image, |place, target| {
            if target == self.start && places.len() < 2 * MODULES_MAX && !places.contains(&place) {
                places.push(place);
            }
        })?;
        let (first, last) = self.bounds(image)?;
        for place in places {
            // pcHeader, six slices of three words, findfunctab, minpc, maxpc, text
            const WORDS: usize = 1 + 6 * 3 + 4;
            let Ok(module) = pointers(image, place, WORDS) else { continue };
            let (names, min, max, text) = (module[1], module[20], module[21], module[22]);
            let base = if self.layout == Layout::Absolute { 0 } else { text };
            let fits = names == self.names
                && base.checked_add(first) == Some(min)
                && base.checked_add(last) == Some(max)
                && text <= min
                && image.is_code(min);
            if fits {
                return Ok(text);
            }
        }
        Err(GoError::Damaged("nothing tells where its text begins"))
    }

    /// Entries of the first function and of the end, as they are in the table.
    fn bounds(&self, image: &Image) -> Result<(u64, u64), GoError> {
        let end = self.functions.saturating_mul(2);
        if self.layout == Layout::Absolute {
            let at = |index: u64| pointers(image, self.entries.saturating_add(8 * index), 1);
            return Ok((at(0)?[0], at(end)?[0]));
        }
        let at = |index: u64| {
            let raw = bytes(image, self.entries.saturating_add(4 * index), 4)?;
            Ok::<_, GoError>(halves(&raw).next().map_or(0, u64::from))
        };
        Ok((at(0)?, at(end)?))
    }
}

/// Layout and fields of the header at `start`. `None` if there is none.
fn header(image: &Image, start: u64) -> Option<(Layout, Vec<u64>)> {
    const FIELDS: usize = 8;
    let raw = image.data(start, 8 + 8 * FIELDS);
    if raw.len() < 8 + 8 * FIELDS {
        return None;
    }
    let layout = match u32::from_le_bytes(*raw.first_chunk()?) {
        0xffff_fffa => Layout::Absolute,
        // 1.20 changed what other parts mean.
        0xffff_fff0 | 0xffff_fff1 => Layout::Relative,
        _ => return None,
    };
    // Two zeros, size of the smallest instruction, size of a pointer.
    let smallest = match image.arch() {
        Arch::X86_64 => 1,
        Arch::Aarch64 => 4,
    };
    (raw[4..8] == [0, 0, smallest, 8]).then(|| (layout, words(&raw[8..]).collect()))
}

/// The table of a program without names of sections.
fn search(image: &Image) -> Option<u64> {
    let begins = |bytes: &[u8]| matches!(bytes, [0xfa | 0xf0 | 0xf1, 0xff, 0xff, 0xff, 0, 0, ..]);
    find::first(image, ALIGN, begins, |at| header(image, at).is_some())
}
