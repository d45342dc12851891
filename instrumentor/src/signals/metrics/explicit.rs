//! Histogram with boundaries given beforehand.
use underspan_protocols::message::Metric;

/// Advised by nobody: what OpenTelemetry's SDKs use then.
const DEFAULT: &[f64] =
    &[0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0];
/// For bytes that is of no use; ours are powers of four from nothing to 1 GiB.
const SIZES: &[f64] = &[
    0.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
];

/// The boundaries of a metric: advised, or the default for its unit.
pub(super) fn boundaries(metric: &Metric) -> &'static [f64] {
    match metric.boundaries {
        [] if metric.unit == "By" => SIZES,
        [] => DEFAULT,
        advised => advised,
    }
}

/// Exact count, sum and range of the values recorded, and how many lie between the boundaries.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    pub(super) boundaries: &'static [f64],
    /// One more than boundaries; a value equal to a boundary is below it.
    pub(super) buckets: Box<[u64]>,
    pub(super) count: u64,
    pub(super) sum: f64,
    min: f64,
    max: f64,
}

impl Histogram {
    pub(super) fn new(boundaries: &'static [f64]) -> Self {
        let buckets = vec![0; boundaries.len() + 1].into();
        Self { boundaries, buckets, count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    /// Adds a value; the number of its bucket.
    pub(super) fn record(&mut self, value: f64) -> usize {
        let bucket = self.boundaries.partition_point(|boundary| *boundary < value);
        self.buckets[bucket] += 1;
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        bucket
    }

    pub(super) fn clear(&mut self) {
        self.buckets.fill(0);
        *self = Self { buckets: std::mem::take(&mut self.buckets), ..Self::new(self.boundaries) };
    }

    pub(super) fn range(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.min, self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_belongs_to_the_bucket_below() {
        let mut histogram = Histogram::new(&[0.0, 1.0, 2.0]);
        let buckets = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5].map(|value| histogram.record(value));
        assert_eq!(buckets, [0, 1, 1, 2, 2, 3]);
        assert_eq!(*histogram.buckets, [1, 2, 2, 1]);
        assert_eq!(histogram.range(), Some((0.0, 2.5)));
        histogram.clear();
        assert_eq!((&*histogram.buckets, histogram.count, histogram.range()), (&[0; 4][..], 0, None));
    }
}
