//! Which items cost too much, which of them goes, and when it may come back. Decides and does nothing.

use std::hash::Hash;
use std::time::Duration;

use hashbrown::HashMap;

/// Costs are averaged over about so long: a burst is no reason to look away.
const MEMORY: Duration = Duration::from_secs(3);
/// Who comes back must fit into this part of the limit, or it would soon go again.
const RETURN: f64 = 0.8;

/// What may be spent. Shares of one CPU; `None`: no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::agent) struct Limits {
    pub(in crate::agent) target: Option<f64>,
    pub(in crate::agent) host: Option<f64>,
    pub(in crate::agent) initial_pause: Duration,
    pub(in crate::agent) max_pause: Duration,
}

/// How often an item was hit so far, and what a hit costs.
#[derive(Debug, Clone, Copy)]
pub(in crate::agent) struct Reading<K> {
    pub(in crate::agent) item: K,
    pub(in crate::agent) hits: u64,
    pub(in crate::agent) cost: Duration,
    /// What it has cost so far besides, but not while it is off.
    pub(in crate::agent) besides: Duration,
}

/// Which limit was exceeded, and by how much: shares of one CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::agent) struct Excess {
    pub(in crate::agent) host: bool,
    pub(in crate::agent) cost: f64,
    pub(in crate::agent) limit: f64,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::agent) enum Decision<K> {
    /// Switch it off.
    Pause(K, Excess),
    /// It would still cost too much, so it stays off for longer.
    Extend(K),
    /// Switch it on again; this many hits passed meanwhile.
    Resume(K, u64),
}

/// An item that is switched off. Times are of the clock `look` is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::agent) struct Pause {
    pub(in crate::agent) since: Duration,
    pub(in crate::agent) until: Duration,
    /// From `since`, or from the latest extension, to `until`.
    length: Duration,
    pub(in crate::agent) excess: Excess,
    /// Hits meanwhile.
    pub(in crate::agent) missed: u64,
}

/// What is known of an item.
#[derive(Debug, Clone)]
pub(in crate::agent) struct Item {
    hits: u64,
    /// Until the latest look.
    spent_besides: Duration,
    /// Shares of one CPU, averaged; of one that is off, what it would cost.
    for_hits: f64,
    besides: f64,
    pub(in crate::agent) pause: Option<Pause>,
    /// Length of the latest pause, and when it ended.
    latest: Option<(Duration, Duration)>,
}

impl Item {
    fn new(reading: &Reading<impl Copy>) -> Self {
        Self {
            hits: reading.hits,
            spent_besides: reading.besides,
            for_hits: 0.0,
            besides: 0.0,
            pause: None,
            latest: None,
        }
    }

    /// Share of one CPU, averaged; of one that is off, what it would cost.
    pub(in crate::agent) fn cost(&self) -> f64 {
        self.for_hits + self.besides
    }

    /// The part of it that does not come from hits.
    pub(in crate::agent) fn besides(&self) -> f64 {
        self.besides
    }

    /// Takes what is new after some time, seconds.
    fn learn(&mut self, elapsed: f64, reading: &Reading<impl Copy>) {
        let more = reading.hits.saturating_sub(self.hits);
        let besides = reading.besides.saturating_sub(self.spent_besides).as_secs_f64();
        (self.hits, self.spent_besides) = (reading.hits, reading.besides);
        if let Some(pause) = &mut self.pause {
            pause.missed += more;
        }
        if elapsed <= 0.0 {
            return;
        }
        let weight = elapsed / (elapsed + MEMORY.as_secs_f64());
        let before = self.for_hits;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let share = more as f64 * reading.cost.as_secs_f64() / elapsed;
        self.for_hits += (share - self.for_hits) * weight;
        if self.pause.is_none() {
            self.besides += (besides / elapsed - self.besides) * weight;
        } else if before > 0.0 {
            // It would go along with the hits.
            self.besides *= self.for_hits / before;
        } else {
            self.besides *= 1.0 - weight;
        }
    }
}

/// See the module. Items that are no longer read are forgotten.
#[derive(Debug)]
pub(in crate::agent) struct Governor<K> {
    limits: Limits,
    items: HashMap<K, Item>,
    looked: Option<Duration>,
}

