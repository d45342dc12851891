//! Makes the records the kernel would make of a conversation, and feeds them to the stages.

use std::collections::HashMap;
use std::sync::Arc;

use underspan_ebpf::{Conn, Data, End, Flags, Record, Role as KernelRole, Run};
use underspan_protocols::decoder::Options;
use underspan_protocols::message::{Role, Value};
use underspan_protocols::semconv::attribute;

use super::super::exchange::{Exchange, Finished};
use super::super::{Correlator, Mover};
use crate::assemble::{Connection, Connections, Step};
use crate::discover::Resource;
use crate::parse::{self, Outcome};
use crate::telemetry::Stats;

pub(super) const SENT: u8 = 0x01;
pub(super) const FLIP: u8 = 0x02;
pub(super) const REQUEST: u8 = 0x10;
pub(super) const CLOSED: u8 = 0x10;
pub(super) const JOINED: u8 = 0x40;
pub(super) const OPENING: u8 = 0x80;

/// The stages, and a clock that moves on with each record.
pub(super) struct Rig {
    pub(super) connections: Connections,
    pub(super) stages: Stages,
    pub(super) time: u64,
    pub(super) conns: HashMap<u64, State>,
}

/// What the kernel keeps of a connection.
#[derive(Default)]
pub(super) struct State {
    client: bool,
    /// Bytes received and sent.
    pub(super) bytes: [u64; 2],
    turn: Option<bool>,
    /// Bytes of each direction that no record told of.
    untold: [bool; 2],
    exchanges: u32,
    lost: u32,
    this_lost: bool,
}

impl State {
    /// Whether bytes in this direction begin a run.
    fn flip(&mut self, sent: bool) -> bool {
        let flip = self.turn != Some(sent);
        self.turn = Some(sent);
        if flip && sent == self.client {
            self.exchanges += 1;
            self.this_lost = false;
        }
        flip
    }
}

pub(super) struct Stages {
    options: Arc<Options>,
    correlator: Correlator,
    pub(super) stats: Stats,
    out: Vec<Finished>,
    pub(super) unwanted: Vec<u64>,
}

impl Stages {
    fn step(&mut self, connection: &mut Connection, step: &Step<'_>, mover: Mover) {
        let mut events = Vec::new();
        if parse::feed(connection, step, &self.options, &mut events) != Outcome::Fine {
            self.unwanted.push(connection.id);
        }
        let mut resource = |pid| Arc::new(Resource { pid, service: pid.to_string(), attributes: Vec::new() });
        self.correlator.take(connection, mover, &mut events, &mut resource, &mut self.stats, &mut self.out);
    }
}

impl Rig {
    pub(super) fn new() -> Self {
        Self {
            connections: Connections::new(100),
            stages: Stages {
                options: Arc::new(Options::default()),
                correlator: Correlator::default(),
                stats: Stats::default(),
                out: Vec::new(),
                unwanted: Vec::new(),
            },
            time: 1000,
            conns: HashMap::new(),
        }
    }

    fn take(&mut self, record: Record<'_>) {
        let Self { connections, stages, .. } = self;
        match record {
            Record::Data(data) => {
                let mover = Mover { tgid: data.tgid, tid: data.tid };
                if let Some((connection, step)) = connections.behind(&data) {
                    stages.step(connection, &step, mover);
                }
                let (connection, steps) = connections.data(&data, &mut stages.stats);
                for step in steps.iter().flatten() {
                    stages.step(connection, step, mover);
                }
            }
            Record::Run(run) => {
                let (connection, step) = connections.run(&run, &mut stages.stats);
                if let Some(step) = step {
                    stages.step(connection, &step, Mover { tgid: run.tgid, tid: run.tid });
                }
            }
            Record::Conn(conn) if conn.flags.opening() => {
                stages.correlator.expect_client_of(conn.addresses.expect("the rig gives some").1);
            }
            Record::Conn(conn) => drop(connections.open(&conn, &mut stages.stats)),
            Record::End(end) => connections.end(&end, |connection, step, last| {
                connection.losses.learn(end.exchange, end.lost, false, &mut stages.stats);
                stages.step(connection, &step, Mover { tgid: 0, tid: 0 });
                if last {
                    stages.correlator.forget(connection, &mut stages.stats);
                }
            }),
            Record::Process(_) => unreachable!("the rig makes none"),
        }
    }

    pub(super) fn open(&mut self, conn: u64, role: KernelRole, flags: u8) {
        self.conns.entry(conn).or_default().client = role == KernelRole::Client;
        let addresses = Some((([127, 0, 0, 1], 80).into(), ([127, 0, 0, 1], 4000).into()));
        let record = Conn {
            conn,
            flags: Flags::from_bits(flags),
            time: self.time,
            tgid: 1,
            netns: 1,
            role,
            addresses,
            path: &[],
        };
        self.take(Record::Conn(record));
    }

