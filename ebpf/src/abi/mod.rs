//! What crosses from the kernel: the Rust half of `include/abi.h`. Sizes and offsets are compared with the BTF of the compiled
//! object in the tests below.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Set in the number of a thread that stands for a goroutine of a Go program (`US_GOROUTINE`).
pub const GOROUTINE: u32 = 1 << 31;
/// Set besides if it serves no request itself, and may work for one that made it (`US_DESCENDS`).
pub const DESCENDS: u32 = 1 << 30;

/// Set in the cookie of a probe that traps twice (`US_STEPPED`).
pub(crate) const STEPPED: u64 = 1 << 30;

/// Longest tail of a run, bytes (`US_TAIL`).
pub const TAIL_MAX: usize = 64;
/// Longest path or program name in a record, bytes (`US_NAME_MAX`).
pub const NAME_MAX: usize = 128;

pub(crate) const DATA: u8 = 1;
pub(crate) const RUN: u8 = 2;
pub(crate) const CONN: u8 = 3;
pub(crate) const END: u8 = 4;
pub(crate) const EXEC: u8 = 5;
pub(crate) const FORK: u8 = 6;
pub(crate) const EXIT: u8 = 7;
pub(crate) const MOMENT: u8 = 8;
pub(crate) const SUMS: u8 = 9;
pub(crate) const STREAM: u8 = 10;
pub(crate) const QUERY: u8 = 11;
pub(crate) const RESULT: u8 = 12;
pub(crate) const LIFE: u8 = 13;

/// Which side of a connection the traced process is on, as far as the kernel knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Neither a connect nor a listener was seen.
    Unknown,
    /// Accepted on a port somebody listens on.
    Server,
    /// Opened by the process.
    Client,
}

impl From<u8> for Role {
    fn from(role: u8) -> Self {
        match role {
            1 => Self::Server,
            2 => Self::Client,
            _ => Self::Unknown,
        }
    }
}

/// Flags of a record about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub(crate) u8);

impl Flags {
    /// From the bits of `abi.h`; for replaying records.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The traced process sent the bytes; otherwise it received them.
    pub fn sent(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// Data: the first bytes after the direction changed.
    pub fn flip(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// Data: another record with bytes of the same call follows.
    pub fn more(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// Data: the bytes could not be read from the process.
    pub fn fault(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// Moment: what was under way did not come to its end by itself.
    pub fn cut(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// End: both directions; otherwise only the receiving one.
    pub fn closed(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Data and run: the direction is that of requests, as far as the kernel knows.
    pub fn request(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Conn: being opened by the process; its own port is not known yet.
    pub fn opening(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// The connection carries TLS: its bytes are counted and never captured.
    pub fn tls(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Conn: bytes had passed before the agent saw the connection.
    pub fn joined(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Conn: its plain text is read; the records that follow are about that.
    pub fn decrypted(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// Data and run: the kernel follows the frames of this direction. Bytes that were not captured are whole frames that nobody needs, or
    /// the rest of a body.
    pub fn aligned(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Data: so it does in the direction of `other`.
    pub fn other_aligned(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Run: the run goes on; this is its state so far.
    pub fn partial(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// `struct us_header`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) size: u16,
    pub(crate) sequence: u32,
    pub(crate) time: u64,
    pub(crate) conn: u64,
}

/// `struct us_data`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawData {
    pub(crate) header: Header,
    pub(crate) entered: u64,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) tgid: u32,
    pub(crate) tid: u32,
    pub(crate) seq: u32,
    pub(crate) peer_seq: u32,
    pub(crate) exchange: u32,
    pub(crate) lost: u32,
    pub(crate) other: u64,
    pub(crate) other_last: u64,
    pub(crate) before: u64,
}

/// `struct us_stream`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawStream {
    pub(crate) header: Header,
    pub(crate) tgid: u32,
    pub(crate) tid: u32,
    pub(crate) stream: u32,
    pub(crate) writer: u32,
}

/// `struct us_query`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawQuery {
    pub(crate) header: Header,
    pub(crate) goroutine: u64,
    pub(crate) tgid: u32,
    pub(crate) tid: u32,
    pub(crate) length: u32,
    pub(crate) system: u8,
    pub(crate) operation: u8,
    pub(crate) pad: [u8; 2],
}

/// `struct us_result`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawResult {
    pub(crate) header: Header,
    pub(crate) goroutine: u64,
    pub(crate) tgid: u32,
    pub(crate) pad: u32,
}

/// `US_COUNTED`, `US_FAILED`
pub(crate) const COUNTED: u8 = 0x01;
pub(crate) const FAILED: u8 = 0x01;

/// `struct us_life`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawLife {
    pub(crate) header: Header,
    pub(crate) tgid: u32,
    pub(crate) tid: u32,
    pub(crate) creator: u32,
    pub(crate) pad: u32,
    pub(crate) made: u64,
    pub(crate) ended: u64,
}

/// `struct us_run`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawRun {
    pub(crate) header: Header,
    pub(crate) offset: u64,
    pub(crate) tgid: u32,
    pub(crate) tid: u32,
    pub(crate) exchange: u32,
    pub(crate) lost: u32,
}

/// `struct us_conn`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawConn {
    pub(crate) header: Header,
    pub(crate) tgid: u32,
    pub(crate) netns: u32,
    pub(crate) family: u16,
    pub(crate) local_port: u16,
    pub(crate) remote_port: u16,
    pub(crate) role: u8,
    pub(crate) pad: u8,
    pub(crate) local: [u8; 16],
    pub(crate) remote: [u8; 16],
}

/// `struct us_end`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawEnd {
    pub(crate) header: Header,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) exchange: u32,
    pub(crate) lost: u32,
}

// SAFETY: plain integers without padding, valid for every bit pattern.
unsafe impl aya::Pod for RawEnd {}

/// `struct us_process`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawProcess {
    pub(crate) header: Header,
    pub(crate) tgid: u32,
    pub(crate) parent: u32,
    pub(crate) start: u64,
    pub(crate) comm: [u8; 16],
}

/// `struct us_moment`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawMoment {
    pub(crate) header: Header,
    pub(crate) begun: u64,
    pub(crate) tgid: u32,
    pub(crate) tid: u32,
    pub(crate) mark: u32,
    pub(crate) text_size: [u8; 2],
    pub(crate) pad: [u8; 2],
    pub(crate) numbers: [u64; 8],
    pub(crate) ending: [u64; 2],
    pub(crate) text: [[u8; 64]; 2],
}

/// `struct us_sums`
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct RawSums {
    pub(crate) header: Header,
    pub(crate) tgid: u32,
    pub(crate) tid: u32,
    pub(crate) mark: u32,
    pub(crate) pad: u32,
    pub(crate) time: [u64; 8],
    pub(crate) count: [u64; 16],
}

/// Values of maps. `aya` wants its own marker trait for them, hence one macro for all.
macro_rules! map_value {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        #[repr(C)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)*
        }

        // SAFETY: plain integers with explicit padding, valid for every bit pattern.
        unsafe impl aya::Pod for $name {}
    };
}

