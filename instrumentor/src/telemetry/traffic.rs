//! What became of the bytes of one connection, or of all connections of a process.

use std::collections::BTreeMap;

/// Bytes that were not understood, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Puzzle {
    /// They are encrypted.
    Tls,
    /// The connection speaks no protocol of ours.
    UnknownProtocol,
    /// The connection went over to another protocol (`Upgrade`, `CONNECT`).
    Upgraded,
    /// Too few so far to tell the protocol.
    Undecided,
    /// They were in records the kernel could not hand over.
    Lost,
}

impl Puzzle {
    /// All of them, in the order of [`Traffic::puzzling`].
    pub const ALL: [Self; 5] =
        [Self::Tls, Self::UnknownProtocol, Self::Upgraded, Self::Undecided, Self::Lost];

    /// In the words of metrics and status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::UnknownProtocol => "unknown_protocol",
            Self::Upgraded => "upgraded",
            Self::Undecided => "undecided",
            Self::Lost => "lost",
        }
    }
}

/// Sums over one or more connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections.
    pub connections: u64,
    /// Of these, encrypted ones.
    pub encrypted: u64,
    /// Of these, those whose plain text is read.
    pub decrypted: u64,
    /// Of the encrypted ones, those that sent something nobody could read.
    pub blind: u64,
    /// Bytes that passed, as far as the kernel has told.
    pub bytes: u64,
    /// Of these, copied from the kernel.
    pub captured: u64,
    /// Of these, not understood, in the order of [`Puzzle::ALL`].
    pub puzzling: [u64; Puzzle::ALL.len()],
    /// Exchanges the kernel could not hand over.
    pub lost: u64,
}

impl Traffic {
    /// Bytes passed that nobody understood.
    pub fn puzzle(&mut self, why: Puzzle, bytes: u64) {
        self.puzzling[why as usize] += bytes;
    }

    /// Bytes not understood, by reason.
    pub fn not_understood(&self) -> BTreeMap<String, u64> {
        let named = Puzzle::ALL.into_iter().map(|why| (why.name().to_owned(), self.puzzling[why as usize]));
        named.filter(|(_, bytes)| *bytes > 0).collect()
    }
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.encrypted += other.encrypted;
        self.decrypted += other.decrypted;
        self.blind += other.blind;
        self.bytes += other.bytes;
        self.captured += other.captured;
        self.lost += other.lost;
        for (sum, more) in self.puzzling.iter_mut().zip(other.puzzling) {
            *sum += more;
        }
    }
}
