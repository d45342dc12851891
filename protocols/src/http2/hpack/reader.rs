//! Bytes of a header block -> integers and strings (RFC 7541, 5).

use std::borrow::Cow;

use super::huffman;

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The block ends here.
    End,
    /// No encoder writes this.
    Malformed,
}

/// Reading position in a block.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, which stays.
    pub(super) fn peek(&self) -> Result<u8, Stop> {
        self.rest.first().copied().ok_or(Stop::End)
    }

    /// An integer whose first byte holds `bits` bits of it (RFC 7541, 5.1), below 2^32.
    pub(super) fn integer(&mut self, bits: u32) -> Result<usize, Stop> {
        let mask = u8::MAX >> (8 - bits);
        let start = self.byte()? & mask;
        let mut value = u64::from(start);
        if start < mask {
            return Ok(usize::from(start));
        }
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value += u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let value = u32::try_from(value).map_err(|_| Stop::Malformed)?;
                return usize::try_from(value).map_err(|_| Stop::Malformed);
            }
        }
        Err(Stop::Malformed)
    }

    /// A string literal (RFC 7541, 5.2).
    pub(super) fn string(&mut self) -> Result<Cow<'a, [u8]>, Stop> {
        let coded = self.peek()? & 0x80 != 0;
        let length = self.integer(7)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Stop::End)?;
        self.rest = rest;
        if !coded {
            return Ok(Cow::Borrowed(bytes));
        }
        huffman::decode(bytes).map(Cow::Owned).ok_or(Stop::Malformed)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let (first, rest) = self.rest.split_first().ok_or(Stop::End)?;
        self.rest = rest;
        Ok(*first)
    }
}
