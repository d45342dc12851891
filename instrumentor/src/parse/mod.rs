//! chunks -> protocol events
//!
//! Finds out which protocol a connection speaks and hands its chunks to that decoder. Connections that speak none of ours end up
//! `Ignored`: the kernel is told to copy no more of them, and they are counted in `connections_unknown`.

use std::sync::Arc;

use underspan_protocols::REGISTRY;
use underspan_protocols::decoder::{Chunk, Decoder, Detection, Event, Options, Protocol};
use underspan_protocols::message::{Direction, Role};

use crate::assemble::{Connection, Piece, Step};

mod query;

pub use query::query;

/// Pieces a connection may begin with that no protocol claims. A connection joined in the middle starts inside a message, and where the
/// kernel follows its frames it comes in a piece for each, of which few tell: it gets more chances.
const TRIES: u8 = 3;
const TRIES_RAGGED: u8 = 200;
/// Most bytes kept while there are too few to tell.
const UNDECIDED: usize = 64;

/// How far a connection is understood.
#[derive(Default)]
pub enum Conversation {
    /// No protocol yet.
    #[default]
    Fresh,
    /// First bytes, too few to tell: direction, time of the first, and the bytes.
    Undecided {
        /// The traced process sent them.
        sent: bool,
        /// When the first passed.
        first: u64,
        /// They.
        bytes: Vec<u8>,
    },
    /// No protocol so far, and how many runs nobody claimed.
    Unclaimed(u8),
    /// A protocol.
    Decoding(Decoding),
    /// Nothing more to learn.
    Ignored,
}

/// A connection whose protocol is known.
pub struct Decoding {
    /// Side of the traced process.
    pub role: Role,
    /// Which protocol.
    pub protocol: &'static dyn Protocol,
    decoder: Box<dyn Decoder>,
    /// It went on encrypted: nothing is to be read until there is plain text.
    concealed: bool,
}

impl Decoding {
    fn new(protocol: &'static dyn Protocol, role: Role, options: &Arc<Options>) -> Self {
        Self { role, protocol, decoder: protocol.decoder(role, options), concealed: false }
    }

    /// Whether what passes now cannot be read.
    pub fn is_concealed(&self) -> bool {
        self.concealed
    }

    /// From here on what passes is plain text again.
    pub fn reveal(&mut self) {
        self.concealed = false;
    }

    fn direction(&self, sent: bool) -> Direction {
        if sent == (self.role == Role::Client) { Direction::Request } else { Direction::Response }
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to add to the events.
    Fine,
    /// A protocol was found, with this piece.
    Recognised,
    /// The connection left its protocol, or never had one of ours: no more bytes of it are wanted.
    Unwanted {
        /// It never had one.
        unknown: bool,
    },
}

/// Feeds one step into the connection's conversation; appends what was understood.
pub fn feed(
    connection: &mut Connection,
    step: &Step<'_>,
    options: &Arc<Options>,
    out: &mut Vec<Event>,
) -> Outcome {
    match step {
        Step::Piece(piece) => feed_piece(connection, piece, options, out),
        Step::Hole { sent } => {
            if let Conversation::Decoding(decoding) = &mut connection.conversation
                && !decoding.concealed
            {
                let direction = decoding.direction(*sent);
                decoding.decoder.lost(direction, out);
            }
            // What follows may be the middle of a message.
            connection.ragged = true;
            Outcome::Fine
        }
        Step::End { closed, at } => {
            if let Conversation::Decoding(decoding) = &mut connection.conversation {
                let direction = (!closed).then(|| decoding.direction(false));
                decoding.decoder.end(direction, *at, out);
            }
            Outcome::Fine
        }
    }
}

fn feed_piece(
    connection: &mut Connection,
    piece: &Piece<'_>,
    options: &Arc<Options>,
    out: &mut Vec<Event>,
) -> Outcome {
    let undecided = !matches!(connection.conversation, Conversation::Decoding(_) | Conversation::Ignored);
    if undecided {
        detect(connection, piece, options, out);
    }
    let decrypted = connection.is_decrypted();
    match &mut connection.conversation {
        Conversation::Decoding(decoding) if decoding.concealed => Outcome::Fine,
        Conversation::Decoding(decoding) => {
            let chunk = Chunk {
                direction: decoding.direction(piece.sent),
                bytes: piece.bytes,
                skipped: piece.skipped,
                tail: piece.tail,
                aligned: piece.aligned,
                first: piece.first,
                last: piece.last,
            };
            decoding.decoder.feed(&chunk, out);
            if out.contains(&Event::Left) {
                connection.conversation = Conversation::Ignored;
                return Outcome::Unwanted { unknown: false };
            }
            if !decrypted && out.contains(&Event::StartTls) {
                decoding.concealed = true;
                return Outcome::Unwanted { unknown: false };
            }
            if undecided { Outcome::Recognised } else { Outcome::Fine }
        }
        Conversation::Unclaimed(tries) if *tries >= if connection.ragged { TRIES_RAGGED } else { TRIES } => {
            connection.conversation = Conversation::Ignored;
            Outcome::Unwanted { unknown: true }
        }
        _ => Outcome::Fine,
    }
}

/// Looks whether a message of a known protocol begins with this piece, or with the few bytes before it.
fn detect(connection: &mut Connection, piece: &Piece<'_>, options: &Arc<Options>, out: &mut Vec<Event>) {
    let tries = if let Conversation::Unclaimed(tries) = connection.conversation { tries } else { 0 };
    let (bytes, earlier) = match std::mem::take(&mut connection.conversation) {
        Conversation::Undecided { sent, first, bytes } if sent == piece.sent => {
            ([&bytes, piece.bytes].concat(), Some((first, bytes)))
        }
        _ => (Vec::new(), None),
    };
    let start = if earlier.is_some() { &bytes[..] } else { piece.bytes };
    connection.conversation = match judge(start) {
        Verdict::Is(protocol, direction) => {
            let role = role_of(direction, piece.sent);
            let mut decoding = Decoding::new(protocol, role, options);
            if let Some((first, bytes)) = earlier {
                let chunk = Chunk {
                    direction,
                    bytes: &bytes,
                    skipped: 0,
                    tail: &[],
                    aligned: false,
                    first,
                    last: piece.first,
                };
                decoding.decoder.feed(&chunk, out);
            }
            Conversation::Decoding(decoding)
        }
        Verdict::TooFew if start.len() < UNDECIDED && piece.skipped == 0 && piece.tail.is_empty() => {
            let first = earlier.map_or(piece.first, |(first, _)| first);
            Conversation::Undecided { sent: piece.sent, first, bytes: start.to_vec() }
        }
        Verdict::TooFew | Verdict::None => {
            // Bytes that nobody captured are nobody's fault.
            Conversation::Unclaimed(tries.saturating_add(u8::from(!piece.bytes.is_empty())))
        }
    };
}

enum Verdict {
    Is(&'static dyn Protocol, Direction),
    TooFew,
    None,
}

fn judge(bytes: &[u8]) -> Verdict {
    let mut verdict = Verdict::None;
    for protocol in REGISTRY {
        match protocol.detect(bytes) {
            Detection::Yes(direction) => return Verdict::Is(*protocol, direction),
            Detection::More => verdict = Verdict::TooFew,
            Detection::No => {}
        }
    }
    verdict
}

/// The bytes say who asks: they are worth more than what the kernel knew about the socket.
fn role_of(direction: Direction, sent: bool) -> Role {
    if sent == (direction == Direction::Request) { Role::Client } else { Role::Server }
}
