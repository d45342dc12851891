//! Bytes of the ring buffer -> typed records, checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zerocopy::FromBytes;

use crate::abi::{
    self, Flags, Header, RawConn, RawData, RawEnd, RawLife, RawMoment, RawProcess, RawQuery, RawResult,
    RawRun, RawStream, RawSums, Role,
};

/// One record. Times are nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Debug)]
pub enum Record<'a> {
    /// Captured bytes.
    Data(Data<'a>),
    /// Bytes that passed without being captured.
    Run(Run<'a>),
    /// What a connection is.
    Conn(Conn<'a>),
    /// A connection, or its receiving side, has ended.
    End(End),
    /// Life of a process.
    Process(Process<'a>),
    /// Something happened inside a program.
    Moment(Moment<'a>),
    /// What a thread did since it was last told.
    Sums(Sums<'a>),
    /// Which goroutine a request of many on one connection belongs to.
    Stream(Stream),
    /// A database within the process is asked something.
    Query(Query<'a>),
    /// It has answered.
    Result(Answer),
    /// A goroutine of a Go program was made, or has ended.
    Life(Life),
}

/// Captured bytes of one call on a socket.
#[derive(Debug)]
pub struct Data<'a> {
    /// The connection.
    pub conn: u64,
    /// Counts the records of the connection, lost ones included.
    pub sequence: u32,
    /// Direction and more.
    pub flags: Flags,
    /// When the call began.
    pub entered: u64,
    /// When it returned.
    pub left: u64,
    /// Position of the first byte in its direction, from the first byte the agent saw.
    pub offset: u64,
    /// Bytes of the call from `offset` on, captured or not.
    pub length: u64,
    /// Process.
    pub tgid: u32,
    /// Thread.
    pub tid: u32,
    /// With `flip`: TCP sequence number of the first byte; 0 for unix sockets.
    pub seq: u32,
    /// With `flip`: TCP sequence number the other direction had reached.
    pub peer_seq: u32,
    /// Runs of requests so far, a current one included: numbers the exchanges of the connection.
    pub exchange: u32,
    /// Of these, counted as lost in the kernel.
    pub lost: u32,
    /// With `flip`: bytes of the other direction that have passed, and when the latest did, where no record told of it.
    pub other: Option<(u64, u64)>,
    /// Bytes before `offset` that passed since the direction's latest record and that nobody needs, by the connection's framing.
    pub before: u64,
    /// The captured bytes, from `offset` on.
    pub bytes: &'a [u8],
}

/// How far one direction has come without its bytes being captured.
#[derive(Debug)]
pub struct Run<'a> {
    /// The connection.
    pub conn: u64,
    /// Counts the records of the connection, lost ones included.
    pub sequence: u32,
    /// Direction and more.
    pub flags: Flags,
    /// When the latest byte passed.
    pub last: u64,
    /// Bytes of the direction that have passed.
    pub offset: u64,
    /// Process.
    pub tgid: u32,
    /// Thread.
    pub tid: u32,
    /// Runs of requests so far, a current one included: numbers the exchanges of the connection.
    pub exchange: u32,
    /// Of these, counted as lost in the kernel.
    pub lost: u32,
    /// The last of them, at most 64 bytes of the last call.
    pub tail: &'a [u8],
}

/// What a connection is.
#[derive(Debug)]
pub struct Conn<'a> {
    /// The connection.
    pub conn: u64,
    /// `joined` and `tls`.
    pub flags: Flags,
    /// When its first bytes passed.
    pub time: u64,
    /// Process.
    pub tgid: u32,
    /// Inode number of the network namespace.
    pub netns: u32,
    /// Side of the process.
    pub role: Role,
    /// Addresses of this end and the other; `None` for unix sockets.
    pub addresses: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
    /// Path of a unix socket; empty for TCP and unnamed sockets. Abstract names begin with a NUL byte.
    pub path: &'a [u8],
}

/// The end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// The connection.
    pub conn: u64,
    /// `closed`: both directions, else the receiving one.
    pub flags: Flags,
    /// When.
    pub time: u64,
    /// Bytes received in all.
    pub received: u64,
    /// Bytes sent in all.
    pub sent: u64,
    /// Runs of requests in all.
    pub exchange: u32,
    /// Of these, counted as lost in the kernel.
    pub lost: u32,
}

/// What happened to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// It replaced its program.
    Exec,
    /// It was forked from a selected process and is selected too.
    Fork,
    /// It is gone and no longer selected.
    Exit,
}

/// Life of a process.
#[derive(Debug)]
pub struct Process<'a> {
    /// What happened.
    pub kind: ProcessKind,
    /// When.
    pub time: u64,
    /// Process.
    pub tgid: u32,
    /// Parent of a forked process.
    pub parent: u32,
    /// When it started, nanoseconds since boot.
    pub start: u64,
    /// Name of its main thread.
    pub comm: &'a [u8],
    /// Path given to execve, possibly cut; empty but for `Exec`.
    pub name: &'a [u8],
}

