//! Goroutines of Go programs that others made: for whom they work.
//!
//! One that was made for a request alone ends with it. One of a pool goes on, and works for others even before that. So whoever made a goroutine
//! is believed to be served by it only once it has ended, and no later than shortly after that request.

use std::collections::BTreeMap;

use underspan_ebpf::{DESCENDS, Life};

use super::Mover;

/// Lives kept. With more, calls of those so far miss their parent.
const MOST: usize = 65_536;
/// A goroutine that goes on is remembered for so long after it was told of, nanoseconds. Later calls of it have no parent.
const MEMORY: u64 = 60_000_000_000;
/// Generations that are followed, at most. The kernel follows fewer.
const GENERATIONS: usize = 8;

/// Goroutines that were made by others and have called somebody.
#[derive(Debug, Default)]
pub(super) struct Descent(BTreeMap<(Mover, u64), Lived>);

#[derive(Debug)]
struct Lived {
    creator: u32,
    told: u64,
    ended: Option<u64>,
}

/// From where a goroutine descends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The first that serves requests itself.
    pub(super) root: Mover,
    /// When that made the next one, kernel time.
    pub(super) made: u64,
    /// When all but the root have ended, if they have.
    pub(super) ended: Option<u64>,
}

impl Mover {
    /// It works for a goroutine that made it, or made that.
    pub(super) fn descends(self) -> bool {
        self.is_goroutine() && self.tid & DESCENDS != 0
    }
}

impl Descent {
    /// The kernel tells of a goroutine.
    pub(super) fn learn(&mut self, told: &Life) {
        let key = (Mover { tgid: told.tgid, tid: told.tid & !DESCENDS }, told.made);
        if let Some(known) = self.0.get_mut(&key) {
            known.ended = known.ended.or(told.ended);
            return;
        }
        if self.0.len() == MOST {
            // None rather than some, or an earlier one would be taken for one that is left out.
            self.0.clear();
        }
        let lived = Lived { creator: told.creator & !DESCENDS, told: told.time, ended: told.ended };
        self.0.insert(key, lived);
    }

    /// From where the goroutine descends that called at `at`, kernel time. `None` if that is not known.
    pub(super) fn of(&self, caller: Mover, at: u64) -> Option<Line> {
        let mut mover = Mover { tid: caller.tid & !DESCENDS, ..caller };
        let (mut latest, mut ended) = (at, Some(0));
        let mut line = None;
        for _ in 0..GENERATIONS {
            let Some((made, lived)) = self.alive(mover, latest) else { break };
            mover.tid = lived.creator;
            latest = made;
            ended = ended.zip(lived.ended).map(|(one, other)| one.max(other));
            line = Some(Line { root: mover, made, ended });
        }
        line
    }

    /// The latest goroutine in this place that was made by `at`, and when it was.
    fn alive(&self, mover: Mover, at: u64) -> Option<(u64, &Lived)> {
        let ((found, made), lived) = self.0.range(..=(mover, at)).next_back()?;
        (*found == mover && lived.ended.is_none_or(|ended| ended >= at)).then_some((*made, lived))
    }

    /// Forgets those that ended before `before`, kernel time, and those that go on for long.
    pub(super) fn forget(&mut self, before: u64) {
        self.0.retain(|_, lived| match lived.ended {
            Some(ended) => ended.max(lived.told) >= before,
            None => lived.told.saturating_add(MEMORY) >= before,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A goroutine that another made at `made`.
    fn life(tid: u32, creator: u32, made: u64, ended: Option<u64>) -> Life {
        Life { time: ended.unwrap_or(made), tgid: 1, tid, creator, made, ended }
    }

    fn caller(tid: u32) -> Mover {
        Mover { tgid: 1, tid: tid | DESCENDS }
    }

    fn line(root: u32, made: u64, ended: Option<u64>) -> Line {
        Line { root: Mover { tgid: 1, tid: root }, made, ended }
    }

    #[test]
    fn a_line_has_ended_when_all_have() {
        let mut descent = Descent::default();
        assert_eq!(descent.of(caller(3), 30), None);
        descent.learn(&life(3, 2, 25, None));
        descent.learn(&life(2, 1, 20, None));
        assert_eq!(descent.of(caller(3), 30), Some(line(1, 20, None)));
        assert_eq!(descent.of(caller(2), 30), Some(line(1, 20, None)));
        assert_eq!(descent.of(Mover { tgid: 2, ..caller(3) }, 30), None, "another process");
        descent.learn(&life(3, 2, 25, Some(40)));
        assert_eq!(descent.of(caller(3), 30), Some(line(1, 20, None)), "the one between goes on");
        descent.learn(&life(2, 1, 20, Some(35)));
        assert_eq!(descent.of(caller(3), 30), Some(line(1, 20, Some(40))));
    }

    #[test]
    fn a_place_is_taken_again() {
        let mut descent = Descent::default();
        descent.learn(&life(2, 1, 20, Some(30)));
        descent.learn(&life(2, 7, 50, None));
        assert_eq!(descent.of(caller(2), 25), Some(line(1, 20, Some(30))));
        assert_eq!(descent.of(caller(2), 55), Some(line(7, 50, None)));
        assert_eq!(descent.of(caller(2), 40), None, "nobody had it");
        assert_eq!(descent.of(caller(2), 10), None);
    }

    #[test]
    fn circles_end() {
        let mut descent = Descent::default();
        descent.learn(&life(1, 2, 20, None));
        descent.learn(&life(2, 1, 20, None));
        assert!(descent.of(caller(1), 30).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let mut descent = Descent::default();
        for tid in (0..).take(MOST + 10) {
            descent.learn(&life(tid, 1, 20, Some(30)));
        }
        assert_eq!(descent.0.len(), 10);
        assert_eq!(descent.of(caller(5), 25), None);
        descent.learn(&life(5, 1, 50, None));
        descent.forget(40);
        assert_eq!(descent.of(caller(5), 60), Some(line(1, 50, None)));
        descent.forget(51 + MEMORY);
        assert!(descent.0.is_empty());
    }
}
