//! One connection: its two streams, and what the later stages keep about it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use underspan_ebpf::{Conn, Data, Run};

use super::losses::Losses;
use super::{Piece, Step};
use crate::parse::Conversation;
use crate::telemetry::{Puzzle, Stats, Traffic};

/// The two ends of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Peer {
    /// Its announcement was lost.
    #[default]
    Unknown,
    /// TCP.
    Inet {
        /// This end.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
    },
    /// A unix socket and its path; empty when it has none, with a leading `@` when abstract.
    Unix(String),
}

/// A request as both ends of a connection can see it, in TCP sequence numbers: of its first byte, and of the byte the response will begin with.
/// Or, where many share a connection: those that its directions began with, or a hash of its addresses if that was before the agent, and the
/// stream.
pub type Edge = (u32, u32, u32);

/// One direction.
#[derive(Debug, Default)]
struct Stream {
    /// Where the next byte belongs; `None` before the first record, which may be any.
    next: Option<u64>,
}

/// See the module.
pub struct Connection {
    /// Number the kernel knows it by.
    pub id: u64,
    /// Process that spoke on it first.
    pub tgid: u32,
    /// Its ends.
    pub peer: Peer,
    /// Network namespace that its addresses are of.
    netns: u32,
    /// Bytes had passed before the agent saw it.
    joined: bool,
    /// Its bytes may begin, or go on after a hole, in the middle of a message.
    pub ragged: bool,
    /// Where the current run of each direction began in TCP sequence numbers (own direction, other direction), until taken.
    /// Index 1 is what the process sent.
    run_sequence: [Option<(u32, u32)>; 2],
    /// TCP sequence numbers that the directions began with, as far as they are known.
    origins: [Option<u32>; 2],
    /// What is understood of it.
    pub conversation: Conversation,
    /// No protocol of ours was found in it.
    pub unknown: bool,
    /// Its exchanges that have begun and not ended.
    pub under_way: u32,
    /// Books of what is lost on it.
    pub losses: Losses,
    traffic: Traffic,
    streams: [Stream; 2],
    last: u64,
}

impl Connection {
    pub(super) fn new(record: &Conn<'_>) -> Self {
        let mut connection = Self::unannounced(record.conn, record.tgid);
        connection.joined = record.flags.joined();
        connection.ragged = connection.joined;
        connection.announce(record);
        connection
    }

    /// Learns its ends.
    pub(super) fn announce(&mut self, record: &Conn<'_>) {
        self.peer = match record.addresses {
            Some((local, remote)) => Peer::Inet { local, remote },
            None => Peer::Unix(unix_path(record.path)),
        };
        self.netns = record.netns;
        self.traffic.encrypted |= u64::from(record.flags.tls());
        if record.flags.decrypted() && self.traffic.decrypted == 0 {
            self.traffic.decrypted = 1;
            self.ragged = record.flags.joined();
            match &mut self.conversation {
                // It began in plain text.
                Conversation::Decoding(decoding) if !self.ragged => decoding.reveal(),
                // What was thought of ciphertext says nothing about what follows.
                _ => {
                    self.conversation = Conversation::Fresh;
                    self.unknown = false;
                }
            }
        }
        self.last = self.last.max(record.time);
    }

    pub(super) fn unannounced(id: u64, tgid: u32) -> Self {
        Self {
            id,
            tgid,
            peer: Peer::Unknown,
            netns: 0,
            joined: true,
            ragged: true,
            run_sequence: [None; 2],
            origins: [None; 2],
            conversation: Conversation::default(),
            unknown: false,
            under_way: 0,
            losses: Losses::default(),
            traffic: Traffic::default(),
            streams: Default::default(),
            last: 0,
        }
    }

    /// Whether what is read of it was encrypted on the wire.
    pub fn is_decrypted(&self) -> bool {
        self.traffic.decrypted > 0
    }

