//! What happened in processes lately, until the requests that it happened to are finished.

use std::collections::VecDeque;

use hashbrown::HashMap;
use underspan_protocols::message::{Attribute, Attributes, Role, Value};
use underspan_protocols::semconv::underspan;

use super::{number, seconds};
use crate::correlate::exchange::{Exchange, Finished, SpanEvent};

/// Kept of one process, and of all.
const OF_ONE: usize = 512;
const OF_ALL: usize = 65_536;
/// Events of one span.
const EVENTS: usize = 32;

/// Something that happened in a process. Times are the kernel's.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Whose time it took.
    pub to: To,
    /// When it began, and ended.
    pub span: (u64, u64),
    /// Attribute of spans that holds how long it took in their time.
    pub time: Option<Attribute>,
    /// Name of the event that tells of it.
    pub event: Option<&'static str>,
    /// Attributes of the event.
    pub attributes: Attributes,
    /// More to add up in attributes of spans: numbers.
    pub sums: Attributes,
    /// It did not come to its end, at least not yet ([`OPEN`]): it belongs to the request in whose course it began.
    pub interrupted: bool,
}

/// The end of what has not ended.
pub const OPEN: u64 = u64::MAX;

/// Whose time something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// All requests of the process: it stood still.
    Process,
    /// The request of a thread.
    Thread(u32),
    /// The one request that the process serves at a time, if it lay in its course.
    Request,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Happenings {
    processes: HashMap<u32, VecDeque<Happening>>,
    kept: usize,
    dropped: u64,
}

impl Happenings {
    /// Remembers something of a process. Its end takes the place of its beginning. The request in whose course it was interrupted may be
    /// over already: an error is answered before it is cleaned up.
    pub fn add(&mut self, pid: u32, happening: Happening) {
        let of_one = self.processes.entry(pid).or_default();
        let begun = |other: &&mut Happening| other.span == (happening.span.0, OPEN);
        if let Some(open) = of_one.iter_mut().rev().find(begun) {
            *open = happening;
            return;
        }
        if happening.interrupted && happening.span.1 != OPEN {
            return;
        }
        if of_one.len() == OF_ONE {
            of_one.pop_front();
            self.dropped += 1;
        } else if self.kept >= OF_ALL {
            self.dropped += 1;
            return;
        } else {
            self.kept += 1;
        }
        of_one.push_back(happening);
    }

    /// Adds to an exchange, in kernel time, what happened meanwhile.
    pub fn describe(&mut self, finished: &mut Finished) {
        let Finished { exchange, tid, shared, .. } = finished;
        let Some(of_one) = self.processes.get_mut(&exchange.resource.pid) else { return };
        let serves = exchange.role == Role::Server;
        for happening in &*of_one {
            let (begun, ended) = happening.span;
            let during = match happening.to {
                To::Process => begun < exchange.end && ended > exchange.start,
                To::Thread(thread) => thread == *tid && begun < exchange.end && ended > exchange.start,
                To::Request => {
                    let end = if happening.interrupted { begun } else { ended };
                    serves && !*shared && begun >= exchange.start && end <= exchange.end
                }
            };
            if during {
                apply(exchange, happening);
            }
        }
        if serves {
            // What one request alone could have caused is no other's.
            let before = of_one.len();
            let over = |happening: &Happening| {
                let (begun, ended) = happening.span;
                if happening.interrupted { begun <= exchange.end } else { ended <= exchange.end }
            };
            of_one.retain(|happening| happening.to != To::Request || !over(happening));
            self.kept -= before - of_one.len();
        }
    }

    /// What was not kept long enough.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A process is gone.
    pub fn forget(&mut self, pid: u32) {
        self.kept -= self.processes.remove(&pid).map_or(0, |of_one| of_one.len());
    }
}

fn apply(exchange: &mut Exchange, happening: &Happening) {
    let (begun, ended) = happening.span;
    if let Some(time) = happening.time {
        let within = ended.min(exchange.end).saturating_sub(begun.max(exchange.start));
        add(&mut exchange.attributes, time, &Value::Double(seconds(within)));
    }
    for (attribute, value) in &happening.sums {
        add(&mut exchange.attributes, *attribute, value);
    }
    if let Some(name) = happening.event.filter(|_| exchange.events.len() < EVENTS) {
        let mut attributes = happening.attributes.clone();
        let until = if ended == OPEN { exchange.end } else { ended };
        attributes.push((underspan::DURATION, Value::Double(seconds(until.saturating_sub(begun)))));
        if happening.interrupted {
            attributes.push((underspan::INTERRUPTED, Value::Boolean(true)));
        }
        // An event of a span is not before it.
        exchange.events.push(SpanEvent { name, time: begun.max(exchange.start), attributes });
    }
}

fn add(attributes: &mut Attributes, to: Attribute, value: &Value) {
    match attributes.iter_mut().find(|(attribute, _)| *attribute == to) {
        Some((_, Value::Double(sum))) => {
            if let Value::Double(more) = value {
                *sum += more;
            }
        }
        Some((_, Value::Int(sum))) => {
            if let Value::Int(more) = value {
                *sum += more;
            }
        }
        Some(_) => {}
        None => attributes.push((to, value.clone())),
    }
}

