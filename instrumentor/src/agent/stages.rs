//! The stages a record passes, in order, on one thread: no queue between them, nothing to wake.

use std::path::Path;
use std::sync::Arc;

use underspan_ebpf::{End, Process, ProcessKind, Record, RecordError};
use underspan_protocols::decoder::{Event, LossReason, Options};

use super::express::Express;
use super::targets::Targets;
use crate::assemble::{Connection, Connections, Step};
use crate::attach::framing;
use crate::capture::Clock;
use crate::correlate::exchange::{Call, Finished};
use crate::correlate::{Correlator, Mover};
use crate::discover::{Change, ProcessTable};
use crate::parse::{self, Conversation, Outcome};
use crate::runtimes::Runtimes;
use crate::signals::metrics::Measurement;
use crate::signals::sampler::Sampler;
use crate::telemetry::Stats;
use crate::telemetry::status::TargetStatus;

/// A response on a unix socket with nothing more for this long (nanoseconds) has ended.
const UNIX_RESPONSE: u64 = 1_000_000_000;
/// A unix socket with nothing at all for this long is forgotten.
const UNIX_IDLE: u64 = 60_000_000_000;

/// Everything between the ring buffer and the exporters.
pub(super) struct Stages {
    connections: Connections,
    pub(super) understand: Understand,
}

/// What works on one connection at a time.
pub(super) struct Understand {
    clock: Clock,
    /// For plain connections, and for encrypted ones.
    options: [Arc<Options>; 2],
    correlator: Correlator,
    pub(super) runtimes: Runtimes,
    pub(super) table: ProcessTable,
    pub(super) express: Express,
    pub(super) stats: Stats,
    /// For the kernel, once the ring buffer is let go: connections of which no more bytes are wanted ...
    pub(super) unwanted: Vec<(u64, bool)>,
    /// ... those whose frames it could follow, and the number of their framing ...
    pub(super) framed: Vec<(u64, u32)>,
    /// ... and processes to trace or not.
    pub(super) changes: Vec<Change>,
    /// Processes the kernel has selected by itself: parent, child, and when (nanoseconds since the Unix epoch), for the audit log.
    pub(super) forked: Vec<(u32, u32, u64)>,
    /// Processes that run another program now, those among `changes`.
    pub(super) started: Vec<u32>,
    /// Processes with a new connection that is encrypted ...
    pub(super) encrypted: Vec<u32>,
    /// ... and with one that is not read.
    pub(super) blind: Vec<u32>,
    targets: Targets,
    events: Vec<Event>,
    finished: Vec<Finished>,
    calls: Vec<Call>,
    measured: Vec<Measurement>,
}

impl Stages {
    pub(super) fn new(
        connections: usize,
        options: Options,
        sampler: Sampler,
        runtimes: Runtimes,
        table: ProcessTable,
        express: Express,
    ) -> Self {
        Self {
            connections: Connections::new(connections),
            understand: Understand {
                clock: Clock::read(),
                options: [Arc::new(options.clone()), Arc::new(Options { tls: true, ..options })],
                correlator: Correlator::new(sampler),
                runtimes,
                table,
                express,
                stats: Stats::default(),
                unwanted: Vec::new(),
                framed: Vec::new(),
                changes: Vec::new(),
                forked: Vec::new(),
                started: Vec::new(),
                encrypted: Vec::new(),
                blind: Vec::new(),
                targets: Targets::default(),
                events: Vec::new(),
                finished: Vec::new(),
                calls: Vec::new(),
                measured: Vec::new(),
            },
        }
    }

