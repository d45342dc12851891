//! How a protocol cuts its streams into frames, and what the kernel captures of them -> `struct us_framing`.

use aya::maps::{Array, Map, MapData};

use crate::abi::{self, RawFraming, RawSignature, RawSignatures};
use crate::loader::{LoadError, Loader};

/// What is captured of frames of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The header and this many bytes of the body.
    Body(u16),
    /// Nothing.
    Silent,
    /// There are no such frames: bytes that say otherwise are no header.
    Invalid,
}

/// Eight bytes that tell a connection's protocol: those of `bytes` where `mask` has bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// What is there.
    pub bytes: [u8; 8],
    /// Which bits of it count; some must.
    pub mask: [u8; 8],
}

/// Frames of requests without a kind. Their header is nothing but their length, all of it included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bare {
    /// Bytes of the header.
    pub header: u8,
    /// The byte such a frame begins with, and no other.
    pub first: u8,
    /// Bytes captured of the body.
    pub keep: u16,
    /// A frame whose body has this length is answered by one byte that is no frame.
    pub answered: u32,
}

/// See the module. Arrays of two are of requests and of responses.
#[derive(Debug, Clone)]
pub struct Framing {
    /// By kind.
    pub keep: [[Keep; 256]; 2],
    /// Whether a request of this kind opens an exchange; those that do are not silent.
    pub opens: [bool; 256],
    /// How its connections begin; without any, only a verdict makes one.
    pub signatures: Vec<Signature>,
    /// How frames begin that tell it of a connection joined on its way, whichever side has sent them. Nothing else may look like this: the
    /// connection is followed from there without a verdict.
    pub midway: Vec<Signature>,
    /// The side that answers speaks first: signatures are of its bytes.
    pub response_first: bool,
    /// Each run of bytes in one direction begins with a frame.
    pub runs: bool,
    /// Bytes of requests before the first frame; all are captured.
    pub preface: u8,
    /// Bytes of a header, at most 12.
    pub header: u8,
    /// Where in the header the length is, ...
    pub length_at: u8,
    /// ... how many bytes it has, 1 to 4, ...
    pub length_size: u8,
    /// ... how many bytes of the header it counts, ...
    pub length_counts: u8,
    /// ... and whether its most significant byte is the first.
    pub big_endian: bool,
    /// Longest body that is believed.
    pub longest: u32,
    /// Where the byte is that tells the kind: in the header, or right behind it. A frame without it has kind 0.
    pub kind_at: [u8; 2],
    /// Frames of another form.
    pub bare: Option<Bare>,
}

impl Framing {
    /// Most signatures of all framings together.
    pub const SIGNATURES: usize = abi::SIGNATURES;
    /// Most framings of a [`crate::Tracer`].
    pub const MOST: usize = abi::FRAMINGS as usize - 1;

    /// Whether the programs can follow it. `Err` says what is wrong.
    pub fn check(&self) -> Result<(), &'static str> {
        self.raw().map(drop)
    }

    /// Checks it and writes it as the kernel's programs read it. `Err` says what is wrong.
    pub(crate) fn raw(&self) -> Result<RawFraming, &'static str> {
        let length_end = self.length_at.saturating_add(self.length_size);
        if !(1..=abi::HEADER_MAX).contains(&self.header) || !(1..=4).contains(&self.length_size) {
            return Err("a header has 1 to 12 bytes and its length field 1 to 4");
        }
        if length_end > self.header || self.kind_at.iter().any(|at| *at > self.header) {
            return Err("the length lies in the header and the kind in it or right behind it");
        }
        if self.bare.is_some_and(|bare| bare.header != self.length_size) {
            return Err("a bare frame's header is a length field of the same size");
        }
        let opens_unheard = |kind: usize| self.opens[kind] && !matches!(self.keep[0][kind], Keep::Body(_));
        if (0..256).any(opens_unheard) {
            return Err("a kind that opens an exchange has to be captured");
        }
        let keeps = self.keep.iter().flatten();
        if keeps.copied().any(|keep| matches!(keep, Keep::Body(abi::INVALID..))) {
            return Err("at most 65533 bytes of a body are captured");
        }
        let mut opens = [0; 32];
        for kind in (0..256).filter(|kind| self.opens[*kind]) {
            opens[kind / 8] |= 1 << (kind % 8);
        }
        let flag = |is: bool, bit: u8| if is { bit } else { 0 };
        Ok(RawFraming {
            keep: self.keep.map(|kinds| kinds.map(raw_keep)),
            opens,
            longest: self.longest,
            bare_answered: self.bare.map_or(u32::MAX, |bare| bare.answered),
            bare_keep: self.bare.map_or(0, |bare| bare.keep),
            flags: flag(self.big_endian, abi::BIG_ENDIAN) | flag(self.runs, abi::RUNS),
            header: self.header,
            length_at: self.length_at,
            length_size: self.length_size,
            length_counts: self.length_counts,
            kind_at: self.kind_at,
            bare_header: self.bare.map_or(0, |bare| bare.header),
            bare_first: self.bare.map_or(0, |bare| bare.first),
            pad: 0,
        })
    }
}

/// The framings in the kernel.
pub(crate) struct FramingTable {
    _framings: Array<MapData, RawFraming>,
    _signatures: Array<MapData, RawSignatures>,
}

