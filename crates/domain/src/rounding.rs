//! How numbers of people are published: rounded up to a power of two, and 0 as 0.
//!
//! Entries, closes and auditors' statements use this one rule. Two public numbers that are rounded differently would
//! give the exact one away.

/// The number as it is published: the smallest power of two that is not below it, and 0 for 0.
#[must_use]
pub const fn rounded_up(count: u64) -> u64 {
    match count {
        0 => 0,
        // Nothing here is counted beyond 2^63.
        _ => match count.checked_next_power_of_two() {
            Some(rounded) => rounded,
            None => 1 << 63,
        },
    }
}

/// Whether this is a number that [`rounded_up`] gives.
#[must_use]
pub const fn is_rounded(count: u64) -> bool {
    count == 0 || count.is_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_up_to_powers_of_two_and_none_stays_none() {
        let rounded = [(0, 0), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (64, 64), (65, 128)];
        for (count, expected) in rounded {
            assert_eq!(rounded_up(count), expected, "{count}");
            assert!(is_rounded(expected), "{expected}");
            assert_eq!(is_rounded(count), count == expected, "{count}");
        }
        assert_eq!(rounded_up(u64::MAX), 1 << 63);
    }
}