impl<K: Copy + Eq + Hash + Ord> Governor<K> {
    pub(in crate::agent) fn new(limits: Limits) -> Self {
        Self { limits, items: HashMap::new(), looked: None }
    }

    pub(in crate::agent) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(in crate::agent) fn item(&self, item: K) -> Option<&Item> {
        self.items.get(&item)
    }

    /// Everything that is on, together: a share of one CPU.
    pub(in crate::agent) fn spent(&self) -> f64 {
        self.items.values().filter(|item| item.pause.is_none()).map(Item::cost).sum()
    }

    /// To be called about once a second.
    pub(in crate::agent) fn look(&mut self, now: Duration, readings: &[Reading<K>]) -> Vec<Decision<K>> {
        let elapsed = self.looked.map_or(Duration::ZERO, |looked| now.saturating_sub(looked));
        self.looked = Some(now);
        self.learn(elapsed, readings);
        let mut decisions = self.returning(now);
        decisions.extend(self.leaving(now));
        decisions
    }

    fn learn(&mut self, elapsed: Duration, readings: &[Reading<K>]) {
        let mut items = HashMap::with_capacity(readings.len());
        let elapsed = elapsed.as_secs_f64();
        for reading in readings {
            let mut item = self.items.remove(&reading.item).unwrap_or_else(|| Item::new(reading));
            item.learn(elapsed, reading);
            items.insert(reading.item, item);
        }
        self.items = items;
    }

    /// Pauses that are over: the cheapest first, as long as there is room.
    fn returning(&mut self, now: Duration) -> Vec<Decision<K>> {
        let mut due: Vec<_> = self
            .items
            .iter()
            .filter(|(_, item)| item.pause.is_some_and(|pause| pause.until <= now))
            .map(|(key, item)| (item.cost(), *key))
            .collect();
        due.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let mut spent = self.spent();
        let fits = |cost: f64, limit: Option<f64>| limit.is_none_or(|limit| cost <= limit * RETURN);
        let mut decisions = Vec::new();
        for (cost, key) in due {
            let Some(item) = self.items.get_mut(&key) else { continue };
            let Some(pause) = &mut item.pause else { continue };
            if fits(cost, self.limits.target) && fits(spent + cost, self.limits.host) {
                spent += cost;
                decisions.push(Decision::Resume(key, pause.missed));
                item.latest = Some((pause.length, now));
                item.pause = None;
            } else {
                pause.length = pause.length.saturating_mul(2).min(self.limits.max_pause);
                pause.until = now + pause.length;
                decisions.push(Decision::Extend(key));
            }
        }
        decisions
    }

    /// Whoever is over its own limit, then the dearest until the rest fits.
    fn leaving(&mut self, now: Duration) -> Vec<Decision<K>> {
        let mut on: Vec<_> = self
            .items
            .iter()
            .filter(|(_, item)| item.pause.is_none() && item.cost() > 0.0)
            .map(|(key, item)| (item.cost(), *key))
            .collect();
        on.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut spent: f64 = on.iter().map(|(cost, _)| cost).sum();
        let mut decisions = Vec::new();
        for (cost, key) in on {
            let own = self.limits.target.filter(|limit| cost > *limit);
            let all = self.limits.host.filter(|limit| spent > *limit);
            let excess = match (own, all) {
                (Some(limit), _) => Excess { host: false, cost, limit },
                (None, Some(limit)) => Excess { host: true, cost: spent, limit },
                (None, None) => break, // the rest is cheaper
            };
            spent -= cost;
            self.pause(key, now, excess);
            decisions.push(Decision::Pause(key, excess));
        }
        decisions
    }