impl FramingTable {
    /// Has the programs follow these.
    pub(crate) fn fill(loader: &mut Loader<'_>, framings: &[Framing]) -> Result<Self, LoadError> {
        if framings.len() > Framing::MOST {
            return Err(LoadError::Framing("there are more than 7"));
        }
        let mut table =
            Array::try_from(Map::Array(loader.take_map("framings")?)).map_err(LoadError::Setup)?;
        for (number, framing) in (1..).zip(framings) {
            table.set(number, framing.raw().map_err(LoadError::Framing)?, 0).map_err(LoadError::Setup)?;
        }
        let all = signatures(framings).map_err(LoadError::Framing)?;
        let mut signatures =
            Array::try_from(Map::Array(loader.take_map("signatures")?)).map_err(LoadError::Setup)?;
        signatures.set(0, all, 0).map_err(LoadError::Setup)?;
        Ok(Self { _framings: table, _signatures: signatures })
    }
}

/// The signatures of `framings`, which are numbered from 1. `Err` says what is wrong.
pub(crate) fn signatures(framings: &[Framing]) -> Result<RawSignatures, &'static str> {
    let mut signatures = RawSignatures::default();
    let mut room = signatures.all.iter_mut();
    for (number, framing) in (1..).zip(framings) {
        let first = framing.signatures.iter().map(|signature| (signature, false));
        let midway = framing.midway.iter().map(|signature| (signature, true));
        for (signature, midway) in first.chain(midway) {
            if signature.mask == [0; 8] {
                return Err("a signature is of at least one bit");
            }
            let masked = std::array::from_fn(|at| signature.bytes[at] & signature.mask[at]);
            *room.next().ok_or("there are more than 8 signatures")? = RawSignature {
                bytes: u64::from_ne_bytes(masked),
                mask: u64::from_ne_bytes(signature.mask),
                framing: number,
                answer: framing.response_first.into(),
                preface: framing.preface,
                midway: midway.into(),
                pad: 0,
            };
        }
    }
    Ok(signatures)
}

fn raw_keep(keep: Keep) -> u16 {
    match keep {
        Keep::Body(bytes) => bytes,
        Keep::Silent => abi::SILENT,
        Keep::Invalid => abi::INVALID,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing() -> Framing {
        let mut keep = [[Keep::Invalid; 256]; 2];
        keep[0][usize::from(b'Q')] = Keep::Body(300);
        keep[1][usize::from(b'D')] = Keep::Silent;
        let mut opens = [false; 256];
        opens[usize::from(b'Q')] = true;
        Framing {
            keep,
            opens,
            signatures: vec![Signature { bytes: *b"abcdefgh", mask: [0xff, 0, 0, 0xf0, 0, 0, 0, 0] }],
            midway: Vec::new(),
            response_first: false,
            runs: true,
            preface: 0,
            header: 5,
            length_at: 1,
            length_size: 4,
            length_counts: 4,
            big_endian: true,
            longest: 1 << 24,
            kind_at: [0, 0],
            bare: Some(Bare { header: 4, first: 0, keep: 2048, answered: 4 }),
        }
    }

    #[test]
    fn is_written_as_the_kernel_reads_it() {
        let raw = framing().raw().expect("it is sound");
        assert_eq!((raw.keep[0][usize::from(b'Q')], raw.keep[0][0]), (300, abi::INVALID));
        assert_eq!((raw.keep[1][usize::from(b'D')], raw.keep[1][0]), (abi::SILENT, abi::INVALID));
        assert_eq!((raw.opens[10], raw.opens.iter().filter(|byte| **byte != 0).count()), (1 << 1, 1));
        assert_eq!(raw.flags, abi::BIG_ENDIAN | abi::RUNS);
        assert_eq!((raw.bare_header, raw.bare_answered), (4, 4));
    }

    #[test]
    fn signatures_are_those_of_all_framings() {
        let midway = vec![Signature { bytes: *b"ijklmnop", mask: [0xff, 0, 0, 0, 0, 0, 0, 0] }];
        let other = Framing { response_first: true, preface: 24, midway, ..framing() };
        let all = signatures(&[framing(), other]).expect("there is room").all;
        assert_eq!(all[0].bytes.to_ne_bytes(), [b'a', 0, 0, b'd' & 0xf0, 0, 0, 0, 0]);
        assert_eq!((all[0].framing, all[0].answer, all[0].preface), (1, 0, 0));
        assert_eq!((all[1].framing, all[1].answer, all[1].preface), (2, 1, 24));
        assert_eq!((all[1].midway, all[2].midway, all[2].framing), (0, 1, 2));
        assert_eq!(all[2].bytes.to_ne_bytes(), [b'i', 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(all[3].mask, 0);
        assert!(signatures(&vec![framing(); 9]).is_err(), "no room");
        let blank = vec![Signature { bytes: [0; 8], mask: [0; 8] }];
        assert!(signatures(&[Framing { signatures: blank, ..framing() }]).is_err());
    }

    #[test]
    fn what_the_programs_cannot_follow_is_refused() {
        let refused = |change: fn(&mut Framing)| {
            let mut framing = framing();
            change(&mut framing);
            framing.raw().is_err()
        };
        assert!(refused(|framing| framing.header = 13));
        assert!(refused(|framing| framing.length_size = 5));
        assert!(refused(|framing| framing.length_at = 2));
        assert!(refused(|framing| framing.kind_at = [6, 0]));
        assert!(refused(|framing| framing.opens[1] = true));
        assert!(refused(|framing| framing.keep[1][0] = Keep::Body(abi::SILENT)));
        assert!(refused(|framing| framing.bare = framing.bare.map(|bare| Bare { header: 3, ..bare })));
        assert!(!refused(|_| ()));
    }
}
