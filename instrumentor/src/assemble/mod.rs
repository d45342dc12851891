//! records -> chunks of each connection's two streams
//!
//! Puts records back into streams: knows how far each direction has come, so a hole is noticed and its length known. Drops records
//! that repeat bytes already seen (`out_of_order`) and, beyond a bound, the connections silent for longest (`evicted`).

mod connection;
mod losses;

pub use connection::{Connection, Edge, Peer};

use hashbrown::HashMap;
use underspan_ebpf::{Conn, Data, End, Run};

use crate::telemetry::Stats;

/// What a record means for its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A piece of a stream.
    Piece(Piece<'a>),
    /// Bytes of unknown content vanished in this direction, possibly whole messages.
    Hole {
        /// The traced process sent them.
        sent: bool,
    },
    /// The receiving direction (`closed` false) or both have ended.
    End {
        /// Both directions.
        closed: bool,
        /// When, kernel time.
        at: u64,
    },
}

/// A piece of a stream: `bytes`, then `skipped` bytes nobody captured, then `tail`. Times are the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The traced process sent it.
    pub sent: bool,
    /// The captured beginning.
    pub bytes: &'a [u8],
    /// Bytes between `bytes` and `tail`.
    pub skipped: u64,
    /// The captured end.
    pub tail: &'a [u8],
    /// The kernel follows the frames of the direction: what it skipped is whole frames nobody needs, and rests of bodies.
    pub aligned: bool,
    /// When the first byte passed.
    pub first: u64,
    /// When the last byte passed.
    pub last: u64,
    /// Process that moved the bytes.
    pub tgid: u32,
    /// Thread that did.
    pub tid: u32,
}

/// All connections with a byte seen and no end seen.
#[derive(Default)]
pub struct Connections {
    table: HashMap<u64, Connection>,
    limit: usize,
}

impl Connections {
    /// Keeps at most `limit` connections.
    pub fn new(limit: usize) -> Self {
        Self { table: HashMap::new(), limit: limit.max(1) }
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Learns what a connection is. Gives back those forgotten for want of room. The announcement comes late when an earlier one did not fit
    /// the ring: what is known of the connection by then stays.
    pub fn open(&mut self, record: &Conn<'_>, stats: &mut Stats) -> Vec<Connection> {
        if let Some(connection) = self.table.get_mut(&record.conn) {
            connection.announce(record);
            return Vec::new();
        }
        let evicted = self.make_room();
        stats.connections_evicted += evicted.len() as u64;
        self.table.insert(record.conn, Connection::new(record));
        evicted
    }

    /// What a data record says of the other direction, to be taken before the rest of the record: the end of the run before.
    pub fn behind(&mut self, record: &Data<'_>) -> Option<(&mut Connection, Step<'static>)> {
        let (total, last) = record.other?;
        let connection = self.table.get_mut(&record.conn)?;
        let step = connection.behind(!record.flags.sent(), total, record.flags.other_aligned(), last)?;
        Some((connection, step))
    }

    /// The connection of a data record and what the record means for it, in order.
    pub fn data<'a>(
        &mut self,
        record: &Data<'a>,
        stats: &mut Stats,
    ) -> (&mut Connection, [Option<Step<'a>>; 3]) {
        let connection = self.find(record.conn, record.tgid);
        if record.flags.aligned() {
            connection.losses.learn_openings(record.exchange, record.lost, stats);
        } else {
            connection.losses.learn(record.exchange, record.lost, true, stats);
        }
        if record.flags.flip() {
            connection.losses.begin(record.flags.request());
        }
        let steps = connection.data(record, stats);
        (connection, steps)
    }

    /// The same for bytes that were not captured.
    pub fn run<'a>(&mut self, record: &Run<'a>, stats: &mut Stats) -> (&mut Connection, Option<Step<'a>>) {
        let connection = self.find(record.conn, record.tgid);
        // What comes before the first record of its exchange says nothing yet about whether that record will come.
        if record.exchange == connection.losses.exchange() {
            connection.losses.learn(record.exchange, record.lost, true, stats);
        }
        let step = connection.run(record);
        (connection, step)
    }

    /// The same for the end of a connection, which is forgotten when both directions ended. `take` gets bytes that passed without being
    /// reported, then the end.
    pub fn end(&mut self, record: &End, mut take: impl FnMut(&mut Connection, Step<'_>)) {
        let closed = record.flags.closed();
        let Some(connection) = self.table.get_mut(&record.conn) else { return };
        for (sent, bytes) in [(false, record.received), (true, record.sent)] {
            if let Some(rest) = connection.rest(sent, bytes, false, connection.last()) {
                take(connection, rest);
            }
        }
        take(connection, Step::End { closed, at: record.time });
        if closed {
            self.table.remove(&record.conn);
        }
    }

    /// Takes out the unix sockets that `is_over`. Tracepoints tell nothing of their end.
    pub fn take_unix(&mut self, mut is_over: impl FnMut(&Connection) -> bool) -> Vec<Connection> {
        self.table
            .extract_if(|_, connection| matches!(connection.peer, Peer::Unix(_)) && is_over(connection))
            .map(|(_, connection)| connection)
            .collect()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.table.values()
    }

    /// Takes all of them out: no more records will come of them.
    pub fn take_all(&mut self) -> Vec<Connection> {
        self.table.drain().map(|(_, connection)| connection).collect()
    }

    /// A record of an unknown connection means that its announcement was lost: it is made up without addresses.
    fn find(&mut self, conn: u64, tgid: u32) -> &mut Connection {
        self.table.entry(conn).or_insert_with(|| Connection::unannounced(conn, tgid))
    }

    /// At the limit, takes out the eighth that has been silent for longest, so that the search is rare.
    fn make_room(&mut self) -> Vec<Connection> {
        if self.table.len() < self.limit {
            return Vec::new();
        }
        let mut ages: Vec<_> = self.table.values().map(Connection::last).collect();
        let eighth = ages.len() / 8;
        let (_, threshold, _) = ages.select_nth_unstable(eighth);
        let threshold = *threshold;
        self.table.extract_if(|_, connection| connection.last() <= threshold).map(|(_, old)| old).collect()
    }
}