    /// Notes where on the wire its directions began. Of one that has moved nothing yet, the other one's first record tells.
    fn begins(&mut self, record: &Data<'_>) {
        let own = usize::from(record.flags.sent());
        if self.joined {
            return;
        }
        #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap around")]
        self.origins[own].get_or_insert(record.seq.wrapping_sub(record.offset as u32));
        if self.streams[1 - own].next.is_none() {
            self.origins[1 - own].get_or_insert(record.peer_seq);
        }
    }

    /// What both ends know a request by: of many at a time on a connection, that and the stream. `sent`: by this process.
    pub fn edge(&mut self, sent: bool, stream: Option<u32>) -> Option<Edge> {
        let (own, other) = (usize::from(sent), usize::from(!sent));
        let run = self.run_sequence[own].take();
        let origins = self.origins[own].zip(self.origins[other]);
        match (stream, origins.or_else(|| self.named(sent))) {
            (Some(stream), Some((from, to))) => Some((from, to, stream)),
            _ => run.map(|(from, to)| (from, to, 0)),
        }
    }

    /// What its ends are called, where nobody translates that, in place of where it began.
    fn named(&self, sent: bool) -> Option<(u32, u32)> {
        let Peer::Inet { local, remote } = self.peer else { return None };
        // One end may be of a socket for both versions of IP.
        let [local, remote] = [local, remote].map(|end| (end.ip().to_canonical(), end.port()));
        // Other namespaces have the same loopback.
        let netns = if remote.0.is_loopback() { self.netns } else { 0 };
        let mut hasher = DefaultHasher::new();
        (netns, if sent { (local, remote) } else { (remote, local) }).hash(&mut hasher);
        let hash = hasher.finish();
        #[expect(clippy::cast_possible_truncation, reason = "its two halves")]
        Some(((hash >> 32) as u32, hash as u32))
    }

