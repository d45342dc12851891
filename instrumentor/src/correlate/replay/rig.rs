//! Makes the records the kernel would make of a conversation, and feeds them to the stages.

use std::collections::HashMap;
use std::sync::Arc;

use underspan_ebpf::{Life, Record, Role as KernelRole};
use underspan_protocols::decoder::Options;
use underspan_protocols::message::{Role, Value};
use underspan_protocols::semconv::attribute;

use super::super::exchange::{Exchange, Finished};
use super::super::{Correlator, Mover};
use super::kernel::{Call, Kernel, Ring};
use crate::assemble::{Connection, Connections, Step};
use crate::discover::Resource;
use crate::parse::{self, Outcome};
use crate::telemetry::Stats;

/// The stages, and a clock that moves on with each record.
pub(super) struct Rig {
    pub(super) connections: Connections,
    pub(super) stages: Stages,
    pub(super) time: u64,
    pub(super) conns: HashMap<u64, Kernel>,
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
        if matches!(parse::feed(connection, step, &self.options, &mut events), Outcome::Unwanted { .. }) {
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
            Record::End(end) => connections.end(&end, |connection, step| {
                connection.losses.learn(end.exchange, end.lost, false, &mut stages.stats);
                stages.step(connection, &step, Mover { tgid: 0, tid: 0 });
                if matches!(step, Step::End { closed: true, .. }) {
                    stages.correlator.forget(connection, &mut stages.stats);
                }
            }),
            Record::Life(life) => stages.correlator.learn(&life),
            Record::Process(_)
            | Record::Moment(_)
            | Record::Sums(_)
            | Record::Stream(_)
            | Record::Query(_)
            | Record::Result(_) => {
                unreachable!("the rig makes none")
            }
        }
    }

    /// Does something with a connection; each record that `fits` the ring is taken.
    pub(super) fn with<T>(
        &mut self,
        conn: u64,
        mut fits: impl FnMut() -> bool,
        act: impl FnOnce(&mut Kernel, &mut Ring<'_>) -> T,
    ) -> T {
        let mut kernel = self.conns.remove(&conn).expect("opened");
        let done = act(&mut kernel, &mut |record| {
            let fits = fits();
            if fits {
                self.take(record);
            }
            fits
        });
        self.conns.insert(conn, kernel);
        done
    }

    pub(super) fn open(&mut self, conn: u64, role: KernelRole, flags: u8) {
        let time = self.time;
        self.conns.insert(conn, Kernel::new(conn, role, flags));
        self.with(conn, || true, |kernel, ring| kernel.announce(time, ring));
    }

    /// A call of thread `tid` that moved `bytes` and then `more` bytes that cannot be read. Gives back when it began.
    pub(super) fn io(
        &mut self,
        conn: u64,
        tid: u32,
        sent: bool,
        bytes: &(impl AsRef<[u8]> + ?Sized),
        more: u64,
    ) -> u64 {
        self.call(conn, tid, sent, &[bytes.as_ref()], more, || true)
    }

    /// The same of bytes in several places.
    pub(super) fn call(
        &mut self,
        conn: u64,
        tid: u32,
        sent: bool,
        segments: &[&[u8]],
        unreadable: u64,
        fits: impl FnMut() -> bool,
    ) -> u64 {
        self.time += 10;
        let call = Call { tid, sent, segments, unreadable, time: self.time };
        self.with(conn, fits, |kernel, ring| kernel.io(&call, ring));
        self.time
    }

    pub(super) fn recv(&mut self, conn: u64, tid: u32, bytes: &(impl AsRef<[u8]> + ?Sized)) -> u64 {
        self.io(conn, tid, false, bytes, 0)
    }

    pub(super) fn send(&mut self, conn: u64, tid: u32, bytes: &(impl AsRef<[u8]> + ?Sized)) -> u64 {
        self.io(conn, tid, true, bytes, 0)
    }

    /// Bytes that pass in silence and are reported now.
    pub(super) fn run(&mut self, conn: u64, sent: bool, more: u64) -> u64 {
        let time = self.io(conn, 1, sent, "", more);
        self.with(conn, || true, Kernel::flush);
        time
    }

    /// A call none of whose records fits the ring: its bytes pass, nobody is told.
    pub(super) fn vanish(&mut self, conn: u64, sent: bool, bytes: &str) {
        self.call(conn, 1, sent, &[bytes.as_bytes()], 0, || false);
    }

    pub(super) fn close(&mut self, conn: u64) {
        self.close_if(conn, || true);
    }

    /// Closes a connection; an end that does not fit the ring is taken later.
    pub(super) fn close_if(&mut self, conn: u64, fits: impl FnMut() -> bool) {
        self.time += 10;
        let time = self.time;
        if let Some(late) = self.with(conn, fits, |kernel, ring| kernel.close(time, ring)) {
            self.take(Record::End(late));
        }
    }

    /// Goroutine `tid` was made by `creator` at `made`.
    pub(super) fn live(&mut self, tid: u32, creator: u32, made: u64, ended: Option<u64>) {
        self.take(Record::Life(Life { time: self.time, tgid: 1, tid, creator, made, ended }));
    }

    pub(super) fn finish(&mut self) -> Vec<Exchange> {
        for _ in 0..5 {
            let Stages { correlator, stats, out, .. } = &mut self.stages;
            correlator.tick(self.time, stats, out, &mut Vec::new());
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
