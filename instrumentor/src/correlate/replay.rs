//! Recorded kernel events -> exchanges, through the stages from assemble on. No kernel needed.

use std::collections::HashMap;
use std::sync::Arc;

use underspan_ebpf::{Conn, Data, End, Flags, Record, Role as KernelRole, Run};
use underspan_protocols::decoder::Options;
use underspan_protocols::message::{Role, Value};
use underspan_protocols::semconv::attribute;

use super::exchange::{Exchange, Finished};
use super::{Correlator, Mover};
use crate::assemble::{Connection, Connections, Step};
use crate::discover::Resource;
use crate::parse::{self, Outcome};
use crate::telemetry::Stats;

const SENT: u8 = 0x01;
const FLIP: u8 = 0x02;
const REQUEST: u8 = 0x10;
const CLOSED: u8 = 0x10;
const JOINED: u8 = 0x40;

/// The stages, and a clock that moves on with each record.
struct Rig {
    connections: Connections,
    stages: Stages,
    time: u64,
    conns: HashMap<u64, State>,
}

/// What the kernel keeps of a connection.
#[derive(Default)]
struct State {
    client: bool,
    /// Bytes received and sent.
    bytes: [u64; 2],
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

struct Stages {
    options: Arc<Options>,
    correlator: Correlator,
    stats: Stats,
    out: Vec<Finished>,
    unwanted: Vec<u64>,
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
    fn new() -> Self {
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

    fn open(&mut self, conn: u64, role: KernelRole, flags: u8) {
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
    fn io(&mut self, conn: u64, tid: u32, sent: bool, bytes: &str, more: u64) -> u64 {
        self.tell(conn, sent);
        self.time += 10;
        let length = bytes.len() as u64 + more;
        let state = self.conns.entry(conn).or_default();
        let flip = state.flip(sent);
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
            bytes: bytes.as_bytes(),
        };
        self.take(Record::Data(record));
        self.time
    }

    fn recv(&mut self, conn: u64, tid: u32, bytes: &str) -> u64 {
        self.io(conn, tid, false, bytes, 0)
    }

    fn send(&mut self, conn: u64, tid: u32, bytes: &str) -> u64 {
        self.io(conn, tid, true, bytes, 0)
    }

    /// Bytes that passed in silence, reported now.
    fn run(&mut self, conn: u64, sent: bool, more: u64, tail: &str) -> u64 {
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

    /// At the beginning of a run, the kernel tells of bytes of the other direction that it could not tell of before.
    fn tell(&mut self, conn: u64, sent: bool) {
        let state = self.conns.entry(conn).or_default();
        if state.turn == Some(!sent) && std::mem::take(&mut state.untold[usize::from(!sent)]) {
            self.run(conn, !sent, 0, "");
        }
    }

    /// A record that did not fit the ring: its bytes pass, nobody is told.
    fn vanish(&mut self, conn: u64, sent: bool, bytes: &str) {
        self.tell(conn, sent);
        let state = self.conns.entry(conn).or_default();
        state.untold[usize::from(sent)] = true;
        if state.flip(sent) && !state.this_lost {
            state.this_lost = true;
            state.lost += 1;
        }
        state.bytes[usize::from(sent)] += bytes.len() as u64;
    }

    fn close(&mut self, conn: u64) {
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

    fn finish(&mut self) -> Vec<Exchange> {
        for _ in 0..5 {
            self.stages.correlator.tick(self.time, &mut self.stages.stats, &mut self.stages.out);
        }
        self.stages.out.drain(..).map(|finished| finished.exchange).collect()
    }

    /// Everything the workload did is a span or a counted loss.
    #[track_caller]
    fn check(&mut self, requests: u64) -> Vec<Exchange> {
        let exchanges = self.finish();
        let kernel: u32 = self.conns.values().map(|state| state.lost).sum();
        let lost = self.stages.stats.lost() + u64::from(kernel);
        assert_eq!(exchanges.len() as u64 + lost, requests, "{:?} {exchanges:#?}", self.stages.stats);
        exchanges
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn response(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")
}

fn path(exchange: &Exchange) -> &str {
    let wanted = match exchange.role {
        Role::Server => attribute::URL_PATH,
        Role::Client => attribute::URL_FULL,
    };
    match exchange.attributes.iter().find(|(attribute, _)| *attribute == wanted) {
        Some((_, Value::String(path))) => path,
        other => panic!("no path: {other:?}"),
    }
}

fn by_path<'a>(exchanges: &'a [Exchange], wanted: &str) -> &'a Exchange {
    exchanges.iter().find(|exchange| path(exchange).ends_with(wanted)).expect("it was made")
}

#[test]
fn keep_alive() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    let first = rig.recv(2, 1, &request("/one"));
    let last = rig.send(2, 1, &(response(2) + "ok"));
    rig.recv(2, 1, &request("/two"));
    rig.send(2, 1, &(response(2) + "ok"));
    let exchanges = rig.check(2);
    let one = by_path(&exchanges, "/one");
    assert_eq!((one.start, one.first_response, one.end), (first, Some(last), last + 1));
    assert_eq!((one.request_size, one.response_size, one.error.as_deref()), (0, 2, None));
    assert_eq!(one.role, Role::Server);
}

#[test]
fn a_long_response_ends_when_its_last_byte_passed() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 1, &request("/big"));
    rig.io(2, 1, true, &response(1_000_000), 0);
    rig.run(2, true, 400_000, "xx");
    assert!(rig.finish().is_empty(), "more is to come");
    let end = rig.run(2, true, 600_000, "xx");
    let exchanges = rig.check(1);
    assert_eq!((exchanges[0].end, exchanges[0].response_size), (end, 1_000_000));
}

#[test]
fn bytes_decide_who_is_the_server() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Client, 0);
    rig.recv(2, 1, &request("/"));
    rig.send(2, 1, &response(0));
    assert_eq!(rig.check(1)[0].role, Role::Server);
}