map_value!(
    /// `struct us_target`
    Target { since: u64, calls: u64, hits: u64, steps: u64, resumed: u64, paused: u32, go: u32 }
);
map_value!(
    /// `struct us_control`
    Control {
        deadline: u64,
        resumed: u64,
        request_budget: u32,
        response_budget: u32,
        wake_bytes: u32,
        sleeping: u32,
        announce_execs: u32,
        pad: u32,
    }
);
map_value!(
    /// `struct us_verdict`
    RawVerdict { ignore: u32, framing: u32 }
);
map_value!(
    /// `struct us_mark`
    RawMark {
        action: u8,
        slot: u8,
        flags: u8,
        first: u8,
        numbers: u8,
        chooser: u8,
        unless: u8,
        closes: u8,
        text: [u8; 2],
        length: [u8; 2],
        width: u8,
        sign: u8,
        pad: [u8; 2],
    }
);
map_value!(
    /// `struct us_counted`
    RawCounted { tgid: u32, mark: u32 }
);

/// `struct us_usdt_argument`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub(crate) struct RawUsdtArgument {
    pub(crate) value: i32,
    pub(crate) kind: u8,
    pub(crate) base: u8,
    pub(crate) index: u8,
    pub(crate) shape: u8,
}

/// `struct us_usdt_spec`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub(crate) struct RawUsdtSpec {
    pub(crate) arguments: [RawUsdtArgument; 12],
    pub(crate) wide: [u64; 4],
}

// SAFETY: plain integers without padding, valid for every bit pattern.
unsafe impl aya::Pod for RawUsdtSpec {}

map_value!(
    /// `struct us_canary`
    RawCanary { hits: u64, sums: [u64; 12] }
);

/// `US_SILENT`
pub(crate) const SILENT: u16 = 0xffff;
/// `US_INVALID`
pub(crate) const INVALID: u16 = 0xfffe;
/// `US_BIG_ENDIAN`
pub(crate) const BIG_ENDIAN: u8 = 0x01;
/// `US_RUNS`
pub(crate) const RUNS: u8 = 0x02;
/// `US_FRAMINGS`
pub(crate) const FRAMINGS: u32 = 8;
/// `US_SIGNATURES`
pub(crate) const SIGNATURES: usize = 8;
/// `US_HEADER_MAX`
pub(crate) const HEADER_MAX: u8 = 12;

map_value!(
    /// `struct us_signature`
    RawSignature { bytes: u64, mask: u64, framing: u32, answer: u8, preface: u8, midway: u8, pad: u8 }
);
map_value!(
    /// `struct us_signatures`
    RawSignatures { all: [RawSignature; SIGNATURES] }
);

/// `struct us_framing`
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct RawFraming {
    pub(crate) keep: [[u16; 256]; 2],
    pub(crate) opens: [u8; 32],
    pub(crate) longest: u32,
    pub(crate) bare_answered: u32,
    pub(crate) bare_keep: u16,
    pub(crate) flags: u8,
    pub(crate) header: u8,
    pub(crate) length_at: u8,
    pub(crate) length_size: u8,
    pub(crate) length_counts: u8,
    pub(crate) kind_at: [u8; 2],
    pub(crate) bare_header: u8,
    pub(crate) bare_first: u8,
    pub(crate) pad: u8,
}

// SAFETY: plain integers without padding (a test compares the layout with the kernel's), valid for every bit pattern.
unsafe impl aya::Pod for RawFraming {}

#[cfg(test)]
mod tests;