/// Something that happened at a probe inside a program, or between two.
#[derive(Debug)]
pub struct Moment<'a> {
    /// When it happened, or ended.
    pub time: u64,
    /// When it began, if it went on for a while.
    pub begun: Option<u64>,
    /// `cut`: it did not come to its end by itself.
    pub flags: Flags,
    /// Process.
    pub tgid: u32,
    /// Thread.
    pub tid: u32,
    /// Number of the mark; of that at the end, unless cut.
    pub mark: u32,
    /// What the mark takes as numbers; where it began, if it went on for a while.
    pub numbers: &'a [u64; 8],
    /// The first two of the mark at the end.
    pub ending: [u64; 2],
    /// What the mark takes as text, at most 64 bytes each.
    pub texts: [&'a [u8]; 2],
}

/// What a thread did since it was last told.
#[derive(Debug)]
pub struct Sums<'a> {
    /// When it was told.
    pub time: u64,
    /// Process.
    pub tgid: u32,
    /// Thread.
    pub tid: u32,
    /// Number of the mark that had it told.
    pub mark: u32,
    /// Time in intervals by slot, nanoseconds.
    pub times: &'a [u64; 8],
    /// Intervals by slot, then what was counted.
    pub counts: &'a [u64; 16],
}

/// Which goroutine of a Go program a request of many on one connection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// When that was seen.
    pub time: u64,
    /// Process.
    pub tgid: u32,
    /// The goroutine that serves a request: this one, or the one that this one is made for.
    pub tid: u32,
    /// Number of the stream on its connection.
    pub stream: u32,
    /// Which.
    pub on: StreamOn,
}

/// By whom a goroutine of a Go program was made, and when it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When that was seen.
    pub time: u64,
    /// Process.
    pub tgid: u32,
    /// The goroutine.
    pub tid: u32,
    /// The one that made it.
    pub creator: u32,
    /// When it was made.
    pub made: u64,
    /// When it ended, if it has.
    pub ended: Option<u64>,
}

/// The connection of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamOn {
    /// A request that is served, of this connection.
    Served(u64),
    /// A request that this goroutine, which writes for many, is about to send.
    Sent(u32),
}

/// A call of a Go program into a database within it has begun.
#[derive(Debug)]
pub struct Query<'a> {
    /// When.
    pub time: u64,
    /// Process.
    pub tgid: u32,
    /// The goroutine that serves the request it belongs to; 0 if none is known.
    pub tid: u32,
    /// Address of the goroutine that makes it. What it is told next is the answer, or another query if there was none.
    pub goroutine: u64,
    /// What became of its query before this one has been counted as lost in the kernel.
    pub counted: bool,
    /// What kind of database it is.
    pub system: System,
    /// What it is asked for.
    pub operation: Operation,
    /// The text; empty if it has none. `None` if it could not be read.
    pub text: Option<&'a [u8]>,
    /// The text has an end that was not captured.
    pub cut: bool,
}

/// Databases within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// `SQLite`.
    Sqlite,
}

/// What a database is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// What the text says.
    Text,
    /// To prepare that. What comes of it is told by others, unless it fails.
    Prepare,
    /// To begin a transaction.
    Begin,
    /// To commit it.
    Commit,
    /// To roll it back.
    Rollback,
}

