//! `PostgreSQL` with its probes: phases of statements, waits for locks, buffers, the write-ahead log, transactions.
//!
//! A backend is a process with one connection and one thread, so what happens in the course of the one request it serves belongs to it.
//! What is frequent is added up by the kernel and told when a portal has run or a transaction has ended, before the answer goes out.

use underspan_ebpf::probes::inside::Mark;
use underspan_ebpf::uprobes::Sharing;
use underspan_ebpf::{Moment, Sums};
use underspan_protocols::message::{Attribute, Attributes, Metric, Value};
use underspan_protocols::semconv::underspan;

use super::happenings::{Happening, OPEN, To, count, time};
use super::{Reader, Runtime, Tap, Told, duration, sum, text};

const PARSE: u8 = 0;
const REWRITE: u8 = 1;
const PLAN: u8 = 2;
const EXECUTE: u8 = 3;
const SORT: u8 = 4;
const LOCK: u8 = 5;
const LWLOCK: u8 = 6;
const CHECKPOINT: u8 = 7;
// Totals that are no intervals.
const HIT: u8 = 8;
const READ: u8 = 9;
const WAL: u8 = 10;

/// See the module. `query__start` is left alone: the extended protocol does not fire it.
pub(super) static RUNTIME: Runtime = Runtime {
    name: "postgresql",
    provider: Some("postgresql"),
    lives_in: |file| file == "postgres",
    // A backend is forked for each connection and needs its probes at once.
    sharing: Sharing::Shared,
    taps: &[
        Tap::detail("query__parse__start", Mark::begin(PARSE)),
        Tap::detail("query__parse__done", Mark::end(PARSE).total()),
        Tap::detail("query__rewrite__start", Mark::begin(REWRITE)),
        Tap::detail("query__rewrite__done", Mark::end(REWRITE).total()),
        Tap::detail("query__plan__start", Mark::begin(PLAN)),
        Tap::detail("query__plan__done", Mark::end(PLAN).total()),
        Tap::new("query__execute__start", Mark::begin(EXECUTE).nests()),
        Tap::new("query__execute__done", Mark::end(EXECUTE).nests().total().flush()),
        Tap::detail("sort__start", Mark::begin(SORT).nests()),
        Tap::detail("sort__done", Mark::end(SORT).nests().total()),
        // (four fields of the lock's tag, its type, mode)
        Tap::new("lock__wait__start", Mark::begin(LOCK).numbers(0, 6).each()),
        Tap::new("lock__wait__done", Mark::end(LOCK)),
        // (tranche, mode)
        Tap::detail("lwlock__wait__start", Mark::begin(LWLOCK).text(0, None)),
        Tap::detail("lwlock__wait__done", Mark::end(LWLOCK)),
        // (…, the relation grew, found); since version 16 (…, found)
        Tap::detail("buffer__read__done", Mark::add(HIT).unless_zero(7).only_if_zero(6)).with_arguments(8),
        Tap::detail("buffer__read__done", Mark::add(HIT).unless_zero(6)).with_arguments(7),
        Tap::detail("wal__insert", Mark::add(WAL)),
        Tap::detail("transaction__commit", Mark::COUNT.flush().reset()),
        // An error ends a wait without a word.
        Tap::new("transaction__abort", Mark::COUNT.closes(LOCK).flush().reset()),
        Tap::new("deadlock__found", Mark::event(LWLOCK)),
        Tap::new("checkpoint__start", Mark::begin(CHECKPOINT)),
        Tap::new("checkpoint__done", Mark::end(CHECKPOINT)),
    ],
    without: "this PostgreSQL was built without probes (--enable-dtrace); Debian's, Ubuntu's, Red Hat's and the PostgreSQL project's packages \
              have them",
    reader: || Box::new(Postgresql),
};

/// Phases of a statement: slot, name, attribute of spans.
const PHASES: [(u8, &str, Attribute); 5] = [
    (PARSE, "parse", underspan::DB_TIME_PARSE),
    (REWRITE, "rewrite", underspan::DB_TIME_REWRITE),
    (PLAN, "plan", underspan::DB_TIME_PLAN),
    (EXECUTE, "execute", underspan::DB_TIME_EXECUTE),
    (SORT, "sort", underspan::DB_TIME_SORT),
];

/// Types of locks by number (`LockTagType` in the server's `storage/lock.h`), as `pg_locks` calls them. The last came with version 16.
const TYPES: [&str; 12] = [
    "relation",
    "extend",
    "frozenid",
    "page",
    "tuple",
    "transactionid",
    "virtualxid",
    "spectoken",
    "object",
    "userlock",
    "advisory",
    "applytransaction",
];
/// Of these, those on a relation or a part of one, whose object id is the second field.
const ON_RELATIONS: [&str; 4] = ["relation", "extend", "page", "tuple"];

/// Modes of locks by number (`storage/lockdefs.h`), as `pg_locks` calls them.
const MODES: [&str; 9] = [
    "INVALID",
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];

struct Postgresql;

