//! Arguments -> the table the programs read them by. Sites whose arguments are in the same places share an entry.

use std::collections::HashMap;

use aya::maps::{Array, MapData, MapError};

use super::Site;
use super::argument::{Argument, Extend, Place};
use crate::abi::{RawUsdtArgument, RawUsdtSpec};

/// The table in the kernel.
pub(crate) struct SpecTable {
    map: Array<MapData, RawUsdtSpec>,
    known: HashMap<RawUsdtSpec, u16>,
}

/// Why a site got no entry.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpecError {
    /// No more room.
    #[error("the table of USDT arguments is full: {0} different ones are attached")]
    Full(usize),
    /// The kernel refused.
    #[error("the table of USDT arguments cannot be written: {0}")]
    Map(#[from] MapError),
}

// abi.h
const CONSTANT: u8 = 1;
const WIDE: u8 = 2;
const REGISTER: u8 = 3;
const MEMORY: u8 = 4;
const NO_REGISTER: u8 = 0xff;
const SIGNED: u8 = 0x10;
const HIGH: u8 = 0x20;
const INDEX_SIGNED: u8 = 0x40;
const INDEX_UNSIGNED: u8 = 0x80;

impl SpecTable {
    pub(crate) fn new(map: Array<MapData, RawUsdtSpec>) -> Self {
        Self { map, known: HashMap::new() }
    }

    /// Number of the entry for the arguments of a site.
    pub(super) fn number(&mut self, site: &Site) -> Result<u16, SpecError> {
        let spec = encode(&site.arguments);
        if let Some(number) = self.known.get(&spec) {
            return Ok(*number);
        }
        let full = || SpecError::Full(self.known.len());
        let number = u16::try_from(self.known.len()).map_err(|_| full())?;
        if u32::from(number) >= self.map.len() {
            return Err(full());
        }
        self.map.set(u32::from(number), spec, 0)?;
        self.known.insert(spec, number);
        Ok(number)
    }
}

pub(super) fn encode(arguments: &[Argument]) -> RawUsdtSpec {
    let mut spec = RawUsdtSpec::default();
    let mut wides = 0;
    for (to, argument) in spec.arguments.iter_mut().zip(arguments) {
        if let Some(raw) = encode_one(argument, &mut spec.wide, &mut wides) {
            *to = raw;
        }
    }
    spec
}

/// `None` for what cannot be had.
fn encode_one(argument: &Argument, wide: &mut [u64], wides: &mut usize) -> Option<RawUsdtArgument> {
    let size = u8::try_from(argument.size.checked_ilog2()?).ok()? << 2;
    let shape = size | if argument.signed { SIGNED } else { 0 };
    let raw = RawUsdtArgument { value: 0, kind: 0, base: NO_REGISTER, index: NO_REGISTER, shape };
    match &argument.place {
        Place::Constant(value) => {
            if let Ok(value) = i32::try_from(*value) {
                return Some(RawUsdtArgument { kind: CONSTANT, value, ..raw });
            }
            let slot = wide.get_mut(*wides)?;
            *slot = value.cast_unsigned();
            let value = i32::try_from(*wides).ok()?;
            *wides += 1;
            Some(RawUsdtArgument { kind: WIDE, value, ..raw })
        }
        Place::Register { word, high } => Some(RawUsdtArgument {
            kind: REGISTER,
            base: *word,
            shape: shape | if *high { HIGH } else { 0 },
            ..raw
        }),
        Place::Memory { displacement, base, index } => {
            let extend = match index.map(|index| index.extend) {
                Some(Extend::Signed) => INDEX_SIGNED,
                Some(Extend::Unsigned) => INDEX_UNSIGNED,
                Some(Extend::No) | None => 0,
            };
            Some(RawUsdtArgument {
                kind: MEMORY,
                value: i32::try_from(*displacement).ok()?,
                base: base.unwrap_or(NO_REGISTER),
                index: index.map_or(NO_REGISTER, |index| index.word),
                shape: shape | extend | index.map_or(0, |index| index.shift),
            })
        }
        Place::Unavailable(_) => None,
    }
}
