//! Nine bytes -> a frame's header (RFC 9113, 4.1), and whether there can be such a frame.

use crate::message::Direction;

/// Bytes of a frame's header.
pub(super) const HEADER: usize = 9;

/// What every client sends first (RFC 9113, 3.4).
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Most bytes of a frame unless the receiver offers more (RFC 9113, 6.5.2).
const DEFAULT_MAX_LENGTH: u32 = 16 * 1024;

/// Kinds of frame (RFC 9113, 6).
pub(super) mod kind {
    pub(in super::super) const DATA: u8 = 0;
    pub(in super::super) const HEADERS: u8 = 1;
    pub(in super::super) const PRIORITY: u8 = 2;
    pub(in super::super) const RST_STREAM: u8 = 3;
    pub(in super::super) const SETTINGS: u8 = 4;
    pub(in super::super) const PUSH_PROMISE: u8 = 5;
    pub(in super::super) const PING: u8 = 6;
    pub(in super::super) const GOAWAY: u8 = 7;
    pub(in super::super) const WINDOW_UPDATE: u8 = 8;
    pub(in super::super) const CONTINUATION: u8 = 9;
}

/// Flags.
pub(super) mod flag {
    /// Of `DATA` and `HEADERS`.
    pub(in super::super) const END_STREAM: u8 = 0x1;
    /// Of `SETTINGS` and `PING`.
    pub(in super::super) const ACK: u8 = 0x1;
    /// Of `HEADERS`, `PUSH_PROMISE` and `CONTINUATION`.
    pub(in super::super) const END_HEADERS: u8 = 0x4;
    /// Of `DATA`, `HEADERS` and `PUSH_PROMISE`.
    pub(in super::super) const PADDED: u8 = 0x8;
    /// Of `HEADERS`.
    pub(in super::super) const PRIORITY: u8 = 0x20;
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of payload.
    pub(super) length: u32,
    pub(super) kind: u8,
    pub(super) flags: u8,
    /// Zero for the connection. Without the reserved bit.
    pub(super) stream: u32,
    reserved: bool,
}

impl Header {
    pub(super) fn parse(bytes: [u8; HEADER]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = bytes;
        let stream = u32::from_be_bytes(stream);
        Self {
            length: u32::from_be_bytes([0, a, b, c]),
            kind,
            flags,
            stream: stream & 0x7fff_ffff,
            reserved: stream >> 31 == 1,
        }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Bytes of its payload before a header block's: padding length, priority, promised stream.
    pub(super) fn prefix(&self) -> usize {
        let padding = usize::from(self.has(flag::PADDED) && self.kind != kind::CONTINUATION);
        let priority = if self.kind == kind::HEADERS && self.has(flag::PRIORITY) { 5 } else { 0 };
        let promised = if self.kind == kind::PUSH_PROMISE { 4 } else { 0 };
        padding + priority + promised
    }

    /// Whether a peer that keeps to the rules sends it.
    pub(super) fn is_allowed(&self, direction: Direction) -> bool {
        let request = direction == Direction::Request;
        let on_stream = self.stream != 0 && (!request || self.stream % 2 == 1);
        let prefix = u32::try_from(self.prefix()).unwrap_or(u32::MAX);
        match self.kind {
            kind::DATA => on_stream && (self.length > 0 || !self.has(flag::PADDED)),
            kind::HEADERS => on_stream && self.length >= prefix,
            kind::CONTINUATION => on_stream || !request && self.stream != 0,
            kind::PRIORITY => self.stream != 0 && self.length == 5,
            kind::RST_STREAM => self.stream != 0 && self.length == 4,
            kind::SETTINGS => {
                self.stream == 0
                    && self.length.is_multiple_of(6)
                    && (self.length == 0 || !self.has(flag::ACK))
            }
            kind::PUSH_PROMISE => !request && self.stream % 2 == 1 && self.length >= prefix,
            kind::PING => self.stream == 0 && self.length == 8,
            kind::GOAWAY => self.stream == 0 && self.length >= 8,
            kind::WINDOW_UPDATE => self.length == 4,
            // Unknown frames are to be passed over; those in use are small.
            _ => self.length <= DEFAULT_MAX_LENGTH,
        }
    }

    /// Whether it is as nearly all frames are: what other bytes seldom look like.
    pub(super) fn is_usual(&self, direction: Direction) -> bool {
        let flags = match self.kind {
            kind::DATA => flag::END_STREAM | flag::PADDED,
            kind::HEADERS => flag::END_STREAM | flag::END_HEADERS | flag::PADDED | flag::PRIORITY,
            kind::PUSH_PROMISE => flag::END_HEADERS | flag::PADDED,
            kind::CONTINUATION => flag::END_HEADERS,
            kind::SETTINGS | kind::PING => flag::ACK,
            kind::PRIORITY | kind::RST_STREAM | kind::GOAWAY | kind::WINDOW_UPDATE => 0,
            _ => return false,
        };
        let control = matches!(self.kind, kind::SETTINGS | kind::GOAWAY);
        let most = if control { 1024 } else { DEFAULT_MAX_LENGTH };
        // Servers open streams for pushes, which nearly nobody does any more.
        let pushed = self.stream != 0 && self.stream.is_multiple_of(2);
        self.flags & !flags == 0
            && !self.reserved
            && !pushed
            && self.length <= most
            && self.is_allowed(direction)
    }

    /// Whether it holds the beginning of a header block.
    pub(super) fn begins_block(&self) -> bool {
        matches!(self.kind, kind::HEADERS | kind::PUSH_PROMISE)
    }
}

/// Which way a header block goes that begins with this byte: nearly all encoders write `:method` or `:status` first,
/// with the static table's index. `None`: cannot be told.
pub(super) fn way_of_block(first: u8) -> Option<Direction> {
    // Representation of RFC 7541, 6, and the index it begins with.
    let index = match first {
        0x80.. => first & 0x7f,
        0x40.. => first & 0x3f,
        0x20.. => return None,
        _ => first & 0x0f,
    };
    match index {
        2 | 3 => Some(Direction::Request),
        8..=14 => Some(Direction::Response),
        // The fields of a request may come in another order.
        4..=7 if first >= 0x80 => Some(Direction::Request),
        _ => None,
    }
}