    /// A call of thread `tid` that moved `bytes` and then `more` bytes that were not captured.
    pub(super) fn io(
        &mut self,
        conn: u64,
        tid: u32,
        sent: bool,
        bytes: &(impl AsRef<[u8]> + ?Sized),
        more: u64,
    ) -> u64 {
        let bytes = bytes.as_ref();
        self.time += 10;
        let length = bytes.len() as u64 + more;
        let state = self.conns.entry(conn).or_default();
        let flip = state.flip(sent);
        let untold = flip && std::mem::take(&mut state.untold[usize::from(!sent)]);
        let (offset, peer) = (state.bytes[usize::from(sent)], state.bytes[usize::from(!sent)]);
        state.bytes[usize::from(sent)] += length;
        let (client, exchange, lost) = (state.client, state.exchanges, state.lost);
        // Both ends count the bytes of a connection alike; odd connections are the other end of even ones.
        let base = u32::try_from(conn / 2 * 100_000).expect("small");
        let small = |number: u64| u32::try_from(number).expect("small");
        let toward_server = |sent: bool| if sent == (conn % 2 == 1) { 0 } else { 50_000 };
        let record = Data {
            conn,
            sequence: 0,
            flags: Flags::from_bits(
                if sent { SENT } else { 0 }
                    | if flip { FLIP } else { 0 }
                    | if sent == client { REQUEST } else { 0 },
            ),
            entered: self.time,
            left: self.time + 1,
            offset,
            length,
            tgid: 1,
            tid,
            seq: base + toward_server(sent) + small(offset),
            peer_seq: base + toward_server(!sent) + small(peer),
            exchange,
            lost,
            other: untold.then_some((peer, self.time - 10)),
            bytes,
        };
        self.take(Record::Data(record));
        self.time
    }

    pub(super) fn recv(&mut self, conn: u64, tid: u32, bytes: &(impl AsRef<[u8]> + ?Sized)) -> u64 {
        self.io(conn, tid, false, bytes, 0)
    }

    pub(super) fn send(&mut self, conn: u64, tid: u32, bytes: &(impl AsRef<[u8]> + ?Sized)) -> u64 {
        self.io(conn, tid, true, bytes, 0)
    }

    /// Bytes that passed in silence, reported now.
    pub(super) fn run(&mut self, conn: u64, sent: bool, more: u64, tail: &str) -> u64 {
        self.time += 10;
        let state = self.conns.entry(conn).or_default();
        state.bytes[usize::from(sent)] += more;
        let record = Run {
            conn,
            sequence: 0,
            flags: Flags::from_bits(if sent { SENT } else { 0 }),
            last: self.time,
            offset: state.bytes[usize::from(sent)],
            tgid: 1,
            tid: 1,
            exchange: state.exchanges,
            lost: state.lost,
            tail: tail.as_bytes(),
        };
        self.take(Record::Run(record));
        self.time
    }

    /// A record that did not fit the ring: its bytes pass, nobody is told.
    pub(super) fn vanish(&mut self, conn: u64, sent: bool, bytes: &str) {
        let state = self.conns.entry(conn).or_default();
        state.untold[usize::from(sent)] = true;
        if state.flip(sent) && !state.this_lost {
            state.this_lost = true;
            state.lost += 1;
        }
        state.bytes[usize::from(sent)] += bytes.len() as u64;
    }

    pub(super) fn close(&mut self, conn: u64) {
        self.time += 10;
        let state = &self.conns[&conn];
        let record = End {
            conn,
            flags: Flags::from_bits(CLOSED),
            time: self.time,
            received: state.bytes[0],
            sent: state.bytes[1],
            exchange: state.exchanges,
            lost: state.lost,
        };
        self.take(Record::End(record));
    }

    pub(super) fn finish(&mut self) -> Vec<Exchange> {
        for _ in 0..5 {
            self.stages.correlator.tick(self.time, &mut self.stages.stats, &mut self.stages.out);
        }
        self.stages.out.drain(..).map(|finished| finished.exchange).collect()
    }

    /// Everything the workload did is a span or a counted loss.
    #[track_caller]
    pub(super) fn check(&mut self, requests: u64) -> Vec<Exchange> {
        let exchanges = self.finish();
        let kernel: u32 = self.conns.values().map(|state| state.lost).sum();
        let lost = self.stages.stats.lost() + u64::from(kernel);
        assert_eq!(exchanges.len() as u64 + lost, requests, "{:?} {exchanges:#?}", self.stages.stats);
        exchanges
    }
}

pub(super) fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

pub(super) fn response(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")
}

pub(super) fn path(exchange: &Exchange) -> &str {
    let wanted = match exchange.role {
        Role::Server => attribute::URL_PATH,
        Role::Client => attribute::URL_FULL,
    };
    match exchange.attributes.iter().find(|(attribute, _)| *attribute == wanted) {
        Some((_, Value::String(path))) => path,
        other => panic!("no path: {other:?}"),
    }
}

pub(super) fn by_path<'a>(exchanges: &'a [Exchange], wanted: &str) -> &'a Exchange {
    exchanges.iter().find(|exchange| path(exchange).ends_with(wanted)).expect("it was made")
}