#[test]
fn joined_in_the_middle() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, JOINED);
    rig.io(2, 1, true, &(response(2) + "ok"), 0);
    rig.recv(2, 1, &request("/second"));
    rig.send(2, 1, &response(0));
    rig.close(2);
    let exchanges = rig.check(2);
    assert_eq!(path(&exchanges[0]), "/second");
    assert_eq!(rig.stages.stats.exchanges_lost["no_request"], 1);
}

#[test]
fn a_loss_the_kernel_counted_is_not_counted_twice() {
    for (request_lost, response_lost) in [(true, false), (false, true), (true, true)] {
        let mut rig = Rig::new();
        rig.open(2, KernelRole::Server, 0);
        rig.recv(2, 1, &request("/one"));
        rig.send(2, 1, &response(0));
        if request_lost {
            rig.vanish(2, false, &request("/two"));
        } else {
            rig.recv(2, 1, &request("/two"));
        }
        if response_lost {
            rig.vanish(2, true, &response(0));
        } else {
            rig.send(2, 1, &response(0));
        }
        rig.recv(2, 1, &request("/three"));
        rig.send(2, 1, &response(0));
        rig.close(2);
        let exchanges = rig.check(3);
        let paths: Vec<_> = exchanges.iter().map(path).collect();
        // Where the one response there is could answer either request, neither is reported.
        assert!(paths == ["/one"] || paths == ["/one", "/three"], "{paths:?}");
    }
}

/// Any record of any connection may be lost: first records of runs are counted in the kernel, the rest shows here.
#[test]
fn the_books_balance_whatever_is_lost() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..3000 {
        let mut rig = Rig::new();
        let server = random.bool();
        rig.open(2, if server { KernelRole::Server } else { KernelRole::Client }, 0);
        let requests = random.u64(1..8);
        let loss = random.f32() * 0.7;
        for number in 0..requests {
            let body = random.bool();
            if random.u8(..) < 40 {
                rig.open(2, if server { KernelRole::Server } else { KernelRole::Client }, 0);
            }
            let answer = response(if body { 5000 } else { 0 }).replace("200", &(220 + number).to_string());
            for (sent, bytes) in [(!server, request(&format!("/{number}"))), (server, answer)] {
                if random.f32() < loss {
                    rig.vanish(2, sent, &bytes);
                } else {
                    rig.io(2, 1, sent, &bytes, 0);
                }
            }
            if body && random.f32() < loss {
                rig.conns.get_mut(&2).expect("opened").bytes[usize::from(server)] += 5000;
            } else if body {
                rig.run(2, server, 5000, "");
            }
        }
        rig.close(2);
        let exchanges = rig.check(requests);
        for exchange in &exchanges {
            assert_eq!(exchange.error, None, "a response there was is not reported as missing");
            let status = exchange.attributes.iter().find_map(|(name, value)| match value {
                Value::Int(status) if *name == attribute::HTTP_RESPONSE_STATUS_CODE => Some(*status),
                _ => None,
            });
            let number = status.expect("it was answered") - 220;
            assert!(
                path(exchange).ends_with(&format!("/{number}")),
                "{} answered by {number}",
                path(exchange)
            );
        }
    }
}

