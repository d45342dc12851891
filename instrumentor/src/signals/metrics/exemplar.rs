//! Examples of the values in a histogram, with the trace each belongs to.
use crate::{correlate::exchange::Exchange, signals::wire};

/// W3C trace flag: the trace is sampled, so somebody can look at it.
const SAMPLED: u8 = 1;

/// One example per slot, the latest; slots are buckets where these are fixed.
#[derive(Debug, Clone)]
pub(super) struct Exemplars(Box<[Option<Exemplar>]>);

#[derive(Debug, Clone)]
struct Exemplar {
    value: f64,
    time: u64,
    trace_id: [u8; 16],
    span_id: [u8; 8],
}

impl Exemplars {
    pub(super) fn new(slots: usize) -> Self {
        Self(vec![None; slots].into())
    }

    /// Keeps the exchange as an example of a value, if it is sampled.
    pub(super) fn offer(&mut self, slot: usize, value: f64, exchange: &Exchange) {
        if exchange.flags & SAMPLED == 0 || self.0.is_empty() {
            return;
        }
        let slot = slot % self.0.len();
        self.0[slot] = Some(Exemplar {
            value,
            time: exchange.end,
            trace_id: exchange.trace_id,
            span_id: exchange.span_id,
        });
    }

    /// Writes them to a field of a point, and forgets them: the next point has newer ones.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, field: u32) {
        for exemplar in self.0.iter_mut().filter_map(Option::take) {
            let message = wire::open(out, field);
            wire::fixed64(out, 2, exemplar.time);
            wire::double(out, 3, exemplar.value);
            wire::bytes(out, 4, &exemplar.span_id);
            wire::bytes(out, 5, &exemplar.trace_id);
            wire::close(out, message);
        }
    }
}