    /// Takes one record all the way.
    pub(super) fn take(&mut self, record: Result<Record<'_>, RecordError>) {
        let Self { connections, understand } = self;
        understand.stats.records += 1;
        match record {
            Ok(Record::Data(data)) => {
                understand.stats.records_of.payload += 1;
                let mover = Mover { tgid: data.tgid, tid: data.tid };
                if let Some((connection, step)) = connections.behind(&data) {
                    understand.step(connection, &step, mover);
                }
                let (connection, steps) = connections.data(&data, &mut understand.stats);
                for step in steps.iter().flatten() {
                    understand.step(connection, step, mover);
                }
            }
            Ok(Record::Run(run)) => {
                understand.stats.records_of.payload += 1;
                let mover = Mover { tgid: run.tgid, tid: run.tid };
                let (connection, step) = connections.run(&run, &mut understand.stats);
                if let Some(step) = step {
                    understand.step(connection, &step, mover);
                }
            }
            Ok(Record::Conn(conn)) if conn.flags.opening() => {
                understand.stats.records_of.state += 1;
                if let Some((_, remote)) = conn.addresses {
                    understand.correlator.expect_client_of(remote);
                }
            }
            Ok(Record::Conn(conn)) => {
                understand.stats.records_of.payload += 1;
                if conn.flags.tls() || conn.flags.decrypted() {
                    understand.encrypted.push(conn.tgid);
                }
                if conn.flags.tls() && !conn.flags.decrypted() {
                    understand.blind.push(conn.tgid);
                }
                for mut evicted in connections.open(&conn, &mut understand.stats) {
                    understand.forget(&mut evicted);
                }
            }
            Ok(Record::End(end)) => {
                understand.stats.records_of.state += 1;
                self.end_of(&end);
            }
            Ok(Record::Process(process)) => {
                understand.stats.records_of.process += 1;
                understand.process(&process);
            }
            Ok(Record::Moment(moment)) => {
                understand.stats.records_of.inside += 1;
                let passed = understand.runtimes.moment(&moment, &mut understand.measured);
                understand.measure(moment.tgid);
                if let Some(passed) = passed {
                    let resource = understand.table.seen(moment.tgid, "", understand.clock.now());
                    understand.correlator.call(resource, passed, &mut understand.calls);
                    understand.express_finished();
                }
            }
            Ok(Record::Sums(sums)) => {
                understand.stats.records_of.inside += 1;
                understand.runtimes.sums(&sums, &mut understand.measured);
                understand.measure(sums.tgid);
            }
            Ok(Record::Stream(stream)) => {
                understand.stats.records_of.goroutines += 1;
                understand.correlator.belongs(&stream);
            }
            Ok(Record::Query(query)) => {
                understand.stats.records_of.queries += 1;
                let asked = parse::query(&query, understand.options[0].max_value);
                let resource = understand.table.seen(query.tgid, "", understand.clock.now());
                if !understand.correlator.ask(asked, resource) {
                    understand.lose(query.tgid, 1);
                }
            }
            Ok(Record::Result(answer)) => {
                understand.stats.records_of.queries += 1;
                let Understand { correlator, stats, finished, .. } = understand;
                correlator.answer(&answer, stats, finished);
                understand.express_finished();
            }
            Ok(Record::Life(life)) => {
                understand.stats.records_of.goroutines += 1;
                understand.correlator.learn(&life);
            }
            Err(_) => understand.stats.records_malformed += 1,
        }
    }

    /// Ends a connection, or its receiving direction.
    pub(super) fn end_of(&mut self, end: &End) {
        let Self { connections, understand } = self;
        connections.end(end, |connection, step| {
            connection.losses.learn(end.exchange, end.lost, false, &mut understand.stats);
            understand.last(connection, &step);
        });
    }

    /// Whether something waits that only time or silent connections can tell.
    pub(super) fn is_waiting(&self) -> bool {
        !self.understand.correlator.is_empty()
    }

    /// To be called a few times a second. All records until `now`, kernel time, have been taken.
    pub(super) fn tick(&mut self, now: u64) {
        let understand = &mut self.understand;
        understand.clock = Clock::read();
        let Understand { correlator, stats, finished, calls, .. } = understand;
        correlator.tick(now, stats, finished, calls);
        understand.express_finished();
    }

    /// To be called about once a second: ends unix connections that have been silent, since nothing tells of their end. One with a response
    /// under way is over sooner than one that may just be idle; a request that waits for its response is not over.
    /// Forgets processes that are gone, too.
    pub(super) fn sweep(&mut self, now: u64) {
        let Self { connections, understand } = self;
        // Their metrics go with the last reference to them.
        for resource in understand.table.expire(understand.clock.unix(now)) {
            let unanswered = understand.correlator.gone(resource.pid);
            understand.lose(resource.pid, unanswered);
            understand.targets.forget(resource.pid);
            understand.runtimes.forget(resource.pid);
        }
        let over = connections.take_unix(|connection| {
            let silent = now.saturating_sub(connection.last());
            match understand.correlator.open_on(connection) {
                Some(true) => silent > UNIX_RESPONSE,
                Some(false) => false,
                None => silent > UNIX_IDLE,
            }
        });
        for mut connection in over {
            let step = Step::End { closed: true, at: connection.last() };
            understand.last(&mut connection, &step);
        }
    }

    /// No more records will come of these connections: what waits is reported as it is, and the rest is forgotten.
    pub(super) fn end(&mut self) {
        let Self { connections, understand } = self;
        let Understand { correlator, stats, finished, calls, .. } = &mut *understand;
        correlator.finish(stats, finished, calls);
        understand.express_finished();
        for mut connection in connections.take_all() {
            connection.losses.settle(&mut understand.stats);
            understand.stats.connections_tls += u64::from(connection.is_blind());
            understand.targets.retire(&connection);
        }
    }

