//! A distribution: how many values were at most so large, as histograms of monitoring systems have it.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many bounds a distribution has.
pub const BOUNDS: usize = 12;

/// Bounds of times in microseconds: 50 µs to 10 s.
pub(crate) const TIMES_US: [u64; BOUNDS] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000];

/// Bounds of counts: 1 to 2,048.
pub(crate) const COUNTS: [u64; BOUNDS] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048];

/// What was counted until one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Distribution {
    /// The upper bounds, each one within its count.
    pub bounds: [u64; BOUNDS],
    /// How many values are within each bound, and above the one before it.
    pub counts: [u64; BOUNDS],
    /// How many values are above all bounds.
    pub above: u64,
    /// The sum of all values.
    pub sum: u64,
}

/// Counts values.
pub(crate) struct Distributor {
    bounds: [u64; BOUNDS],
    counts: [AtomicU64; BOUNDS],
    above: AtomicU64,
    sum: AtomicU64,
}

impl Distributor {
    pub(crate) const fn new(bounds: [u64; BOUNDS]) -> Self {
        let counts = [const { AtomicU64::new(0) }; BOUNDS];
        Self { bounds, counts, above: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, value: u64) {
        let within = self.bounds.iter().zip(&self.counts).find(|(bound, _)| value <= **bound);
        within.map_or(&self.above, |(_, count)| count).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Distribution {
        Distribution {
            bounds: self.bounds,
            counts: self.counts.each_ref().map(|count| count.load(Ordering::Relaxed)),
            above: self.above.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_once_within_the_first_bound_that_it_does_not_exceed() {
        let counts = Distributor::new(COUNTS);
        for value in [1, 2, 3, 2_048, 2_049] {
            counts.add(value);
        }
        let found = counts.read();
        assert_eq!(found.counts, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!((found.above, found.sum), (1, 4_103));
    }
}
