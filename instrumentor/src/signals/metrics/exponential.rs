//! Base-2 exponential histogram: bucket `i` holds the values in `(b^i, b^(i+1)]` with `b = 2^(2^-scale)`. It
//! begins as fine as it can and halves its resolution whenever the values spread over more buckets than it
//! has.

/// Finest scale, as OpenTelemetry's SDKs begin.
const MAX_SCALE: i32 = 20;
/// Buckets, as OpenTelemetry's SDKs have.
const MAX_BUCKETS: usize = 160;

/// Exact count, sum and range of the values recorded, and how they are distributed, within 1/40 at the
/// latency spreads services have.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    scale: i32,
    /// Index of the first bucket.
    offset: i32,
    buckets: Vec<u64>,
    zeros: u64,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

/// No values, and no room for any.
const EMPTY: Histogram = Histogram {
    scale: MAX_SCALE,
    offset: 0,
    buckets: Vec::new(),
    zeros: 0,
    count: 0,
    sum: 0.0,
    min: f64::INFINITY,
    max: f64::NEG_INFINITY,
};

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: Vec::with_capacity(MAX_BUCKETS), ..EMPTY }
    }
}

impl Histogram {
    /// Adds a value, not negative. Does not allocate.
    pub fn record(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value < f64::MIN_POSITIVE {
            self.zeros += 1;
            return;
        }
        let index = index(value, self.scale);
        let by = self.cover(index, index);
        self.add(index >> by, 1);
    }

    /// Adds everything another histogram has.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.zeros += other.zeros;
        let Some(last) = other.last() else { return };
        if self.buckets.is_empty() {
            self.scale = other.scale;
        }
        self.downscale(self.scale - self.scale.min(other.scale));
        let mut by = other.scale - self.scale;
        by += self.cover(other.offset >> by, last >> by);
        for (index, count) in (other.offset..).zip(&other.buckets) {
            self.add(index >> by, *count);
        }
    }

    /// Forgets the values, and is as fine as in the beginning.
    pub fn clear(&mut self) {
        let mut buckets = std::mem::take(&mut self.buckets);
        buckets.clear();
        *self = Self { buckets, ..EMPTY };
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Sum of the values.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Smallest and largest value; `None` before the first.
    pub fn range(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.min, self.max))
    }

    /// Number of values that are zero, or as good as.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// Scale, index of the first bucket, and the buckets.
    pub fn buckets(&self) -> (i32, i32, &[u64]) {
        (self.scale, self.offset, &self.buckets)
    }

    /// The value below which the share `q` (from 0 to 1) of the values lies; `None` before the first.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (min, max) = self.range()?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            clippy::cast_possible_truncation,
            reason = "a rank within count"
        )]
        let rank = ((q * self.count as f64).ceil() as u64).clamp(1, self.count);
        let mut seen = self.zeros;
        if rank <= seen {
            return Some(min.max(0.0));
        }
        for (index, count) in (self.offset..).zip(&self.buckets) {
            seen += count;
            if rank <= seen {
                let middle = (f64::from(index) + 0.5) * f64::from(-self.scale).exp2();
                return Some(middle.exp2().clamp(min, max));
            }
        }
        Some(max)
    }

    fn last(&self) -> Option<i32> {
        let buckets = i32::try_from(self.buckets.len()).expect("few buckets");
        (buckets > 0).then(|| self.offset + buckets - 1)
    }

    /// Makes room for buckets `low` to `high`; by how much these must be shifted because the scale was
    /// lowered for it.
    fn cover(&mut self, low: i32, high: i32) -> i32 {
        let (mut first, mut last) = match self.last() {
            Some(last) => (self.offset.min(low), last.max(high)),
            None => (low, high),
        };
        let mut by = 0;
        while last.abs_diff(first) as usize >= MAX_BUCKETS {
            first >>= 1;
            last >>= 1;
            by += 1;
        }
        self.downscale(by);
        if self.buckets.is_empty() {
            self.offset = first;
        }
        let before = self.offset.abs_diff(first) as usize;
        self.buckets.resize(last.abs_diff(first) as usize + 1, 0);
        self.buckets.rotate_right(before);
        self.offset = first;
        by
    }

    fn add(&mut self, index: i32, count: u64) {
        self.buckets[index.abs_diff(self.offset) as usize] += count;
    }

    /// Joins `2^by` neighbours.
    fn downscale(&mut self, by: i32) {
        if by == 0 {
            return;
        }
        let first = self.offset >> by;
        for i in 0..self.buckets.len() {
            let index = self.offset + i32::try_from(i).expect("few buckets");
            let to = (index >> by).abs_diff(first) as usize;
            if to != i {
                self.buckets[to] += std::mem::take(&mut self.buckets[i]);
            }
        }
        let kept = self.last().map_or(0, |last| (last >> by).abs_diff(first) as usize + 1);
        self.buckets.truncate(kept);
        self.offset = first;
        self.scale -= by;
    }
}

