//! Build ids: which build of a program it was, whatever its path says later.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use object::read::elf::NoteIterator;
use object::{LittleEndian, Object, ReadCache};

/// Executables remembered.
const KNOWN: usize = 1024;

/// What was found, by file.
#[derive(Debug, Default)]
pub(super) struct BuildIds {
    /// Empty when the kernel has none.
    kernel: Option<String>,
    /// By device, inode and time of change.
    known: HashMap<(u64, u64, i64), Option<String>>,
}

impl BuildIds {
    /// The running kernel's.
    pub(super) fn kernel(&mut self) -> Option<String> {
        let notes = || fs::read("/sys/kernel/notes").ok();
        let id =
            self.kernel.get_or_insert_with(|| notes().and_then(|notes| of_notes(&notes)).unwrap_or_default());
        (!id.is_empty()).then(|| id.clone())
    }

    /// That of a process which runs the executable at `path`, or did so: it may be gone, and its path may be one of another mount namespace.
    pub(super) fn of(&mut self, pid: u32, path: &str) -> Option<String> {
        let running = PathBuf::from(format!("/proc/{pid}/exe"));
        let same = fs::read_link(&running).is_ok_and(|target| target == Path::new(path));
        let file = File::open(if same { running } else { PathBuf::from(path) }).ok()?;
        let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
        let key = (about.dev(), about.ino(), about.ctime_nsec() ^ about.ctime());
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        self.known.entry(key).or_insert_with(|| of_file(file)).clone()
    }
}

/// Reads the parts of the file that lead to the note, not the whole.
fn of_file(file: File) -> Option<String> {
    let data = ReadCache::new(file);
    let elf = object::File::parse(&data).ok()?;
    Some(hexadecimal(elf.build_id().ok()??))
}

/// `NT_GNU_BUILD_ID` among the kernel's notes.
fn of_notes(notes: &[u8]) -> Option<String> {
    let mut notes =
        NoteIterator::<object::elf::FileHeader64<LittleEndian>>::new(LittleEndian, 4, notes).ok()?;
    while let Ok(Some(note)) = notes.next() {
        if note.name() == object::elf::ELF_NOTE_GNU
            && note.n_type(LittleEndian) == object::elf::NT_GNU_BUILD_ID
        {
            return Some(hexadecimal(note.desc()));
        }
    }
    None
}

/// At most 64 bytes of it: ids have 20.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().take(64).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_kernel_s_notes() {
        let mut notes = Vec::new();
        for (kind, name, desc) in
            [(1_u32, b"Linux\0\0\0", &[1_u8, 2, 3, 4][..]), (3, b"GNU\0\0\0\0\0", &[0xab; 20])]
        {
            let length = if kind == 1 { 6 } else { 4_u32 };
            notes.extend(length.to_le_bytes());
            notes.extend(u32::try_from(desc.len()).expect("small").to_le_bytes());
            notes.extend(kind.to_le_bytes());
            notes.extend(&name[..length.next_multiple_of(4) as usize]);
            notes.extend(desc);
        }
        assert_eq!(of_notes(&notes), Some("ab".repeat(20)));
        assert_eq!(of_notes(&notes[..7]), None);
    }

    #[test]
    fn hostile_files_have_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        for content in [&b""[..], b"\x7fELF", &[0x7f; 4096], b"#!/bin/sh\n"] {
            fs::write(&path, content).expect("own file");
            assert_eq!(BuildIds::default().of(0, path.to_str().expect("ASCII")), None);
        }
        assert_eq!(BuildIds::default().of(0, "/"), None);
    }
}
