//! What the kernel has to know to capture the messages of a protocol and leave the rest: pure data.
//!
//! A frame is a header that says how long it is, and a body. Of each kind a protocol declares what its decoder needs.
//! What is left out is told as [`Chunk`](crate::decoder::Chunk)s that are `aligned`.

use crate::message::Direction;

/// What is captured of frames of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The header and this many bytes of the body, at most 65,533.
    Body(u16),
    /// Nothing: the decoder can do without knowing that it passed.
    Silent,
    /// There are no such frames: bytes that say otherwise are no header.
    Invalid,
}

/// Eight bytes, where `mask` has bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// What is there.
    pub bytes: [u8; 8],
    /// Which bits of it count.
    pub mask: [u8; 8],
}

/// Frames of requests without a kind. Their header is nothing but their length, all of it included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bare {
    /// The byte such a frame begins with, and no other.
    pub first: u8,
    /// Bytes captured of the body.
    pub keep: u16,
    /// A frame whose body has this length is answered by one byte that is no frame.
    pub answered: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Framing {
    /// What is captured, by direction and kind.
    pub keep: fn(Direction, u8) -> Keep,
    /// Kinds of requests that open an exchange, which are not silent. Exchanges whose opening did not fit the ring buffer
    /// are counted by them: as many as there were, or more where such a frame may also do something else.
    pub opens: &'static [u8],
    /// How its connections begin.
    pub signatures: &'static [Signature],
    /// Whose bytes these signatures are of: the side that speaks first.
    pub speaks_first: Direction,
    /// How frames begin that tell the protocol of a connection joined on its way, whichever side has sent them. Nothing else
    /// may look like this.
    pub midway: &'static [Signature],
    /// Each run of bytes in one direction begins with a frame.
    pub runs: bool,
    /// Bytes of requests before the first frame.
    pub preface: u8,
    /// Bytes of a header, at most 12.
    pub header: u8,
    /// Where in the header the length is, ...
    pub length_at: u8,
    /// ... how many bytes it has, at most 4, ...
    pub length_size: u8,
    /// ... how many bytes of the header it counts, ...
    pub length_counts: u8,
    /// ... and whether its most significant byte is the first.
    pub big_endian: bool,
    /// Longest body that is believed.
    pub longest: u32,
    /// Where the byte is that tells the kind of a request and of a response: in the header or right behind it.
    pub kind_at: [u8; 2],
    /// Frames of another form.
    pub bare: Option<Bare>,
}
