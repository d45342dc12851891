//! A program's memory as its file describes it: read in pieces, by address, with the relocations that the loader will apply.

use object::LittleEndian;
use object::elf::{self, Rela64};
use object::pod::slice_from_all_bytes;

use super::GoError;
use crate::elf::{Arch, Image};

/// What is read at a time, bytes.
pub(super) const PIECE: usize = 256 << 10;
/// Most bytes of relocations that are looked through. The largest known programs have some 10 MiB.
const RELOCATIONS_MAX: u64 = 128 << 20;

/// Reads `length` bytes at `address`.
pub(super) fn bytes(image: &Image, address: u64, length: usize) -> Result<Vec<u8>, GoError> {
    let bytes = image.data(address, length);
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(GoError::Damaged("it refers to what is not in the file"))
    }
}

/// Reads `count` pointers that lie one behind another, as they will be once the program is loaded.
pub(super) fn pointers(image: &Image, address: u64, count: usize) -> Result<Vec<u64>, GoError> {
    let raw = bytes(image, address, count * 8)?;
    let mut pointers: Vec<u64> = words(&raw).collect();
    let end = address.saturating_add(count as u64 * 8);
    relocations(image, |place, target| {
        if (address..end).contains(&place) && (place - address).is_multiple_of(8) {
            // Below `count`, by the range.
            pointers[usize::try_from((place - address) / 8).unwrap_or_default()] = target;
        }
    })?;
    Ok(pointers)
}

/// Tells `each` of all pointers that the loader adjusts to where the program lies: where they are, and what they point to.
pub(super) fn relocations(image: &Image, mut each: impl FnMut(u64, u64)) -> Result<(), GoError> {
    const ENTRY: usize = size_of::<Rela64<LittleEndian>>();
    let relative = match image.arch() {
        Arch::X86_64 => elf::R_X86_64_RELATIVE,
        Arch::Aarch64 => elf::R_AARCH64_RELATIVE,
    };
    let sections = image.sections.iter().filter(|section| section.kind == elf::SHT_RELA);
    for section in sections {
        if section.size > RELOCATIONS_MAX {
            return Err(GoError::Damaged("it has too many relocations"));
        }
        let mut done = 0;
        while done < section.size {
            let length = usize::try_from(section.size - done).unwrap_or(PIECE).min(PIECE / ENTRY * ENTRY);
            let bytes = image.at_offset(section.offset.saturating_add(done), length);
            let whole = bytes.len() / ENTRY * ENTRY;
            let entries: &[Rela64<LittleEndian>] = slice_from_all_bytes(&bytes[..whole])
                .map_err(|()| GoError::Damaged("its relocations have an odd size"))?;
            for entry in entries.iter().filter(|entry| entry.r_type(LittleEndian, false) == relative) {
                each(entry.r_offset.get(LittleEndian), entry.r_addend.get(LittleEndian).cast_unsigned());
            }
            if whole == 0 {
                break;
            }
            done += whole as u64;
        }
    }
    Ok(())
}

/// Little-endian words of 8 bytes.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|word| word.try_into().map_or(0, u64::from_le_bytes))
}

/// Little-endian words of 4 bytes.
pub(super) fn halves(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|half| half.try_into().map_or(0, u32::from_le_bytes))
}

/// A piece of memory that moves along with whoever reads.
pub(super) struct Window<'a> {
    image: &'a Image,
    start: u64,
    bytes: Vec<u8>,
    /// Pieces that may still be read: whoever jumps to and fro is stopped.
    left: u64,
}

impl<'a> Window<'a> {
    /// To read about `size` bytes, mostly in order.
    pub(super) fn new(image: &'a Image, size: u64) -> Self {
        /// For small jumps back.
        const SPARE: u64 = 64;
        Self { image, start: 0, bytes: Vec::new(), left: 4 * (size / PIECE as u64) + SPARE }
    }

    /// The four bytes at `address`.
    pub(super) fn half(&mut self, address: u64) -> Result<u32, GoError> {
        if let Some(half) = self.get(address) {
            return Ok(half);
        }
        self.left = self.left.checked_sub(1).ok_or(GoError::Damaged("its function table is out of order"))?;
        self.bytes = self.image.data(address, PIECE);
        self.start = address;
        self.get(address).ok_or(GoError::Damaged("its function table leads out of the file"))
    }

    fn get(&self, address: u64) -> Option<u32> {
        let at = usize::try_from(address.checked_sub(self.start)?).ok()?;
        self.bytes.get(at..)?.first_chunk().map(|half| u32::from_le_bytes(*half))
    }
}