/// A database within a Go program has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// When.
    pub time: u64,
    /// Process.
    pub tgid: u32,
    /// Address of the goroutine that has asked.
    pub goroutine: u64,
    /// It was an error.
    pub failed: bool,
}

/// Why a record cannot be read: user space and the BPF object do not fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecordError {
    /// Shorter than its kind needs.
    #[error("record of {0} bytes is too short")]
    Short(usize),
    /// A kind nobody knows.
    #[error("unknown record kind {0}")]
    Kind(u8),
    /// A query of a kind nobody knows.
    #[error("unknown database {0} or operation {1}")]
    Query(u8, u8),
}

/// Reads one record.
pub fn parse(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (header, _) = Header::ref_from_prefix(bytes).map_err(|_| RecordError::Short(bytes.len()))?;
    match header.kind {
        abi::DATA => data(bytes),
        abi::RUN => run(bytes),
        abi::CONN => conn(bytes),
        abi::END => end(bytes),
        abi::EXEC => process(bytes, ProcessKind::Exec),
        abi::FORK => process(bytes, ProcessKind::Fork),
        abi::EXIT => process(bytes, ProcessKind::Exit),
        abi::MOMENT => moment(bytes),
        abi::SUMS => sums(bytes),
        abi::STREAM => stream(bytes),
        abi::QUERY => query(bytes),
        abi::RESULT => result(bytes),
        abi::LIFE => life(bytes),
        kind => Err(RecordError::Kind(kind)),
    }
}

/// The fixed part of a record and the bytes after it that count.
fn split<T: FromBytes + zerocopy::KnownLayout + zerocopy::Immutable>(
    bytes: &[u8],
    size: impl Fn(&T) -> u16,
) -> Result<(&T, &[u8]), RecordError> {
    let short = RecordError::Short(bytes.len());
    let Ok((raw, rest)) = T::ref_from_prefix(bytes) else { return Err(short) };
    match rest.get(..usize::from(size(raw))) {
        Some(rest) => Ok((raw, rest)),
        None => Err(short),
    }
}

fn data(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, bytes) = split::<RawData>(bytes, |raw| raw.header.size)?;
    Ok(Record::Data(Data {
        conn: raw.header.conn,
        sequence: raw.header.sequence,
        flags: Flags(raw.header.flags),
        entered: raw.entered,
        left: raw.header.time,
        offset: raw.offset,
        length: raw.length,
        tgid: raw.tgid,
        tid: raw.tid,
        seq: raw.seq,
        peer_seq: raw.peer_seq,
        exchange: raw.exchange,
        lost: raw.lost,
        other: (raw.other > 0).then_some((raw.other, raw.other_last)),
        before: raw.before,
        bytes,
    }))
}

fn run(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, tail) = split::<RawRun>(bytes, |raw| raw.header.size)?;
    Ok(Record::Run(Run {
        conn: raw.header.conn,
        sequence: raw.header.sequence,
        flags: Flags(raw.header.flags),
        last: raw.header.time,
        offset: raw.offset,
        tgid: raw.tgid,
        tid: raw.tid,
        exchange: raw.exchange,
        lost: raw.lost,
        tail,
    }))
}

fn conn(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, path) = split::<RawConn>(bytes, |raw| raw.header.size)?;
    let address = |bytes: [u8; 16]| match raw.family {
        2 => Some(IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]))),
        // A v6 socket that speaks v4 has mapped addresses; people know the v4 form.
        10 => Some(Ipv6Addr::from(bytes).to_canonical()),
        _ => None,
    };
    Ok(Record::Conn(Conn {
        conn: raw.header.conn,
        flags: Flags(raw.header.flags),
        time: raw.header.time,
        tgid: raw.tgid,
        netns: raw.netns,
        role: Role::from(raw.role),
        addresses: address(raw.local)
            .zip(address(raw.remote))
            .map(|(local, remote)| ((local, raw.local_port).into(), (remote, raw.remote_port).into())),
        path: path.strip_suffix(&[0]).unwrap_or(path),
    }))
}