    /// Name of the protocol it speaks; empty before that is known.
    pub fn protocol(&self) -> &'static str {
        match &self.conversation {
            Conversation::Decoding(decoding) => decoding.protocol.name(),
            _ => "",
        }
    }

    /// Notes what became of a piece of it, after the parser has seen it.
    pub fn account(&mut self, piece: &Piece<'_>) {
        let captured = (piece.bytes.len() + piece.tail.len()) as u64;
        let bytes = captured + piece.skipped;
        self.traffic.bytes += bytes;
        self.traffic.captured += captured;
        let puzzle = match &self.conversation {
            _ if self.traffic.encrypted > self.traffic.decrypted => Puzzle::Tls,
            Conversation::Decoding(decoding) => {
                self.traffic.encrypted |= u64::from(decoding.is_concealed());
                return;
            }
            Conversation::Ignored if self.unknown => Puzzle::UnknownProtocol,
            Conversation::Ignored => Puzzle::Upgraded,
            Conversation::Fresh | Conversation::Undecided { .. } | Conversation::Unclaimed(_) => {
                Puzzle::Undecided
            }
        };
        self.traffic.puzzle(puzzle, bytes);
    }

    /// Whether this piece, accounted for, shows that its plain text is not read: a library is known to belong to a connection by the time
    /// its ciphertext has been sent. True once.
    pub fn turns_blind(&mut self, piece: &Piece<'_>) -> bool {
        let turns = piece.sent && self.traffic.encrypted > self.traffic.decrypted && self.traffic.blind == 0;
        self.traffic.blind |= u64::from(turns);
        turns
    }

    /// It is encrypted and was not read to this day.
    pub fn is_blind(&self) -> bool {
        self.traffic.blind > 0 && self.traffic.encrypted > self.traffic.decrypted
    }

    /// What passed on it so far.
    pub fn traffic(&self) -> Traffic {
        Traffic { connections: 1, lost: self.losses.counted().into(), ..self.traffic }
    }

    /// Whether requests that are open at the same time share it.
    pub fn is_multiplexed(&self) -> bool {
        matches!(&self.conversation, Conversation::Decoding(decoding) if decoding.protocol.is_multiplexed())
    }

    /// When the latest record about it was made, kernel time.
    pub fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn data<'a>(&mut self, record: &Data<'a>, stats: &mut Stats) -> [Option<Step<'a>>; 3] {
        let sent = record.flags.sent();
        let stream = &mut self.streams[usize::from(sent)];
        self.last = self.last.max(record.left);
        // Before the first record of a connection seen from its beginning, the stream stands at 0.
        // A record also tells of bytes before its own that nobody needs.
        let start = record.offset.saturating_sub(record.before);
        let next = stream.next.unwrap_or(if self.joined { start } else { 0 });
        if record.offset < next {
            stats.records_out_of_order += 1;
            return [None, None, None];
        }
        let hole = (start > next).then_some(Step::Hole { sent });
        self.traffic.bytes += start.saturating_sub(next);
        self.traffic.puzzle(Puzzle::Lost, start.saturating_sub(next));
        let before = record.offset - start.max(next);
        let captured = record.bytes.len() as u64;
        let skipped = if record.flags.more() { 0 } else { record.length.saturating_sub(captured) };
        stream.next = Some(record.offset + captured + skipped);
        if record.flags.flip() && record.seq != record.peer_seq {
            self.run_sequence[usize::from(sent)] = Some((record.seq, record.peer_seq));
            self.begins(record);
        } else if hole.is_some() {
            // The request that the run began with may be in the hole; the next one must not pass for it.
            self.run_sequence[usize::from(sent)] = None;
        }
        let piece = Piece {
            sent,
            bytes: record.bytes,
            skipped,
            tail: &[],
            aligned: record.flags.aligned(),
            first: record.entered,
            last: record.left,
            tgid: record.tgid,
            tid: record.tid,
        };
        let passed = Piece { bytes: &[], skipped: before, last: record.entered, ..piece };
        [hole, (before > 0).then_some(Step::Piece(passed)), Some(Step::Piece(piece))]
    }

    /// Bytes up to `total` that passed before the other direction went on; the first of the connection may be among them.
    pub(super) fn behind(
        &mut self,
        sent: bool,
        total: u64,
        aligned: bool,
        last: u64,
    ) -> Option<Step<'static>> {
        self.streams[usize::from(sent)].next.get_or_insert(0);
        self.rest(sent, total, aligned, last)
    }

    /// Bytes up to `total` that no record told of, the latest of which passed at `last`.
    pub(super) fn rest(&mut self, sent: bool, total: u64, aligned: bool, last: u64) -> Option<Step<'static>> {
        let next = &mut self.streams[usize::from(sent)].next;
        let skipped = total.checked_sub((*next)?).filter(|skipped| *skipped > 0)?;
        *next = Some(total);
        Some(Step::Piece(Piece {
            sent,
            bytes: &[],
            skipped,
            tail: &[],
            aligned,
            first: last,
            last,
            tgid: self.tgid,
            tid: 0,
        }))
    }

    pub(super) fn run<'a>(&mut self, record: &Run<'a>) -> Option<Step<'a>> {
        let sent = record.flags.sent();
        let stream = &mut self.streams[usize::from(sent)];
        self.last = self.last.max(record.last);
        let next = stream.next.unwrap_or(0);
        let passed = record.offset.checked_sub(next).filter(|passed| *passed > 0)?;
        stream.next = Some(record.offset);
        // A record may have been lost between `next` and here; the decoder sees bytes it does not know either way.
        let tail = if passed >= record.tail.len() as u64 { record.tail } else { &[] };
        Some(Step::Piece(Piece {
            sent,
            bytes: &[],
            skipped: passed - tail.len() as u64,
            tail,
            aligned: record.flags.aligned(),
            first: record.last,
            last: record.last,
            tgid: record.tgid,
            tid: record.tid,
        }))
    }
}

/// An abstract name begins with a NUL byte, which people write as `@`.
fn unix_path(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0]) {
        Some(name) => format!("@{}", String::from_utf8_lossy(name)),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}
