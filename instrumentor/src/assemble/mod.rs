//! records -> chunks of each connection's two streams
//!
//! Puts records back into streams: knows how far each direction has come, so a hole is noticed and its length known. Drops records
//! that repeat bytes already seen (`out_of_order`) and, beyond a bound, the connections silent for longest (`evicted`).

mod connection;

pub use connection::{Connection, Peer};

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

    /// Learns what a connection is. Gives back those forgotten for want of room.
    pub fn open(&mut self, record: &Conn<'_>, stats: &mut Stats) -> Vec<Connection> {
        let evicted = self.make_room();
        stats.connections_evicted += evicted.len() as u64;
        self.table.insert(record.conn, Connection::new(record));
        evicted
    }

    /// The connection of a data record and what the record means for it, in order.
    pub fn data<'a>(
        &mut self,
        record: &Data<'a>,
        stats: &mut Stats,
    ) -> (&mut Connection, [Option<Step<'a>>; 2]) {
        let connection = self.find(record.conn, record.tgid);
        connection.learn_loss(record.lost);
        let steps = connection.data(record, stats);
        (connection, steps)
    }

    /// The same for bytes that were not captured.
    pub fn run<'a>(&mut self, record: &Run<'a>) -> (&mut Connection, Option<Step<'a>>) {
        let connection = self.find(record.conn, record.tgid);
        connection.learn_loss(record.lost);
        let step = connection.run(record);
        (connection, step)
    }

    /// The same for the end of a connection, which is forgotten when both directions ended: `take` sees it last.
    pub fn end(&mut self, record: &End, take: impl FnOnce(&mut Connection, Step<'_>)) {
        let step = Step::End { closed: record.flags.closed(), at: record.time };
        if record.flags.closed() {
            if let Some(mut connection) = self.table.remove(&record.conn) {
                connection.learn_loss(record.lost);
                take(&mut connection, step);
            }
        } else if let Some(connection) = self.table.get_mut(&record.conn) {
            connection.learn_loss(record.lost);
            take(connection, step);
        }
    }

    /// Ends a connection whose end the ring had no room for.
    pub fn end_late(&mut self, conn: u64, lost: u32, at: u64, take: impl FnOnce(&mut Connection, Step<'_>)) {
        if let Some(mut connection) = self.table.remove(&conn) {
            connection.learn_loss(lost);
            take(&mut connection, Step::End { closed: true, at });
        }
    }

    /// Takes out the unix sockets that `is_over`. Tracepoints tell nothing of their end.
    pub fn take_unix(&mut self, mut is_over: impl FnMut(&Connection) -> bool) -> Vec<Connection> {
        self.table
            .extract_if(|_, connection| matches!(connection.peer, Peer::Unix(_)) && is_over(connection))
            .map(|(_, connection)| connection)
            .collect()
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