    /// Twice as long as the last time, unless that was long ago.
    fn pause(&mut self, key: K, now: Duration, excess: Excess) {
        let Limits { initial_pause, max_pause, .. } = self.limits;
        let Some(item) = self.items.get_mut(&key) else { return };
        let length = match item.latest {
            Some((length, ended)) if now.saturating_sub(ended) < length.saturating_mul(2) => {
                length.saturating_mul(2).clamp(initial_pause, max_pause)
            }
            _ => initial_pause,
        };
        item.pause = Some(Pause { since: now, until: now + length, length, excess, missed: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn governor(target: Option<f64>, host: Option<f64>) -> Governor<u32> {
        Governor::new(Limits { target, host, initial_pause: 10 * SECOND, max_pause: 60 * SECOND })
    }

    /// Drives a governor second by second; each item has a rate.
    struct Run {
        governor: Governor<u32>,
        now: Duration,
        hits: Vec<u64>,
    }

    impl Run {
        fn new(governor: Governor<u32>, items: usize) -> Self {
            Self { governor, now: Duration::ZERO, hits: vec![0; items] }
        }

        /// One second at these rates, each hit a microsecond.
        fn second(&mut self, rates: &[u64]) -> Vec<Decision<u32>> {
            self.now += SECOND;
            for (hits, rate) in self.hits.iter_mut().zip(rates) {
                *hits += rate;
            }
            let readings: Vec<_> = (0..)
                .zip(&self.hits)
                .map(|(item, hits)| Reading {
                    item,
                    hits: *hits,
                    cost: Duration::from_micros(1),
                    besides: Duration::ZERO,
                })
                .collect();
            self.governor.look(self.now, &readings)
        }

        /// Seconds until it decides something.
        fn until(&mut self, rates: &[u64]) -> (u32, Vec<Decision<u32>>) {
            for seconds in 1..1000 {
                let decisions = self.second(rates);
                if !decisions.is_empty() {
                    return (seconds, decisions);
                }
            }
            panic!("it never decides anything");
        }
    }

    fn paused(decisions: &[Decision<u32>]) -> Vec<u32> {
        let pause = |decision: &Decision<u32>| match decision {
            Decision::Pause(item, _) => Some(*item),
            _ => None,
        };
        decisions.iter().filter_map(pause).collect()
    }

    #[test]
    fn nobody_goes_within_the_limits_or_without_any() {
        let mut run = Run::new(governor(Some(0.1), Some(0.15)), 2);
        let mut free = Run::new(governor(None, None), 2);
        for _ in 0..100 {
            assert_eq!(run.second(&[90_000, 50_000]), []);
            assert_eq!(free.second(&[900_000, 900_000]), []);
        }
        assert!((run.governor.spent() - 0.14).abs() < 0.001, "{}", run.governor.spent());
    }

    #[test]
    fn one_over_its_own_limit_goes_alone() {
        let mut run = Run::new(governor(Some(0.1), None), 3);
        let (_, decisions) = run.until(&[50_000, 200_000, 99_000]);
        assert_eq!(paused(&decisions), [1]);
        let pause = run.governor.item(1).and_then(|item| item.pause).expect("paused");
        assert!(!pause.excess.host && pause.excess.cost > 0.1, "{pause:?}");
        for _ in 0..8 {
            assert_eq!(run.second(&[50_000, 200_000, 99_000]), []);
        }
    }

    #[test]
    fn the_dearest_goes_first_until_the_host_can_afford_the_rest() {
        let mut run = Run::new(governor(None, Some(0.25)), 4);
        for _ in 0..30 {
            run.second(&[60_000, 60_000, 60_000, 60_000]);
        }
        let (_, decisions) = run.until(&[60_000, 90_000, 150_000, 70_000]);
        assert_eq!(paused(&decisions), [2], "one is enough");
        assert!(matches!(decisions[0], Decision::Pause(2, Excess { host: true, .. })), "{decisions:?}");
    }

    #[test]
    fn a_burst_is_forgiven() {
        let mut run = Run::new(governor(Some(0.1), None), 1);
        for _ in 0..20 {
            run.second(&[10_000]);
        }
        assert_eq!(run.second(&[300_000]), []);
        assert_eq!(run.second(&[10_000]), []);
    }

    #[test]
    fn it_comes_back_when_the_load_is_gone() {
        let mut run = Run::new(governor(Some(0.1), None), 1);
        run.until(&[200_000]);
        for _ in 0..9 {
            assert_eq!(run.second(&[100]), [], "not before its time");
        }
        assert_eq!(run.second(&[100]), [Decision::Resume(0, 1000)], "says what it has missed");
        assert!(run.governor.item(0).is_some_and(|item| item.pause.is_none()));
    }

    #[test]
    fn as_long_as_it_costs_too_much_it_stays_away_twice_as_long_up_to_a_bound() {
        let mut run = Run::new(governor(Some(0.1), None), 1);
        run.until(&[200_000]);
        let lengths: Vec<u32> = (0..5)
            .map(|_| {
                let (seconds, decisions) = run.until(&[200_000]);
                assert_eq!(decisions, [Decision::Extend(0)]);
                seconds
            })
            .collect();
        assert_eq!(lengths, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn what_would_just_fit_stays_away() {
        let mut run = Run::new(governor(Some(0.1), None), 1);
        run.until(&[200_000]);
        assert_eq!(
            run.until(&[95_000]).1,
            [Decision::Extend(0)],
            "within the limit, but it would soon go again"
        );
        assert!(matches!(run.until(&[70_000]).1[..], [Decision::Resume(0, _)]));
    }

    #[test]
    fn a_relapse_takes_longer_and_good_conduct_is_remembered() {
        let mut run = Run::new(governor(Some(0.1), None), 1);
        let length = |run: &Run| {
            let pause = run.governor.item(0).and_then(|item| item.pause).expect("paused");
            pause.length.as_secs()
        };
        run.until(&[400_000]);
        assert_eq!(length(&run), 10);
        run.until(&[0]);
        run.until(&[400_000]);
        assert_eq!(length(&run), 20);
        run.until(&[0]);
        for _ in 0..60 {
            assert_eq!(run.second(&[0]), []);
        }
        run.until(&[400_000]);
        assert_eq!(length(&run), 10);
    }

    /// Drives a governor until it decides something; hits cost a microsecond, and what is besides is so much a second while the item is on.
    fn with_besides(
        governor: &mut Governor<u32>,
        (clock, hits, spent): &mut (Duration, u64, Duration),
        rate: u64,
        besides: Duration,
    ) -> (u32, Decision<u32>) {
        for seconds in 1..1000 {
            let on = governor.item(0).is_none_or(|item| item.pause.is_none());
            *clock += SECOND;
            *hits += rate;
            *spent += if on { besides } else { Duration::ZERO };
            let reading = Reading { item: 0, hits: *hits, cost: Duration::from_micros(1), besides: *spent };
            if let Some(decision) = governor.look(*clock, &[reading]).first() {
                return (seconds, *decision);
            }
        }
        panic!("it never decides anything");
    }

    #[test]
    fn what_is_besides_goes_along_with_the_hits() {
        let mut governor = governor(Some(0.1), None);
        let mut state = (Duration::ZERO, 0, Duration::ZERO);
        let dear = Duration::from_millis(200);
        let (_, decision) = with_besides(&mut governor, &mut state, 10_000, dear);
        assert!(matches!(decision, Decision::Pause(0, excess) if excess.cost > 0.1), "{decision:?}");
        // The hits alone would fit.
        let (seconds, decision) = with_besides(&mut governor, &mut state, 10_000, dear);
        assert_eq!((seconds, decision), (10, Decision::Extend(0)));
        let (_, decision) = with_besides(&mut governor, &mut state, 100, dear);
        assert!(matches!(decision, Decision::Resume(0, _)), "{decision:?}");
    }

    #[test]
    fn without_hits_what_is_besides_is_tried_again() {
        let mut governor = governor(Some(0.1), None);
        let mut state = (Duration::ZERO, 0, Duration::ZERO);
        let dear = Duration::from_millis(200);
        for length in [10, 20] {
            let (_, decision) = with_besides(&mut governor, &mut state, 0, dear);
            assert!(matches!(decision, Decision::Pause(0, _)), "{decision:?}");
            let (seconds, decision) = with_besides(&mut governor, &mut state, 0, dear);
            assert_eq!((seconds, decision), (length, Decision::Resume(0, 0)));
        }
    }

    #[test]
    fn those_that_are_gone_are_forgotten() {
        let mut governor = governor(Some(0.1), None);
        let reading = |item| Reading { item, hits: 1, cost: SECOND, besides: Duration::ZERO };
        governor.look(SECOND, &[reading(1), reading(2)]);
        governor.look(2 * SECOND, &[reading(2)]);
        assert!(governor.item(1).is_none() && governor.item(2).is_some());
    }
}