/// A number as an attribute's value.
pub(super) fn count(value: u64) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A time as an attribute's value.
pub(super) fn time(nanoseconds: u64) -> Value {
    Value::Double(number(nanoseconds) / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::tests::sample::server;

    const SECOND: u64 = 1_000_000_000;

    fn finished(start: u64, end: u64, shared: bool) -> Finished {
        let exchange = Exchange { start, end, attributes: Vec::new(), ..server() };
        Finished { exchange, protocol: "test", tid: 7, shared, path: None, route: None }
    }

    fn happening(to: To, begun: u64, ended: u64) -> Happening {
        Happening {
            to,
            span: (begun, ended),
            time: Some(underspan::TIME_GC),
            event: Some("underspan.gc"),
            attributes: Vec::new(),
            sums: vec![(underspan::DB_SORTS, Value::Int(1))],
            interrupted: false,
        }
    }

    fn described(happenings: &mut Happenings, mut finished: Finished) -> Finished {
        happenings.describe(&mut finished);
        finished
    }

    fn gc(finished: &Finished) -> Option<&Value> {
        let found = finished.exchange.attributes.iter();
        found.filter(|(name, _)| *name == underspan::TIME_GC).map(|(_, value)| value).next()
    }

    #[test]
    fn a_pause_takes_the_time_it_overlaps() {
        let mut happenings = Happenings::default();
        let pid = server().resource.pid;
        happenings.add(pid, happening(To::Process, 2 * SECOND, 4 * SECOND));
        happenings.add(pid, happening(To::Process, 5 * SECOND, 6 * SECOND));
        let both = described(&mut happenings, finished(3 * SECOND, 9 * SECOND, false));
        assert_eq!(gc(&both), Some(&Value::Double(2.0)));
        assert_eq!(both.exchange.events.len(), 2);
        assert_eq!(both.exchange.events[0].time, 3 * SECOND, "not before the span");
        let neither = described(&mut happenings, finished(7 * SECOND, 9 * SECOND, false));
        assert_eq!((gc(&neither), neither.exchange.events.len()), (None, 0));
        happenings.forget(pid);
        assert_eq!(happenings.kept, 0);
    }

    #[test]
    fn a_thread_is_another_threads_business() {
        let mut happenings = Happenings::default();
        let pid = server().resource.pid;
        happenings.add(pid, happening(To::Thread(8), SECOND, 2 * SECOND));
        assert_eq!(gc(&described(&mut happenings, finished(0, 9 * SECOND, false))), None);
        happenings.add(pid, happening(To::Thread(7), SECOND, 2 * SECOND));
        assert!(gc(&described(&mut happenings, finished(0, 9 * SECOND, false))).is_some());
    }

    #[test]
    fn a_request_that_is_one_of_several_is_not_blamed() {
        let mut happenings = Happenings::default();
        let pid = server().resource.pid;
        for shared in [true, false] {
            happenings.add(pid, happening(To::Request, SECOND, 2 * SECOND));
            let found = described(&mut happenings, finished(0, 9 * SECOND, shared));
            assert_eq!(gc(&found).is_none(), shared);
            assert_eq!(happenings.kept, 0, "nobody else can have caused it");
        }
        happenings.add(pid, happening(To::Request, SECOND, 2 * SECOND));
        let later = described(&mut happenings, finished(SECOND + 1, 9 * SECOND, false));
        assert_eq!(gc(&later), None, "it began before");
    }

    #[test]
    fn an_end_takes_the_place_of_its_beginning() {
        let pid = server().resource.pid;
        let open = || Happening { interrupted: true, ..happening(To::Request, SECOND, OPEN) };
        let mut happenings = Happenings::default();
        happenings.add(pid, open());
        happenings.add(pid, happening(To::Request, SECOND, 3 * SECOND));
        assert_eq!(
            gc(&described(&mut happenings, finished(0, 9 * SECOND, false))),
            Some(&Value::Double(2.0))
        );

        // The answer was that it failed, before the wait was over.
        happenings.add(pid, open());
        let failed = described(&mut happenings, finished(0, 2 * SECOND, false));
        assert_eq!(gc(&failed), Some(&Value::Double(1.0)));
        assert!(
            failed.exchange.events[0].attributes.contains(&(underspan::INTERRUPTED, Value::Boolean(true)))
        );
        happenings.add(pid, Happening { interrupted: true, ..happening(To::Request, SECOND, 3 * SECOND) });
        assert_eq!(happenings.kept, 0, "the request it belonged to is over");
    }

    #[test]
    fn memory_is_bounded_and_loss_is_counted() {
        let mut happenings = Happenings::default();
        for _ in 0..OF_ONE + 3 {
            happenings.add(1, happening(To::Process, 1, 2));
        }
        assert_eq!((happenings.kept, happenings.dropped()), (OF_ONE, 3));
        for index in 0..2 * OF_ALL {
            happenings.add(u32::try_from(index).expect("small"), happening(To::Process, 1, 2));
        }
        assert_eq!(happenings.kept, OF_ALL);
    }
}
