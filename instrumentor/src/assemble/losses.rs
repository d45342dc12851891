//! Who counts a lost exchange: the kernel, which could not hand over the first record of one of its runs, or the parser, to whom a stream
//! made no sense. Often both notice the same loss, at different times; it must count once.

use underspan_protocols::decoder::LossReason;

use crate::telemetry::Stats;

/// Exchanges of which records came, after which a loss the kernel counted will not show in the stream any more. Those of which none came
/// do not count: the decoder, which may hold a response until it sees the next request, did not get on by them.
const MEMORY: u32 = 128;
/// The same where the kernel counts openings, many of which may be answered late.
const MEMORY_OF_OPENINGS: u32 = 256;

/// Losses of one connection.
#[derive(Debug, Default)]
pub struct Losses {
    /// Exchanges so far, and how many of them the kernel counted, as of the latest record.
    exchanges: u32,
    counted: u32,
    /// Exchanges of which records came.
    seen: u32,
    /// Whether the first records of both runs of the latest exchange came: the kernel has no reason to count it then. Request, response.
    began: [bool; 2],
    /// Losses the kernel counted that may yet show in the stream.
    excuses: Vec<Excuse>,
    /// On a framed connection: openings the kernel lost whose answers may yet show in the stream, until there are so many exchanges.
    unheard: u32,
    unheard_until: u32,
    framed: bool,
    /// Losses that showed in the stream, and of which exchange if that is known; the kernel may yet turn out to have counted them.
    unsettled: Vec<(Option<u32>, LossReason)>,
    /// Those that were counted, by reason.
    shown: Vec<(LossReason, u64)>,
}

/// The kernel counted a loss among these exchanges.
#[derive(Debug)]
struct Excuse {
    first: u32,
    last: u32,
    /// Exchanges seen by then.
    seen: u32,
}

impl Losses {
    /// Number of the latest exchange.
    pub fn exchange(&self) -> u32 {
        self.exchanges
    }

    /// Exchanges the kernel has counted as lost.
    pub fn counted(&self) -> u32 {
        self.counted
    }

    /// Losses counted in user space, by reason.
    pub fn shown(&self) -> &[(LossReason, u64)] {
        &self.shown
    }

    /// Takes the kernel's counts from a record: `exchanges` so far, of which it `counted` some as lost. `own` tells whether the record is
    /// itself part of the last of them. Exchanges of which no record came cannot show in the stream.
    pub fn learn(&mut self, exchanges: u32, counted: u32, own: bool, stats: &mut Stats) {
        if self.framed {
            return self.learn_openings(exchanges, counted, stats);
        }
        let began_both = self.began == [true; 2];
        let unseen = exchanges.saturating_sub(self.exchanges).saturating_sub(u32::from(own));
        let visible = counted.saturating_sub(self.counted).saturating_sub(unseen);
        let (first, last) = (self.exchanges + u32::from(began_both), exchanges.max(self.exchanges));
        self.seen += u32::from(own && exchanges > self.exchanges);
        let seen = self.seen;
        self.excuses.retain(|excuse| excuse.seen + MEMORY >= seen);
        self.excuses.extend((0..visible.min(8)).map(|_| Excuse { first, last, seen }));
        if exchanges > self.exchanges || !own {
            self.settle(stats);
        }
        if exchanges > self.exchanges {
            self.began = [false; 2];
        }
        self.exchanges = last;
        self.counted = self.counted.max(counted);
    }

    /// The same of a connection whose frames the kernel follows. It counts requests that open an exchange, and as lost those user space
    /// never heard of, responses being missed by the decoder itself. Each of the lost can show just once, as something without a request.
    /// So what is counted here is exact while the answer comes within [`MEMORY_OF_OPENINGS`] exchanges, and later counts twice.
    pub fn learn_openings(&mut self, exchanges: u32, counted: u32, stats: &mut Stats) {
        self.framed = true;
        let lost = counted.saturating_sub(self.counted);
        if exchanges > self.unheard_until {
            self.unheard = 0;
        }
        if lost > 0 {
            self.unheard = self.unheard.saturating_add(lost);
            self.unheard_until = exchanges.saturating_add(MEMORY_OF_OPENINGS);
        }
        self.settle(stats);
        self.exchanges = self.exchanges.max(exchanges);
        self.counted = self.counted.max(counted);
    }

