//! Programs written in Go: which Go and modules they were built with, and where their functions are, stripped or not.
//!
//! A Go program carries the table of its functions for its own runtime (`.gopclntab`), and usually what it was built of
//! (`.go.buildinfo`). Both are read in pieces, so that a program of any size costs little memory. Sizes and references in them are
//! checked: the file belongs to a process we do not trust.

mod build;
mod find;
mod hook;
mod memory;
mod table;

use crate::elf::{Function, Image, ImageError};

pub use build::{Build, Module};
pub use hook::{Hook, Places, Refusal};
use table::{Layout, Table};

/// One of these is in every Go program that names its sections.
const SECTIONS: [&str; 3] = [".go.buildinfo", ".gopclntab", ".data.rel.ro.gopclntab"];

/// Why the functions of a program cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GoError {
    /// The file cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It has no signs of Go.
    #[error("not a Go program")]
    NotGo,
    /// Its code exists in memory only.
    #[error("packed ({0}): its functions are not in the file; run the unpacked program instead")]
    Packed(&'static str),
    /// A Go program with a function table of another layout.
    #[error("built by {0}: its function table is not understood; Go 1.16 and later are")]
    Unknown(String),
    /// What it says of itself does not fit together.
    #[error("damaged: {0}")]
    Damaged(&'static str),
}

/// How a program passes arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abi {
    /// On the stack: before Go 1.17 (aarch64: 1.18), or built so.
    Stack,
    /// In registers.
    Registers,
}

/// A Go program.
#[derive(Debug)]
pub struct Program {
    /// What it was built of; empty where it does not say.
    pub build: Build,
    table: Table,
}

/// Functions of a Go program.
#[derive(Debug)]
pub struct Functions {
    /// Those that were looked for, by address. A name may occur twice: wrappers are called like what they wrap.
    pub found: Vec<Function>,
    /// Where every function begins, ascending.
    pub starts: Vec<u64>,
}

impl Program {
    /// Reads what `image` says of itself.
    pub fn of(image: &Image) -> Result<Self, GoError> {
        let named = |name: &&str| image.section(name).is_some();
        // Searching a large program that names its sections would be in vain.
        if !image.sections.is_empty() && !SECTIONS.iter().any(named) {
            return Err(packed(image).map_or(GoError::NotGo, GoError::Packed));
        }
        let build = Build::of(image);
        match Table::of(image)? {
            Some(table) => Ok(Self { build: build.ok().flatten().unwrap_or_default(), table }),
            None => Err(match build {
                Ok(Some(build)) => GoError::Unknown(build.version),
                _ => packed(image).map_or(GoError::NotGo, GoError::Packed),
            }),
        }
    }

    /// How it passes arguments. `None` if neither its table nor its version tells.
    pub fn abi(&self, image: &Image) -> Option<Abi> {
        let registers_since = match image.arch() {
            crate::elf::Arch::X86_64 => 17,
            crate::elf::Arch::Aarch64 => 18,
        };
        let without = self.build.version.split_once(" X:").is_some_and(|(_, experiments)| {
            experiments.split(',').any(|experiment| experiment.starts_with("noregabi"))
        });
        match (self.table.layout, self.build.minor()) {
            _ if without => Some(Abi::Stack),
            (Layout::Relative, _) => Some(Abi::Registers),
            (Layout::Absolute, minor) => {
                minor.map(|minor| if minor >= registers_since { Abi::Registers } else { Abi::Stack })
            }
        }
    }

    /// Whether the running goroutine can be told from outside: in the word below the thread pointer, where Go keeps it if the program has no
    /// other variables for each thread. On aarch64 it is in a register only.
    pub fn goroutines(&self, image: &Image) -> bool {
        const WORD: u64 = 8;
        image.arch() == crate::elf::Arch::X86_64 && image.thread_variables().is_none_or(|size| size == WORD)
    }

    /// The functions whose names are `wanted`.
    pub fn functions(&self, image: &Image, wanted: impl Fn(&[u8]) -> bool) -> Result<Functions, GoError> {
        let found = self.table.functions(image, wanted)?;
        Ok(Functions { found: found.functions, starts: found.starts })
    }
}

/// By what a program seems to be packed.
fn packed(image: &Image) -> Option<&'static str> {
    /// The mark of UPX stands behind the program headers, and again at the end.
    const UPX: &[u8] = b"UPX!";
    const LOOK: usize = 4096;
    if image.at_offset(0, LOOK).windows(UPX.len()).any(|bytes| bytes == UPX) {
        return Some("UPX");
    }
    image.unpacks_itself().then_some("its code is written when it runs")
}

#[cfg(test)]
mod tests;