    /// What is known of each traced process.
    pub(super) fn targets(&self) -> Vec<TargetStatus> {
        self.understand.targets.status(&self.understand.table, self.connections.iter())
    }
}

impl Understand {
    /// Now, nanoseconds since the Unix epoch.
    pub(super) fn now(&self) -> u64 {
        self.clock.now()
    }

    fn step(&mut self, connection: &mut Connection, step: &Step<'_>, mover: Mover) {
        let options = &self.options[usize::from(connection.is_decrypted())];
        match parse::feed(connection, step, options, &mut self.events) {
            Outcome::Fine => {}
            Outcome::Recognised => self.frame(connection, step),
            Outcome::Unwanted { unknown } => {
                self.stats.connections_unknown += u64::from(unknown);
                connection.unknown = unknown;
                self.unwanted.push((connection.id, connection.is_decrypted()));
            }
        }
        if let Step::Piece(piece) = step {
            connection.account(piece);
            if connection.turns_blind(piece) {
                self.blind.push(connection.tgid);
            }
        }
        if self.events.is_empty() {
            return;
        }
        let Self { correlator, table, clock, events, stats, finished, .. } = self;
        let mut resource = |tgid| table.seen(tgid, "", clock.now());
        correlator.take(connection, mover, events, &mut resource, stats, finished);
        self.express_finished();
    }

    /// Has the kernel follow the frames of a connection, unless it does already.
    fn frame(&mut self, connection: &Connection, step: &Step<'_>) {
        let Conversation::Decoding(decoding) = &connection.conversation else { return };
        let followed = matches!(step, Step::Piece(piece) if piece.aligned);
        let number = framing::number_of(decoding.protocol).filter(|_| !followed);
        self.framed.extend(number.map(|number| (connection.id, number)));
    }

    /// The last step of a connection: what is still open on it will never complete.
    fn last(&mut self, connection: &mut Connection, step: &Step<'_>) {
        let mover = Mover { tgid: connection.tgid, tid: 0 };
        self.step(connection, step, mover);
        if matches!(step, Step::End { closed: true, .. }) {
            self.forget(connection);
        }
    }

    /// A connection is gone.
    fn forget(&mut self, connection: &mut Connection) {
        self.stats.connections_tls += u64::from(connection.is_blind());
        self.correlator.forget(connection, &mut self.stats);
        self.targets.retire(connection);
    }

    /// Queries to databases within a process have no answer.
    fn lose(&mut self, pid: u32, queries: u64) {
        self.targets.lost(pid, LossReason::NoResponse, queries);
        if queries > 0 {
            self.stats.lose(LossReason::NoResponse, queries);
        }
    }

    fn express_finished(&mut self) {
        let Self { express, finished, calls, clock, stats, targets, runtimes, .. } = self;
        for call in calls.drain(..) {
            express.take_call(call, *clock, stats);
        }
        for mut finished in finished.drain(..) {
            targets.understood(finished.exchange.resource.pid, finished.protocol);
            runtimes.describe(&mut finished);
            express.take(finished, *clock, stats);
        }
    }

    /// Takes what the kernel counted of a process under a mark. False if nobody knows the process any more.
    pub(super) fn counted(&mut self, pid: u32, mark: u32, times: u64) -> bool {
        if self.table.resource(pid).is_none() {
            return false;
        }
        self.measured.extend(self.runtimes.counted(pid, mark, times));
        self.measure(pid);
        true
    }

    /// What is measured of a process goes into its metrics.
    fn measure(&mut self, pid: u32) {
        if self.measured.is_empty() {
            return;
        }
        let resource = self.table.seen(pid, "", self.clock.now());
        for measurement in self.measured.drain(..) {
            self.express.measure(&resource, &measurement);
        }
    }

    fn process(&mut self, process: &Process<'_>) {
        let now = self.clock.unix(process.time);
        match process.kind {
            ProcessKind::Fork => {
                self.table.fork(process.parent, process.tgid, now);
                self.forked.push((process.parent, process.tgid, now));
            }
            ProcessKind::Exit => {
                let change = self.table.exit(process.tgid, now);
                self.changes.push(change);
            }
            ProcessKind::Exec => {
                let name = String::from_utf8_lossy(process.name);
                let change = self.table.exec(process.tgid, Path::new(&*name), now);
                self.changes.push(change);
                self.started.push(process.tgid);
            }
        }
    }
}