fn end(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, _) = split::<RawEnd>(bytes, |raw| raw.header.size)?;
    Ok(Record::End(End::from(raw)))
}

impl From<&RawEnd> for End {
    fn from(raw: &RawEnd) -> Self {
        Self {
            conn: raw.header.conn,
            flags: Flags(raw.header.flags),
            time: raw.header.time,
            received: raw.received,
            sent: raw.sent,
            exchange: raw.exchange,
            lost: raw.lost,
        }
    }
}

fn process(bytes: &[u8], kind: ProcessKind) -> Result<Record<'_>, RecordError> {
    let (raw, name) = split::<RawProcess>(bytes, |raw| raw.header.size)?;
    let comm = raw.comm.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(Record::Process(Process {
        kind,
        time: raw.header.time,
        tgid: raw.tgid,
        parent: raw.parent,
        start: raw.start,
        comm,
        name,
    }))
}

fn moment(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, _) = split::<RawMoment>(bytes, |_| 0)?;
    let text = |index: usize| {
        let size = usize::from(raw.text_size[index]);
        raw.text[index].get(..size).ok_or(RecordError::Short(bytes.len()))
    };
    Ok(Record::Moment(Moment {
        time: raw.header.time,
        begun: (raw.begun > 0).then_some(raw.begun),
        flags: Flags(raw.header.flags),
        tgid: raw.tgid,
        tid: raw.tid,
        mark: raw.mark,
        numbers: &raw.numbers,
        ending: raw.ending,
        texts: [text(0)?, text(1)?],
    }))
}

fn sums(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, _) = split::<RawSums>(bytes, |_| 0)?;
    Ok(Record::Sums(Sums {
        time: raw.header.time,
        tgid: raw.tgid,
        tid: raw.tid,
        mark: raw.mark,
        times: &raw.time,
        counts: &raw.count,
    }))
}

fn stream(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, _) = split::<RawStream>(bytes, |_| 0)?;
    let on = if raw.writer == 0 { StreamOn::Served(raw.header.conn) } else { StreamOn::Sent(raw.writer) };
    Ok(Record::Stream(Stream { time: raw.header.time, tgid: raw.tgid, tid: raw.tid, stream: raw.stream, on }))
}

fn query(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, text) = split::<RawQuery>(bytes, |raw| raw.header.size)?;
    let operation = match raw.operation {
        0 => Operation::Text,
        1 => Operation::Prepare,
        2 => Operation::Begin,
        3 => Operation::Commit,
        4 => Operation::Rollback,
        _ => return Err(RecordError::Query(raw.system, raw.operation)),
    };
    let system = match raw.system {
        1 => System::Sqlite,
        _ => return Err(RecordError::Query(raw.system, raw.operation)),
    };
    let readable = !Flags(raw.header.flags).fault();
    Ok(Record::Query(Query {
        time: raw.header.time,
        tgid: raw.tgid,
        tid: raw.tid,
        goroutine: raw.goroutine,
        counted: raw.header.flags & abi::COUNTED != 0,
        system,
        operation,
        text: readable.then_some(text),
        cut: readable && u32::from(raw.header.size) < raw.length,
    }))
}

fn result(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, _) = split::<RawResult>(bytes, |_| 0)?;
    Ok(Record::Result(Answer {
        time: raw.header.time,
        tgid: raw.tgid,
        goroutine: raw.goroutine,
        failed: raw.header.flags & abi::FAILED != 0,
    }))
}

