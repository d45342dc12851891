//! Functions and data by name, from `.symtab` and `.dynsym`.

use std::collections::HashSet;

use object::LittleEndian;
use object::elf::{self, Rela64, Sym64, Verdaux, Verdef, Versym};
use object::pod::{from_bytes, slice_from_all_bytes};

use super::{Image, ImageError, Section};

/// A function of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name, without version.
    pub name: String,
    /// Address of its first instruction, in the file's own terms.
    pub address: u64,
    /// Its length in bytes; up to the next symbol where the file does not say.
    pub size: u64,
}

/// The names of an image. Large for large programs: to be dropped when the probes are placed.
#[derive(Debug)]
pub(crate) struct Names {
    tables: Vec<Table>,
    /// Where functions begin: sorted.
    starts: Vec<u64>,
}

#[derive(Debug)]
struct Table {
    symbols: Vec<Symbol>,
    strings: Vec<u8>,
    /// Name of each version, by index.
    versions: Vec<Option<Vec<u8>>>,
}

#[derive(Debug, Clone, Copy)]
struct Symbol {
    address: u64,
    size: u64,
    name: u32,
    /// As in `.gnu.version`; 1 where there are no versions.
    version: u16,
    function: bool,
}

/// Bit of a version that says: not the one that new programs are linked against.
const HIDDEN: u16 = elf::VERSYM_HIDDEN;

impl Image {
    /// Reads both symbol tables.
    pub(crate) fn names(&self) -> Result<Names, ImageError> {
        let mut tables = Vec::new();
        for section in &self.sections {
            if section.kind == elf::SHT_DYNSYM || section.kind == elf::SHT_SYMTAB {
                tables.push(self.table(section)?);
            }
        }
        let mut starts: Vec<u64> = tables
            .iter()
            .flat_map(|table| &table.symbols)
            .filter(|symbol| symbol.function)
            .map(|symbol| symbol.address)
            .collect();
        starts.sort_unstable();
        starts.dedup();
        Ok(Names { tables, starts })
    }

    fn table(&self, section: &Section) -> Result<Table, ImageError> {
        let bytes = self.read(section)?;
        let raw: &[Sym64<LittleEndian>] =
            slice_from_all_bytes(&bytes).map_err(|()| self.damaged("a symbol table of odd size"))?;
        let strings =
            self.sections.get(section.link).ok_or_else(|| self.damaged("a symbol table without names"))?;
        let strings = self.read(strings)?;
        let dynamic = section.kind == elf::SHT_DYNSYM;
        let versions = if dynamic { self.version_of_each_symbol()? } else { Vec::new() };
        let end = LittleEndian;
        let symbols = raw
            .iter()
            .enumerate()
            .filter(|(_, symbol)| symbol.st_shndx.get(end) != elf::SHN_UNDEF && symbol.st_value.get(end) != 0)
            .filter(|(_, symbol)| {
                // Indirect functions (STT_GNU_IFUNC) are resolvers, not what is called.
                matches!(symbol.st_info & 0xf, elf::STT_FUNC | elf::STT_OBJECT | elf::STT_NOTYPE)
            })
            .map(|(index, symbol)| Symbol {
                address: symbol.st_value.get(end),
                size: symbol.st_size.get(end),
                name: symbol.st_name.get(end),
                version: versions.get(index).copied().unwrap_or(elf::VER_NDX_GLOBAL),
                function: symbol.st_info & 0xf == elf::STT_FUNC,
            })
            .collect();
        Ok(Table { symbols, strings, versions: if dynamic { self.version_names()? } else { Vec::new() } })
    }

    fn version_of_each_symbol(&self) -> Result<Vec<u16>, ImageError> {
        let Some(section) = self.sections.iter().find(|section| section.kind == elf::SHT_GNU_VERSYM) else {
            return Ok(Vec::new());
        };
        let bytes = self.read(section)?;
        let raw: &[Versym<LittleEndian>] =
            slice_from_all_bytes(&bytes).map_err(|()| self.damaged("a version table of odd size"))?;
        Ok(raw.iter().map(|version| version.0.get(LittleEndian)).collect())
    }

    /// Names of the versions the file defines, by index.
    fn version_names(&self) -> Result<Vec<Option<Vec<u8>>>, ImageError> {
        let Some(section) = self.sections.iter().find(|section| section.kind == elf::SHT_GNU_VERDEF) else {
            return Ok(Vec::new());
        };
        let bytes = self.read(section)?;
        let strings = self
            .sections
            .get(section.link)
            .map(|strings| self.read(strings))
            .transpose()?
            .unwrap_or_default();
        let mut names = Vec::new();
        let mut rest = bytes.as_slice();
        while let Ok((entry, _)) = from_bytes::<Verdef<LittleEndian>>(rest) {
            let index = usize::from(entry.vd_ndx.get(LittleEndian) & elf::VERSYM_VERSION);
            let name = rest
                .get(entry.vd_aux.get(LittleEndian) as usize..)
                .and_then(|aux| from_bytes::<Verdaux<LittleEndian>>(aux).ok())
                .map(|(aux, _)| string(&strings, aux.vda_name.get(LittleEndian)).to_owned());
            if index >= names.len() {
                names.resize(index + 1, None);
            }
            names[index] = name;
            match entry.vd_next.get(LittleEndian) as usize {
                0 => break,
                next => rest = rest.get(next..).unwrap_or_default(),
            }
        }
        Ok(names)
    }