impl Reader for Postgresql {
    fn moment(&mut self, probe: &'static str, moment: &Moment<'_>, out: &mut Vec<Told>) {
        let took = moment.begun.map(|begun| moment.time.saturating_sub(begun));
        match (probe, took) {
            // Where it began, also for one that was cut.
            ("lock__wait__done" | "lock__wait__start", took) => locked(moment, took, out),
            ("lwlock__wait__done", Some(took)) => {
                let tranche = Value::String(text(moment.texts[0]));
                let of = vec![(underspan::DB_LWLOCK_TRANCHE, tranche)];
                out.push(Told::Measured(duration(&underspan::DB_LWLOCK_DURATION, of, took)));
                out.push(happened(moment, Some(underspan::TIME_LWLOCK), None, Vec::new()));
            }
            ("checkpoint__done", Some(took)) => {
                let measured = duration(&underspan::DB_CHECKPOINT_DURATION, Vec::new(), took);
                out.push(Told::Measured(measured));
            }
            ("deadlock__found", _) => {
                out.push(Told::Measured(sum(&underspan::DB_DEADLOCKS, Vec::new(), 1)));
                out.push(happened(moment, None, Some("underspan.deadlock"), Vec::new()));
            }
            _ => {}
        }
    }

    fn counted(&self, probe: &'static str, _zero: bool) -> Option<(&'static Metric, Attributes)> {
        let outcome = match probe {
            "transaction__commit" => "commit",
            "transaction__abort" => "abort",
            _ => return None,
        };
        let of = vec![(underspan::DB_TRANSACTION_OUTCOME, Value::Static(outcome))];
        Some((&underspan::DB_TRANSACTIONS, of))
    }

    fn sums(&mut self, _probe: &'static str, sums: &Sums<'_>, out: &mut Vec<Told>) {
        let counted = |index: u8| sums.counts[usize::from(index)];
        let mut of_span = Vec::new();
        for (slot, name, attribute) in PHASES {
            if counted(slot) > 0 {
                let took = sums.times[usize::from(slot)];
                let of = vec![(underspan::DB_PHASE, Value::Static(name))];
                out.push(Told::Measured(duration(&underspan::DB_PHASE_DURATION, of, took)));
                of_span.push((attribute, time(took)));
            }
        }
        let buffers = |source| vec![(underspan::DB_BUFFER_SOURCE, Value::Static(source))];
        for (index, metric, of, attribute) in [
            (SORT, None, Vec::new(), Some(underspan::DB_SORTS)),
            (HIT, Some(&underspan::DB_BUFFERS), buffers("hit"), Some(underspan::DB_BUFFERS_HIT)),
            (READ, Some(&underspan::DB_BUFFERS), buffers("read"), Some(underspan::DB_BUFFERS_READ)),
            (WAL, Some(&underspan::DB_WAL), Vec::new(), Some(underspan::DB_WAL_RECORDS)),
        ] {
            let times = counted(index);
            if times > 0 {
                out.extend(metric.map(|metric| Told::Measured(sum(metric, of, times))));
                of_span.extend(attribute.map(|attribute| (attribute, count(times))));
            }
        }
        if !of_span.is_empty() {
            out.push(Told::Happened(Happening {
                to: To::Request,
                span: (sums.time, sums.time),
                time: None,
                event: None,
                attributes: Vec::new(),
                sums: of_span,
                interrupted: false,
            }));
        }
    }
}

/// A wait for a lock has begun (`took` is none), or ended.
fn locked(moment: &Moment<'_>, took: Option<u64>, out: &mut Vec<Told>) {
    let [first, second, _, _, kind, mode, ..] = *moment.numbers;
    let name = |names: &'static [&'static str], number: u64| {
        usize::try_from(number).ok().and_then(|number| names.get(number).copied())
    };
    let kind = name(&TYPES, kind);
    let mut of: Attributes = Vec::new();
    of.extend(name(&MODES, mode).map(|mode| (underspan::DB_LOCK_MODE, Value::Static(mode))));
    of.extend(kind.map(|kind| (underspan::DB_LOCK_TYPE, Value::Static(kind))));
    if let Some(took) = took {
        out.push(Told::Measured(duration(&underspan::DB_LOCK_DURATION, of.clone(), took)));
    }
    match kind {
        Some(kind) if ON_RELATIONS.contains(&kind) => of.push((underspan::DB_LOCK_RELATION, count(second))),
        Some("transactionid") => of.push((underspan::DB_LOCK_TRANSACTION, count(first))),
        _ => {}
    }
    out.push(Told::Happened(Happening {
        to: To::Request,
        span: moment.begun.map_or((moment.time, OPEN), |begun| (begun, moment.time)),
        time: Some(underspan::TIME_LOCK),
        event: Some("underspan.lock.wait"),
        attributes: of,
        sums: Vec::new(),
        interrupted: took.is_none() || moment.flags.cut(),
    }));
}

fn happened(
    moment: &Moment<'_>,
    time: Option<Attribute>,
    event: Option<&'static str>,
    attributes: Attributes,
) -> Told {
    let span = (moment.begun.unwrap_or(moment.time), moment.time);
    Told::Happened(Happening {
        to: To::Request,
        span,
        time,
        event,
        attributes,
        sums: Vec::new(),
        interrupted: false,
    })
}