#[test]
fn a_response_lost_with_the_connection() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 1, &request("/one"));
    rig.vanish(2, true, &response(0));
    rig.close(2);
    assert!(rig.check(1).is_empty());
}

#[test]
fn a_call_made_while_serving_is_a_child() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 7, &request("/in"));
    rig.open(5, KernelRole::Client, 0);
    rig.send(5, 7, &request("/out"));
    rig.recv(5, 7, &response(0));
    rig.open(9, KernelRole::Client, 0);
    rig.send(9, 8, &request("/stranger"));
    rig.recv(9, 8, &response(0));
    rig.send(2, 7, &response(0));
    let exchanges = rig.check(3);
    let (server, child) = (by_path(&exchanges, "/in"), by_path(&exchanges, "/out"));
    assert_eq!((child.parent_id, child.trace_id), (Some(server.span_id), server.trace_id));
    assert!(!child.parent_remote);
    let stranger = by_path(&exchanges, "/stranger");
    assert_eq!(stranger.parent_id, None, "another thread");
    assert_ne!(stranger.trace_id, server.trace_id);
}

#[test]
fn an_event_loop_with_two_requests_is_nobodys_parent() {
    let mut rig = Rig::new();
    for conn in [2, 4] {
        rig.open(conn, KernelRole::Server, 0);
        rig.recv(conn, 7, &request(&format!("/in{conn}")));
    }
    rig.open(7, KernelRole::Client, 0);
    rig.send(7, 7, &request("/out"));
    rig.recv(7, 7, &response(0));
    rig.send(2, 7, &response(0));
    rig.send(4, 7, &response(0));
    let exchanges = rig.check(3);
    assert_eq!(by_path(&exchanges, "/out").parent_id, None);
}

#[test]
fn a_pooled_thread_whose_last_response_is_still_unreported() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 7, &request("/first"));
    rig.send(2, 7, &response(5000));
    // The body passes in silence, then the thread serves another connection.
    rig.open(4, KernelRole::Server, 0);
    rig.recv(4, 7, &request("/second"));
    rig.open(7, KernelRole::Client, 0);
    rig.send(7, 7, &request("/out"));
    rig.recv(7, 7, &response(0));
    rig.time -= 60;
    rig.run(2, true, 5000, "");
    rig.time += 60;
    rig.send(4, 7, &response(0));
    let exchanges = rig.check(3);
    let second = by_path(&exchanges, "/second");
    assert_eq!(by_path(&exchanges, "/out").parent_id, Some(second.span_id));
}

#[test]
fn both_ends_of_a_connection_are_one_trace() {
    for server_first in [false, true] {
        let mut rig = Rig::new();
        rig.open(2, KernelRole::Server, 0);
        rig.open(3, KernelRole::Client, 0);
        for number in 0..3 {
            let wanted = format!("/{number}");
            if server_first {
                rig.recv(2, 1, &request(&wanted));
                rig.send(3, 2, &request(&wanted));
            } else {
                rig.send(3, 2, &request(&wanted));
                rig.recv(2, 1, &request(&wanted));
            }
            rig.send(2, 1, &response(0));
            rig.recv(3, 2, &response(0));
        }
        let exchanges = rig.check(6);
        for number in 0..3 {
            let ends: Vec<_> =
                exchanges.iter().filter(|exchange| path(exchange).ends_with(&format!("/{number}"))).collect();
            let (server, client) =
                if ends[0].role == Role::Server { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
            assert_eq!(server.parent_id, Some(client.span_id), "{server_first}");
            assert_eq!(server.trace_id, client.trace_id);
            assert!(server.parent_remote);
        }
    }
}

#[test]
fn the_server_died() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 1, &request("/"));
    rig.close(2);
    let exchanges = rig.check(1);
    assert_eq!(exchanges[0].error.as_deref(), Some("connection_closed"));
}

#[test]
fn a_stranger_is_left_alone() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    for _ in 0..10 {
        rig.recv(2, 1, "*1\r\n$4\r\nPING\r\n");
        rig.send(2, 1, "+PONG\r\n");
    }
    assert!(rig.check(0).is_empty());
    assert_eq!(rig.stages.unwanted, [2]);
}