fn life(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (raw, _) = split::<RawLife>(bytes, |_| 0)?;
    Ok(Record::Life(Life {
        time: raw.header.time,
        tgid: raw.tgid,
        tid: raw.tid,
        creator: raw.creator,
        made: raw.made,
        ended: (raw.ended > 0).then_some(raw.ended),
    }))
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::*;

    fn header(kind: u8, size: u16) -> Header {
        Header { kind, flags: 0x03, size, sequence: 9, time: 7, conn: 5 }
    }

    #[test]
    fn data_with_payload() {
        let raw = RawData {
            header: header(abi::DATA, 3),
            entered: 6,
            offset: 100,
            length: 10,
            tgid: 1,
            tid: 2,
            seq: 3,
            peer_seq: 4,
            exchange: 0,
            lost: 0,
            other: 0,
            other_last: 0,
            before: 0,
        };
        let mut bytes = raw.as_bytes().to_vec();
        bytes.extend_from_slice(b"GET and padding");
        let Ok(Record::Data(data)) = parse(&bytes) else { panic!("a data record") };
        assert_eq!((data.bytes, data.offset, data.length, data.left), (&b"GET"[..], 100, 10, 7));
        assert!(data.flags.sent() && data.flags.flip() && !data.flags.more());
    }

    #[test]
    fn sizes_are_checked() {
        let bytes = header(abi::END, 0);
        assert_eq!(parse(bytes.as_bytes()).err(), Some(RecordError::Short(24)));
        assert_eq!(parse(&[1, 2]).err(), Some(RecordError::Short(2)));
        assert_eq!(parse(header(99, 0).as_bytes()).err(), Some(RecordError::Kind(99)));
        let lying = RawRun { header: header(abi::RUN, 65), offset: 0, tgid: 0, tid: 0, exchange: 0, lost: 0 };
        assert!(matches!(parse(lying.as_bytes()), Err(RecordError::Short(_))));
    }

    #[test]
    fn queries_may_be_cut_or_unreadable() {
        let mut raw = RawQuery {
            header: Header { flags: abi::COUNTED, ..header(abi::QUERY, 6) },
            goroutine: 0xc000,
            tgid: 1,
            tid: 2,
            length: 9,
            system: 1,
            operation: 0,
            pad: [0; 2],
        };
        let bytes = |raw: &RawQuery| [raw.as_bytes(), b"SELECT and padding"].concat();
        let whole = bytes(&raw);
        let Ok(Record::Query(query)) = parse(&whole) else { panic!("a query") };
        assert_eq!((query.text, query.cut, query.counted), (Some(&b"SELECT"[..]), true, true));
        raw.header.flags = 0x08;
        let unreadable = bytes(&raw);
        let Ok(Record::Query(query)) = parse(&unreadable) else { panic!("a query") };
        assert_eq!((query.text, query.cut, query.counted), (None, false, false));
        raw.operation = 9;
        assert_eq!(parse(&bytes(&raw)).err(), Some(RecordError::Query(1, 9)));
        (raw.operation, raw.system) = (0, 0);
        assert_eq!(parse(&bytes(&raw)).err(), Some(RecordError::Query(0, 0)));
    }

    #[test]
    fn the_life_of_a_goroutine() {
        let mut raw =
            RawLife { header: header(abi::LIFE, 0), tgid: 1, tid: 2, creator: 3, pad: 0, made: 5, ended: 0 };
        let life = Life { time: 7, tgid: 1, tid: 2, creator: 3, made: 5, ended: None };
        assert!(matches!(parse(raw.as_bytes()), Ok(Record::Life(found)) if found == life));
        raw.ended = 6;
        let life = Life { ended: Some(6), ..life };
        assert!(matches!(parse(raw.as_bytes()), Ok(Record::Life(found)) if found == life));
    }

    #[test]
    fn addresses_by_family() {
        let mut raw = RawConn {
            header: header(abi::CONN, 0),
            tgid: 1,
            netns: 2,
            family: 2,
            local_port: 80,
            remote_port: 4000,
            role: 1,
            pad: 0,
            local: [127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            remote: [10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        };
        let text = |raw: &RawConn| match parse(raw.as_bytes()) {
            Ok(Record::Conn(conn)) => conn.addresses.map(|(local, remote)| format!("{local} {remote}")),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(&raw).as_deref(), Some("127.0.0.1:80 10.0.0.9:4000"));
        raw.family = 10;
        raw.local = Ipv6Addr::LOCALHOST.octets();
        raw.remote = Ipv4Addr::new(1, 2, 3, 4).to_ipv6_mapped().octets();
        assert_eq!(text(&raw).as_deref(), Some("[::1]:80 1.2.3.4:4000"));
        raw.family = 1;
        assert_eq!(text(&raw), None);
    }
}