    /// Addresses of the slots through which the image calls functions of other images by one of these names.
    pub(crate) fn slots_of(&self, wanted: &[&str]) -> Result<HashSet<u64>, ImageError> {
        let Some(dynamic) = self.sections.iter().find(|section| section.kind == elf::SHT_DYNSYM) else {
            return Ok(HashSet::new());
        };
        let symbols = self.read(dynamic)?;
        let symbols: &[Sym64<LittleEndian>] =
            slice_from_all_bytes(&symbols).map_err(|()| self.damaged("a symbol table of odd size"))?;
        let strings = self
            .sections
            .get(dynamic.link)
            .map(|strings| self.read(strings))
            .transpose()?
            .unwrap_or_default();
        let end = LittleEndian;
        let wanted: HashSet<usize> = symbols
            .iter()
            .enumerate()
            .filter(|(_, symbol)| symbol.st_shndx.get(end) == elf::SHN_UNDEF)
            .filter(|(_, symbol)| {
                wanted.iter().any(|name| name.as_bytes() == string(&strings, symbol.st_name.get(end)))
            })
            .map(|(index, _)| index)
            .collect();
        let mut slots = HashSet::new();
        if wanted.is_empty() {
            return Ok(slots);
        }
        for section in self.sections.iter().filter(|section| section.kind == elf::SHT_RELA) {
            let bytes = self.read(section)?;
            let Ok(relocations) = slice_from_all_bytes::<Rela64<LittleEndian>>(&bytes) else { continue };
            slots.extend(
                relocations
                    .iter()
                    .filter(|relocation| wanted.contains(&(relocation.r_sym(end, false) as usize)))
                    .map(|relocation| relocation.r_offset.get(end)),
            );
        }
        Ok(slots)
    }
}

impl Names {
    /// Where functions begin, ascending, and nothing else: for images whose functions are found otherwise.
    pub(crate) fn of_starts(starts: Vec<u64>) -> Self {
        Self { tables: Vec::new(), starts }
    }

    /// The function of a name, `NAME` or `NAME@VERSION`. Without a version: the one new programs are linked against.
    pub(crate) fn function(&self, wanted: &str) -> Option<Function> {
        let (symbol, name) = self.find(wanted, true)?;
        let size = if symbol.size > 0 { symbol.size } else { self.up_to_the_next(symbol.address) };
        Some(Function { name, address: symbol.address, size })
    }

    /// The address of a variable or function.
    pub(crate) fn address(&self, wanted: &str) -> Option<u64> {
        self.find(wanted, false).map(|(symbol, _)| symbol.address)
    }

    /// Whether a function begins at `address`.
    pub(crate) fn begins(&self, address: u64) -> bool {
        self.starts.binary_search(&address).is_ok()
    }

    /// Names of all functions at `address`.
    pub(crate) fn names_at(&self, address: u64) -> impl Iterator<Item = &[u8]> {
        self.tables.iter().flat_map(move |table| {
            table
                .symbols
                .iter()
                .filter(move |symbol| symbol.function && symbol.address == address)
                .map(|symbol| bare(string(&table.strings, symbol.name)))
        })
    }

    fn find(&self, wanted: &str, function: bool) -> Option<(Symbol, String)> {
        let (name, version) = match wanted.split_once('@') {
            Some((name, version)) => (name, Some(version.trim_start_matches('@'))),
            None => (wanted, None),
        };
        let mut best: Option<(u8, Symbol)> = None;
        for table in &self.tables {
            for symbol in &table.symbols {
                let whole = string(&table.strings, symbol.name);
                if bare(whole) != name.as_bytes() || (function && !symbol.function) {
                    continue;
                }
                let rank = match version {
                    Some(version) => {
                        let known = table.versions.get(usize::from(symbol.version & !HIDDEN));
                        let own = known.and_then(Option::as_deref).unwrap_or_default();
                        if own != version.as_bytes() && !whole.ends_with(format!("@{version}").as_bytes()) {
                            continue;
                        }
                        2
                    }
                    None if symbol.version & HIDDEN != 0 => 0,
                    None => 1,
                };
                if best.is_none_or(|(known, _)| rank > known) {
                    best = Some((rank, *symbol));
                }
            }
        }
        best.map(|(_, symbol)| (symbol, name.to_owned()))
    }

    fn up_to_the_next(&self, address: u64) -> u64 {
        /// When nothing follows.
        const SOME: u64 = 4096;
        let next = self.starts.partition_point(|start| *start <= address);
        self.starts.get(next).map_or(SOME, |next| next - address)
    }
}

/// The zero-terminated string at `at`.
fn string(strings: &[u8], at: u32) -> &[u8] {
    let rest = strings.get(at as usize..).unwrap_or_default();
    rest.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Linkers write the version behind the name in `.symtab`.
fn bare(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b'@').next().unwrap_or_default()
}
