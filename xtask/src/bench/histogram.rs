//! Durations in buckets, each at most 1/64 wide, so that percentiles of millions cost little.

/// Buckets per power of two.
const STEPS: u64 = 64;
const STEPS_LOG2: u32 = STEPS.ilog2();
/// Values up to 2^40 microseconds, twelve days.
const BUCKETS: usize = ((40 - STEPS_LOG2) as usize + 1) * STEPS as usize;

/// Counts of durations in microseconds.
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max_us: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max_us: 0 }
    }

    pub(crate) fn record(&mut self, us: u64) {
        self.counts[bucket(us)] += 1;
        self.total += 1;
        self.max_us = self.max_us.max(us);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max_us = self.max_us.max(other.max_us);
    }

    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    pub(crate) const fn max_us(&self) -> u64 {
        self.max_us
    }

    /// The duration that `per_mille` of 1,000 do not exceed, by at most 1/64 too high.
    pub(crate) fn percentile_us(&self, per_mille: u64) -> u64 {
        let wanted = (self.total * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return highest_of(bucket).min(self.max_us);
            }
        }
        self.max_us
    }
}

/// Below [`STEPS`] one value a bucket; above, the leading bits choose it.
fn bucket(us: u64) -> usize {
    let shift = us.max(1).ilog2().saturating_sub(STEPS_LOG2);
    let bucket = u64::from(shift) * STEPS + (us >> shift);
    usize::try_from(bucket).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

fn highest_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket / STEPS).saturating_sub(1);
    ((bucket - shift * STEPS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_at_most_a_64th_below_its_top() {
        for us in (0..5_000).chain([65_535, 65_536, 1_000_003, (1 << 40) - 1]) {
            let top = highest_of(bucket(us));
            assert!(us <= top && top - us <= us / 64, "{us} is told as {top}");
        }
    }

    #[test]
    fn percentiles_of_a_thousand_are_what_counting_says() {
        let mut histogram = Histogram::new();
        let mut other = Histogram::new();
        for us in 1..=1000 {
            if us % 2 == 0 { &mut histogram } else { &mut other }.record(us);
        }
        histogram.add(&other);
        assert_eq!(histogram.total(), 1000);
        assert_eq!(histogram.max_us(), 1000);
        for (per_mille, us) in [(500, 500), (900, 900), (990, 990)] {
            let told = histogram.percentile_us(per_mille);
            assert!((us..=us + us / 64).contains(&told), "{per_mille}: {told}");
        }
    }
}