    /// The first record of a run of the latest exchange came.
    pub fn begin(&mut self, request: bool) {
        self.began[usize::from(!request)] = true;
    }

    /// The stream shows that `exchange` is lost, or with `None` one of the latest.
    pub fn show(&mut self, exchange: Option<u32>, reason: LossReason) {
        if !self.excuse(exchange) {
            self.unsettled.push((exchange, reason));
        }
    }

    /// Whether the kernel has counted the loss of this exchange, which is then spoken for.
    pub fn excuse(&mut self, exchange: Option<u32>) -> bool {
        let fits =
            |excuse: &Excuse| exchange.is_none_or(|number| (excuse.first..=excuse.last).contains(&number));
        let found = self.excuses.iter().position(fits);
        if found.map(|index| self.excuses.remove(index)).is_some() {
            return true;
        }
        let unheard = exchange.is_none() && self.unheard > 0;
        self.unheard -= u32::from(unheard);
        unheard
    }

    /// Counts what the kernel has not.
    pub fn settle(&mut self, stats: &mut Stats) {
        for (exchange, reason) in std::mem::take(&mut self.unsettled) {
            if !self.excuse(exchange) {
                stats.lose(reason, 1);
                match self.shown.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, count)) => *count += 1,
                    None => self.shown.push((reason, 1)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(losses: &mut Losses) -> u64 {
        let mut stats = Stats::default();
        losses.settle(&mut stats);
        stats.lost()
    }

    #[test]
    fn a_loss_counts_once_whoever_notices_first() {
        let mut stats = Stats::default();
        let mut losses = Losses::default();
        losses.learn(1, 0, true, &mut stats);
        losses.learn(2, 1, true, &mut stats);
        losses.show(Some(1), LossReason::NotCaptured);
        assert_eq!(lost(&mut losses), 0, "the kernel was first");
        losses.show(Some(2), LossReason::NotCaptured);
        losses.learn(3, 2, true, &mut stats);
        assert_eq!((stats.lost(), lost(&mut losses)), (0, 0), "the stream was first");
        losses.show(Some(3), LossReason::NotCaptured);
        losses.learn(4, 2, true, &mut stats);
        assert_eq!(stats.lost(), 1, "only the stream");
    }

    #[test]
    fn lost_openings_excuse_answers_to_nothing_and_nothing_else() {
        let mut stats = Stats::default();
        let mut losses = Losses::default();
        losses.learn_openings(10, 0, &mut stats);
        losses.learn_openings(15, 2, &mut stats);
        losses.show(None, LossReason::NoRequest);
        losses.show(Some(12), LossReason::NotCaptured);
        assert_eq!(lost(&mut losses), 1, "a request that was heard of is not among them");
        losses.show(None, LossReason::NoRequest);
        assert_eq!(lost(&mut losses), 0);
        losses.show(None, LossReason::NoRequest);
        assert_eq!(lost(&mut losses), 1, "there were two");
        losses.learn_openings(20, 3, &mut stats);
        losses.learn(20 + MEMORY_OF_OPENINGS + 1, 3, true, &mut stats);
        losses.show(None, LossReason::NoRequest);
        assert_eq!(lost(&mut losses), 1, "too late");
    }

    #[test]
    fn an_exchange_nobody_saw_excuses_no_other() {
        let mut stats = Stats::default();
        let mut losses = Losses::default();
        losses.learn(1, 0, true, &mut stats);
        losses.learn(3, 1, true, &mut stats);
        losses.show(Some(3), LossReason::Malformed);
        assert_eq!(lost(&mut losses), 1);
    }
}
