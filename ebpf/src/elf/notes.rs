//! Note sections, which hold the build id and the USDT probes.

use std::fmt::Write;

use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::NoteIterator;

use super::{Image, ImageError, Section};

/// One note: its owner, its type in the owner's words, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) owner: Vec<u8>,
    pub(crate) kind: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Image {
    pub(super) fn read_build_id(&self) -> Option<String> {
        let section = self.section(".note.gnu.build-id")?;
        let notes = self.notes(section).ok()?;
        let note = notes.iter().find(|note| note.owner == b"GNU" && note.kind == elf::NT_GNU_BUILD_ID)?;
        Some(note.bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    /// The notes of a section, up to the first that is damaged.
    pub(crate) fn notes(&self, section: &Section) -> Result<Vec<Note>, ImageError> {
        let bytes = self.read(section)?;
        // Notes of 64-bit files are aligned to 4 as a rule; the section says so or says nothing.
        let align = if section.align == 8 { 8 } else { 4 };
        let mut notes = Vec::new();
        let mut rest = NoteIterator::<FileHeader64<Endianness>>::new(Endianness::Little, align, &bytes)
            .map_err(|error| self.damaged(&error.to_string()))?;
        while let Ok(Some(note)) = rest.next() {
            notes.push(Note {
                owner: note.name().to_owned(),
                kind: note.n_type(Endianness::Little),
                bytes: note.desc().to_owned(),
            });
        }
        Ok(notes)
    }
}
