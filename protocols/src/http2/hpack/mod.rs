//! Header blocks of one direction of a connection -> header fields (HPACK, RFC 7541).
//!
//! Unlike other decoders this one may join a connection late, or miss a block. Indices count from the newest entry
//! backwards, so entries inserted since then are found all the same; an index beyond them is an entry nobody here
//! saw, and its field is unknown. An entry inserted under an unknown name keeps its place. So no field is ever given
//! a wrong name or value. Keeping more entries than the encoder does no harm either: it never refers to what it has
//! evicted.

mod huffman;
mod reader;
mod statics;
mod table;

use reader::{Reader, Stop};
use statics::STATIC;
use table::{Entry, Table};

/// The block cannot have been written by an encoder whose table is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// A header field; `None` is what could not be known. A value may be known without its name, never a name without its
/// value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Lower-case name, with the colon of a pseudo-header field.
    pub name: Option<&'a [u8]>,
    /// Value.
    pub value: Option<&'a [u8]>,
}

/// Decoder of the header blocks of one direction.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
}

impl Decoder {
    /// For a connection seen from its beginning.
    pub fn new() -> Self {
        Self { table: Table::empty() }
    }

    /// For a connection with earlier blocks that nobody saw.
    pub fn joined() -> Self {
        Self { table: Table::unknown() }
    }

    /// A block, or the rest of one, was not captured: nothing that is in the table can be told any more.
    pub fn lose(&mut self) {
        self.table = Table::unknown();
    }

    /// Bytes of the dynamic table's entries as RFC 7541, 4.1 counts them.
    pub fn size(&self) -> usize {
        self.table.size()
    }

    /// Gives each field of a block to `visit`. With `cut` the rest of the block was not captured; the fields before
    /// are given, and the table is lost. It is also lost when the block is malformed.
    pub fn decode(
        &mut self,
        block: &[u8],
        cut: bool,
        mut visit: impl FnMut(Field<'_>),
    ) -> Result<(), Malformed> {
        let mut reader = Reader::new(block);
        let mut result = Ok(());
        let mut begun = false;
        while result.is_ok() && !reader.is_empty() {
            result = self.field(&mut reader, &mut begun, &mut visit);
        }
        if cut || result.is_err() {
            self.lose();
        }
        match result {
            Err(Stop::End) if cut => Ok(()),
            other => other.map_err(|_| Malformed),
        }
    }

    /// Reads one representation (RFC 7541, 6).
    fn field(
        &mut self,
        reader: &mut Reader<'_>,
        begun: &mut bool,
        visit: &mut impl FnMut(Field<'_>),
    ) -> Result<(), Stop> {
        let first = reader.peek()?;
        let is_update = first & 0xe0 == 0x20;
        if is_update {
            // Only allowed before the first field.
            let limit = reader.integer(5)?;
            if *begun {
                return Err(Stop::Malformed);
            }
            self.table.resize(limit);
            return Ok(());
        }
        *begun = true;
        if first & 0x80 != 0 {
            let index = reader.integer(7)?;
            visit(self.at(index)?);
            return Ok(());
        }
        let inserts = first & 0x40 != 0;
        let index = reader.integer(if inserts { 6 } else { 4 })?;
        if index == 0 {
            let name = reader.string()?;
            let value = reader.string()?;
            visit(Field { name: Some(&name), value: Some(&value) });
            if inserts {
                self.table.insert(Entry { name: Some(name.into()), value: value.into() });
            }
            return Ok(());
        }
        let value = reader.string()?;
        let name = self.at(index)?.name;
        visit(Field { name, value: Some(&value) });
        if inserts {
            let name = name.map(Into::into);
            self.table.insert(Entry { name, value: value.into() });
        }
        Ok(())
    }

    /// The field at an index of the static and the dynamic table together, which begin at 1.
    fn at(&self, index: usize) -> Result<Field<'_>, Stop> {
        let index = index.checked_sub(1).ok_or(Stop::Malformed)?;
        if let Some((name, value)) = STATIC.get(index) {
            return Ok(Field { name: Some(name.as_bytes()), value: Some(value.as_bytes()) });
        }
        match self.table.get(index - STATIC.len()) {
            Some(entry) => Ok(Field { name: entry.name.as_deref(), value: Some(&entry.value) }),
            None if self.table.is_whole() => Err(Stop::Malformed),
            None => Ok(Field { name: None, value: None }),
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
