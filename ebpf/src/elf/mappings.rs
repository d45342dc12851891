//! What a process has mapped to run.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::ImageError;

/// Longest memory map that is read, bytes: some 100,000 mappings.
const MAPS_MAX: u64 = 8 << 20;

/// A file mapped with permission to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// Address behind the last.
    pub end: u64,
    /// Where in the file the mapping begins.
    pub offset: u64,
    /// Inode number of the file. The device that goes with it may be another than stat(2) says on layered file systems.
    pub inode: u64,
    /// Path in the process's own mount namespace.
    pub path: PathBuf,
    /// The path leads nowhere any more.
    pub deleted: bool,
}

/// Files mapped by a process to be executed, each once, in the order of addresses. Costs the kernel a walk over all of the process's
/// mappings: some ten to a hundred microseconds.
pub fn executable_mappings(pid: u32) -> io::Result<Vec<Mapping>> {
    use std::io::Read;
    let mut text = Vec::new();
    File::open(format!("/proc/{pid}/maps"))?.take(MAPS_MAX).read_to_end(&mut text)?;
    Ok(parse(&text))
}

fn parse(text: &[u8]) -> Vec<Mapping> {
    let mut found: Vec<Mapping> = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        if let Some(mapping) = parse_line(line)
            && !found.iter().any(|known| known.inode == mapping.inode && known.path == mapping.path)
        {
            found.push(mapping);
        }
    }
    found
}

/// `START-END PERMISSIONS OFFSET DEVICE INODE   PATH`; spaces belong to the path from there on, line feeds in it are escaped.
fn parse_line(line: &[u8]) -> Option<Mapping> {
    use std::os::unix::ffi::OsStrExt;
    let path_at = line.iter().position(|byte| *byte == b'/')?;
    let (fields, path) = line.split_at(path_at);
    let mut fields = std::str::from_utf8(fields).ok()?.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let permissions = fields.next()?;
    let offset = fields.next()?;
    let _device = fields.next()?;
    let inode = fields.next()?.parse().ok().filter(|inode| *inode != 0)?;
    if permissions.as_bytes().get(2) != Some(&b'x') {
        return None;
    }
    let whole = path;
    let path = whole.strip_suffix(b" (deleted)").unwrap_or(whole);
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        offset: u64::from_str_radix(offset, 16).ok()?,
        inode,
        path: PathBuf::from(std::ffi::OsStr::from_bytes(path)),
        deleted: path.len() != whole.len(),
    })
}

/// The mapped file itself where that is permitted, else the file at its path in the process's mount namespace if it is still the same.
pub(super) fn open(pid: u32, mapping: &Mapping) -> Result<File, ImageError> {
    if let Ok(file) = File::open(format!("/proc/{pid}/map_files/{:x}-{:x}", mapping.start, mapping.end)) {
        return Ok(file);
    }
    let mut path = PathBuf::from(format!("/proc/{pid}/root"));
    path.extend(mapping.path.components().skip(1));
    let replaced = || ImageError::Replaced { path: mapping.path.clone() };
    let status = match fs::metadata(&path) {
        Ok(status) => status,
        Err(_) if mapping.deleted => return Err(replaced()),
        Err(error) => return Err(ImageError::Io { path: mapping.path.clone(), error }),
    };
    if status.ino() != mapping.inode {
        return Err(replaced());
    }
    File::open(&path).map_err(|error| ImageError::Io { path: mapping.path.clone(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_executable_files_once() {
        let text = b"55a0-55b0 r--p 00000000 fe:00 12  /usr/bin/a b\n\
            55b0-55c0 r-xp 00010000 fe:00 12                 /usr/bin/a b\n\
            55c0-55d0 r-xp 00020000 fe:00 12                 /usr/bin/a b\n\
            7f00-7f10 r-xp 00001000 fe:00 13                 /tmp/l.so (deleted)\n\
            7f20-7f30 r-xp 00000000 00:00 0                  [vdso]\n\
            7f30-7f40 rwxp 00000000 00:00 0 \n\
            garbage\n";
        let found = parse(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].start, found[0].end, found[0].offset, found[0].inode),
            (0x55b0, 0x55c0, 0x10000, 12)
        );
        assert_eq!(found[0].path.to_str(), Some("/usr/bin/a b"));
        assert!(found[1].deleted && found[1].path.ends_with("l.so"));
    }

    #[test]
    fn finds_our_own_program() {
        let own = fs::read_link("/proc/self/exe").expect("a path");
        let mappings = executable_mappings(std::process::id()).expect("readable");
        assert!(mappings.iter().any(|mapping| mapping.path == own), "{mappings:?}");
    }
}
