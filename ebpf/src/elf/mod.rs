//! Executables and libraries: what is behind a mapping, where its functions are, which USDT probes it has.
//!
//! An [`Image`] is one ELF file, held open and known by its inode, so that a path that has been replaced, deleted, or means something
//! else in another mount namespace cannot mislead. Addresses are those of the file's own link; uprobes want [`Image::offset_of`] them.
//! Files belong to processes we do not trust: every size is bounded, and what does not parse is an error, never a panic.

mod mappings;
mod notes;
mod symbols;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, ReadCache};

pub use mappings::{Mapping, executable_mappings};
pub use symbols::Function;
pub(crate) use symbols::Names;

/// Largest section that is read, bytes. Symbol tables of the largest known executables (browsers, Envoy with symbols) stay below.
const SECTION_MAX: u64 = 256 << 20;

/// Which file: the same for every path to it, and different after it was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// Device number, as stat(2) gives it.
    pub device: u64,
    /// Inode number on it.
    pub inode: u64,
}

/// Instruction set of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// `x86_64`
    X86_64,
    /// `aarch64`
    Aarch64,
}

impl Arch {
    /// That of this program, and of the processes it can probe.
    pub const HOST: Self = if cfg!(target_arch = "aarch64") { Self::Aarch64 } else { Self::X86_64 };
}

/// Why a file cannot be probed.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// It cannot be opened or read.
    #[error("{path}: {error}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// Something else has taken its place on disk, and the mapped one may not be opened.
    #[error(
        "{path}: replaced since it was mapped, and /proc/PID/map_files may not be opened; CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed",
        path = .path.display()
    )]
    Replaced {
        /// The path.
        path: PathBuf,
    },
    /// Not a 64-bit little-endian ELF file of a known instruction set, or damaged.
    #[error("{path}: not a usable ELF file: {reason}", path = .path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It has no such function.
    #[error("{path}: no function {name} (stripped, or under another name?)", path = .path.display())]
    NoFunction {
        /// The file.
        path: PathBuf,
        /// The function.
        name: String,
    },
}

/// One ELF file, held open.
#[derive(Debug)]
pub struct Image {
    file: File,
    path: PathBuf,
    id: FileId,
    /// Of the file, bytes, when it was opened.
    length: u64,
    arch: Arch,
    build_id: Option<String>,
    segments: Vec<Segment>,
    thread_variables: Option<u64>,
    pub(crate) sections: Vec<Section>,
}

/// A part of the file that is mapped.
#[derive(Debug, Clone, Copy)]
struct Segment {
    address: u64,
    offset: u64,
    size: u64,
    /// In memory, where it may be larger.
    whole: u64,
    executable: bool,
    writable: bool,
}

/// A section, as far as it matters.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: u32,
    pub(crate) address: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) link: usize,
    pub(crate) align: u64,
}