/// The bucket of a normal positive value.
fn index(value: f64, scale: i32) -> i32 {
    const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> MANTISSA_BITS).expect("eleven bits") - 1023;
    // A power of two is the upper, included, end of its bucket.
    let power = bits & ((1 << MANTISSA_BITS) - 1) == 0;
    if scale <= 0 {
        return (exponent - i32::from(power)) >> -scale;
    }
    if power {
        return (exponent << scale) - 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 1024 times 2^20")]
    let index = (value.log2() * f64::from(scale).exp2()).floor() as i32;
    // The logarithm may round to the next power of two.
    index.clamp(exponent << scale, ((exponent + 1) << scale) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    fn of(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    #[test]
    fn powers_of_two_end_their_bucket() {
        for scale in [-3, -1, 0, 1, 5, 20] {
            for exponent in [-1022, -10, -1, 0, 1, 7, 1023] {
                let value = f64::from(exponent).exp2();
                let expected = if scale > 0 { (exponent << scale) - 1 } else { (exponent - 1) >> -scale };
                assert_eq!(index(value, scale), expected, "2^{exponent} at scale {scale}");
                assert!(index(value * (1.0 + 1e-9), scale) > expected || scale < 0);
            }
        }
    }

    #[test]
    fn quantiles_are_close() {
        let values: Vec<_> = (1..=1000).map(|i| f64::from(i) / 1000.0).collect();
        let histogram = of(&values);
        for (q, exact) in [(0.0, 0.001), (0.5, 0.5), (0.95, 0.95), (0.99, 0.99), (1.0, 1.0)] {
            let quantile = histogram.quantile(q).expect("not empty");
            assert!((quantile / exact - 1.0).abs() < 0.05, "{q}: {quantile}");
        }
        assert_eq!(of(&[]).quantile(0.5), None);
        assert_eq!(of(&[0.0, 0.0, 1.0]).quantile(0.5), Some(0.0));
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![
            Just(0.0),
            1e-9..1e-3_f64,
            1e-3..10.0_f64,
            (0..2000_i32).prop_map(|i| f64::from(i - 1000).exp2())
        ];
        collection::vec(value, 0..300)
    }

    proptest! {
        #[test]
        fn each_value_is_in_its_bucket(values in values()) {
            let histogram = of(&values);
            let (scale, offset, buckets) = histogram.buckets();
            prop_assert!(buckets.len() <= MAX_BUCKETS);
            let mut expected = vec![0; buckets.len()];
            for value in values.iter().filter(|value| **value >= f64::MIN_POSITIVE) {
                expected[index(*value, scale).abs_diff(offset) as usize] += 1;
            }
            prop_assert_eq!(buckets, expected);
            prop_assert_eq!(histogram.zeros() + buckets.iter().sum::<u64>(), values.len() as u64);
        }

        #[test]
        fn merging_is_recording_both(a in values(), b in values()) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let mut all = of(&a);
            for value in &b { all.record(*value); }
            prop_assert_eq!(merged.buckets(), all.buckets());
            prop_assert_eq!((merged.count(), merged.range(), merged.zeros()), (all.count(), all.range(), all.zeros()));
        }

        #[test]
        fn a_cleared_histogram_counts_anew(a in values(), b in values()) {
            let mut histogram = of(&a);
            histogram.clear();
            prop_assert_eq!(&histogram, &of(&[]));
            for value in &b { histogram.record(*value); }
            prop_assert_eq!(histogram, of(&b));
        }
    }
}