impl Image {
    /// Opens the file at `path`.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let file = File::open(path).map_err(|error| ImageError::Io { path: path.to_owned(), error })?;
        Self::of_file(file, path)
    }

    /// Opens the program of a process, also when it was deleted or replaced, or is in a container.
    pub fn of_process(pid: u32) -> Result<Self, ImageError> {
        let path = PathBuf::from(format!("/proc/{pid}/exe"));
        let image = Self::open(&path)?;
        Ok(Self { path: std::fs::read_link(&path).unwrap_or(path), ..image })
    }

    /// Whether Go's linker made it. Its functions have a calling convention of their own, and no return probe may be set on them.
    pub fn is_go(&self) -> bool {
        [".note.go.buildid", ".go.buildinfo", ".gopclntab"].iter().any(|name| self.section(name).is_some())
    }

    /// Opens what a process has mapped, also when it was deleted or replaced, or is in a container.
    pub fn of_mapping(pid: u32, mapping: &Mapping) -> Result<Self, ImageError> {
        let file = mappings::open(pid, mapping)?;
        Self::of_file(file, &mapping.path)
    }

    /// `path` is only what the file is called in messages.
    fn of_file(file: File, path: &Path) -> Result<Self, ImageError> {
        let io = |error| ImageError::Io { path: path.to_owned(), error };
        let status = file.metadata().map_err(io)?;
        if !status.is_file() {
            return Err(ImageError::Elf { path: path.to_owned(), reason: "not a regular file".to_owned() });
        }
        let Parsed { arch, segments, thread_variables, sections } =
            parse(&file).map_err(|reason| ImageError::Elf { path: path.to_owned(), reason })?;
        let mut image = Self {
            file,
            path: path.to_owned(),
            id: FileId { device: status.dev(), inode: status.ino() },
            length: status.len(),
            arch,
            build_id: None,
            segments,
            thread_variables,
            sections,
        };
        image.build_id = image.read_build_id();
        Ok(image)
    }

    /// Its identity.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// What it was opened as; for messages only.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its instruction set.
    pub fn arch(&self) -> Arch {
        self.arch
    }

    /// The linker's fingerprint of it, in hexadecimal.
    pub fn build_id(&self) -> Option<&str> {
        self.build_id.as_deref()
    }

    /// A path by which the kernel finds this very file for as long as the image is open, whatever happened to its name.
    pub(crate) fn kernel_path(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_fd().as_raw_fd())
    }

    /// Where in the file the byte at `address` is: what uprobes are attached to. `None` for addresses that are not in the file.
    pub fn offset_of(&self, address: u64) -> Option<u64> {
        self.segment_of(address).map(|segment| address - segment.address + segment.offset)
    }

    /// The opposite of [`Image::offset_of`], for code.
    pub(crate) fn address_of(&self, offset: u64) -> Option<u64> {
        let inside = |segment: &&Segment| {
            segment.executable && offset.checked_sub(segment.offset).is_some_and(|into| into < segment.size)
        };
        self.segments.iter().find(inside).map(|segment| offset - segment.offset + segment.address)
    }

    /// Whether there is code at `address`.
    pub fn is_code(&self, address: u64) -> bool {
        self.segment_of(address).is_some_and(|segment| segment.executable)
    }

    fn segment_of(&self, address: u64) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| address.checked_sub(segment.address).is_some_and(|into| into < segment.size))
    }

    /// Up to `length` bytes at `address`; fewer at the end of the segment, none where there is no code.
    pub fn code(&self, address: u64, length: usize) -> Vec<u8> {
        if self.is_code(address) { self.data(address, length) } else { Vec::new() }
    }

    /// Up to `length` bytes at `address`, code or not; fewer at the end of the segment or file.
    pub(crate) fn data(&self, address: u64, length: usize) -> Vec<u8> {
        let Some(segment) = self.segment_of(address) else { return Vec::new() };
        let into = address - segment.address;
        let length = usize::try_from(segment.size - into).unwrap_or(usize::MAX).min(length);
        self.at_offset(segment.offset + into, length)
    }

    /// Address and size of what is mapped and not code; only what the program may change, or everything.
    pub(crate) fn data_segments(&self, writable: bool) -> impl Iterator<Item = (u64, u64)> {
        self.segments
            .iter()
            .filter(move |segment| !segment.executable && (segment.writable || !writable))
            .map(|segment| (segment.address, segment.size))
    }

    /// Bytes of the variables that each thread has its own of. `None` without any.
    pub(crate) fn thread_variables(&self) -> Option<u64> {
        self.thread_variables
    }

    /// Whether the program makes its code when it runs: the file has less of it than memory will, or may change it.
    pub(crate) fn unpacks_itself(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| segment.executable && (segment.writable || segment.size < segment.whole))
    }

    /// Up to `length` bytes from a place of the file on; fewer at its end.
    pub(crate) fn at_offset(&self, offset: u64, length: usize) -> Vec<u8> {
        let length = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX).min(length);
        let mut bytes = vec![0; length];
        let read = self.file.read_at(&mut bytes, offset).unwrap_or(0);
        bytes.truncate(read);
        bytes
    }

    /// All bytes of a section; empty for one that has none in the file.
    pub(crate) fn read(&self, section: &Section) -> Result<Vec<u8>, ImageError> {
        if section.kind == elf::SHT_NOBITS {
            return Ok(Vec::new());
        }
        let failed = |error| ImageError::Io { path: self.path.clone(), error };
        let length = self.file.metadata().map_err(failed)?.len();
        let inside = section.offset.checked_add(section.size).is_some_and(|end| end <= length);
        if !inside || section.size > SECTION_MAX {
            return Err(self.damaged(&format!(
                "section {} is larger than the file or {SECTION_MAX} bytes",
                String::from_utf8_lossy(&section.name)
            )));
        }
        // Bounded just above.
        let mut bytes = vec![0; usize::try_from(section.size).unwrap_or_default()];
        self.file.read_exact_at(&mut bytes, section.offset).map_err(failed)?;
        Ok(bytes)
    }

    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name.as_bytes())
    }

    pub(crate) fn damaged(&self, reason: &str) -> ImageError {
        ImageError::Elf { path: self.path.clone(), reason: reason.to_owned() }
    }
}

impl AsFd for Image {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// What the headers say.
struct Parsed {
    arch: Arch,
    segments: Vec<Segment>,
    thread_variables: Option<u64>,
    sections: Vec<Section>,
}

/// Reads just the headers.
fn parse(file: &File) -> Result<Parsed, String> {
    let damaged = |error: object::Error| error.to_string();
    let data = &ReadCache::new(file);
    let header = FileHeader64::<Endianness>::parse(data).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let arch = match (header.e_machine(endian), endian) {
        (elf::EM_X86_64, Endianness::Little) => Arch::X86_64,
        (elf::EM_AARCH64, Endianness::Little) => Arch::Aarch64,
        _ => return Err("neither x86_64 nor aarch64".to_owned()),
    };
    let all = header.program_headers(endian, data).map_err(damaged)?;
    let thread_variables = all
        .iter()
        .find(|segment| segment.p_type(endian) == elf::PT_TLS)
        .map(|segment| segment.p_memsz(endian));
    let segments = all
        .iter()
        .filter(|segment| segment.p_type(endian) == elf::PT_LOAD)
        .map(|segment| Segment {
            address: segment.p_vaddr(endian),
            offset: segment.p_offset(endian),
            size: segment.p_filesz(endian),
            whole: segment.p_memsz(endian),
            executable: segment.p_flags(endian) & elf::PF_X != 0,
            writable: segment.p_flags(endian) & elf::PF_W != 0,
        })
        .filter(|segment| {
            segment.address.checked_add(segment.size).is_some()
                && segment.offset.checked_add(segment.size).is_some()
        })
        .collect();
    let table = header.sections(endian, data).map_err(damaged)?;
    let sections = table
        .iter()
        .map(|section| {
            Ok(Section {
                name: table.section_name(endian, section).map_err(damaged)?.to_owned(),
                kind: section.sh_type(endian),
                address: section.sh_addr(endian),
                offset: section.sh_offset(endian),
                size: section.sh_size(endian),
                link: usize::try_from(section.sh_link(endian)).unwrap_or(usize::MAX),
                align: section.sh_addralign(endian),
            })
        })
        .collect::<Result<_, String>>()?;
    Ok(Parsed { arch, segments, thread_variables, sections })
}

#[cfg(test)]
mod tests;
