//! What the order of a log says about its times. The time of a disclosure, of consents or of a close is
//! read from the log's own clock; an act's time is set by those who sign it, and the log takes an act whose time is
//! within [`ACT_SKEW_S`] of its clock, before or after.
//!
//! From entries alone an outsider therefore knows a floor below which the log's clock cannot have
//! been: no lower than any time before that was read from it, nor than that of any act before less the
//! skew. Nothing may be older than that floor allows. The log keeps the same floor with the same code.
//!
//! Whatever stood before an entry with a time of the clock's stood in the log by then: so an outsider also
//! knows how much of the log a decision has to have seen that may look back [`AS_OF_AGE_S`] and no further.
//!
//! What it is not: a proof of time. Whoever holds all keys can date a whole log as they like until
//! others keep its checkpoints.

use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How far an act's time may be from the log's clock, in seconds.
pub const ACT_SKEW_S: u64 = 900;

/// How long before its entry a decision may have looked at the log, in whole seconds of the log's clock.
pub const AS_OF_AGE_S: u64 = 2;

/// The seconds that [`AS_OF_AGE_S`] reaches back over, and the last one before them.
const SECONDS_KEPT: usize = AS_OF_AGE_S as usize + 2;

/// What is known of a log's clock after some number of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chronology {
    floor: Timestamp,
    newest: Timestamp,
    seconds: LastSeconds,
}

impl Default for Chronology {
    fn default() -> Self {
        let beginning = Timestamp::from_seconds(0);
        Self {
            floor: beginning,
            newest: beginning,
            seconds: LastSeconds([(beginning, 0); SECONDS_KEPT]),
        }
    }
}

/// How many entries the log had at the end of each of the last seconds that were read from its clock, the newest
/// last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LastSeconds([(Timestamp, u64); SECONDS_KEPT]);

impl LastSeconds {
    fn take(&mut self, time: Timestamp, size: u64) {
        let Self(seconds) = self;
        if seconds.last().is_some_and(|(newest, _)| *newest != time) {
            seconds.rotate_left(1);
        }
        if let Some(newest) = seconds.last_mut() {
            *newest = (time, size);
        }
    }
}

/// A time that cannot be, given what stands in the log before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} is too early: the entries before it allow {earliest} at the earliest")]
pub struct TooEarly {
    /// The entry's time.
    pub found: Timestamp,
    /// The earliest time that could be.
    pub earliest: Timestamp,
}

impl Chronology {
    /// What was known when this was kept.
    #[must_use]
    pub const fn kept(floor: Timestamp, newest: Timestamp, seconds: LastSeconds) -> Self {
        Self { floor, newest, seconds }
    }

    /// The log's clock cannot have been before this.
    #[must_use]
    pub const fn floor(&self) -> Timestamp {
        self.floor
    }

    /// The latest time of any entry.
    #[must_use]
    pub const fn newest(&self) -> Timestamp {
        self.newest
    }

    /// How long the log was at the end of each of the last seconds.
    #[must_use]
    pub const fn seconds(&self) -> LastSeconds {
        self.seconds
    }

    /// How many entries a decision has to have seen whose entry has this time: all that stood in the log more than
    /// [`AS_OF_AGE_S`] earlier by its clock.
    #[must_use]
    pub fn as_of_min(&self, time: Timestamp) -> u64 {
        let seconds = self.seconds.0.iter().rev();
        let mut old = seconds.filter(|(second, _)| second.plus_seconds(AS_OF_AGE_S) < time);
        old.next().map_or(0, |(_, size)| *size)
    }

    /// Takes the time of an act.
    ///
    /// # Errors
    /// [`TooEarly`] if it is dated back; what is known then stays as it was.
    pub fn act(&mut self, time: Timestamp) -> Result<(), TooEarly> {
        let earliest = Timestamp::from_seconds(self.floor.seconds().saturating_sub(ACT_SKEW_S));
        if time < earliest {
            return Err(TooEarly { found: time, earliest });
        }
        let clock = Timestamp::from_seconds(time.seconds().saturating_sub(ACT_SKEW_S));
        self.floor = self.floor.max(clock);
        self.newest = self.newest.max(time);
        Ok(())
    }

    /// Takes a time that was read from the log's own clock, of a disclosure, of consents or of a close, which makes
    /// the log this long.
    ///
    /// # Errors
    /// [`TooEarly`] if the clock had passed it; what is known then stays as it was.
    pub fn clock(&mut self, time: Timestamp, size: u64) -> Result<(), TooEarly> {
        if time < self.floor {
            return Err(TooEarly { found: time, earliest: self.floor });
        }
        self.floor = time;
        self.seconds.take(time, size);
        self.newest = self.newest.max(time);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_floor_rises_with_disclosures_and_with_acts_less_the_skew() {
        let mut known = Chronology::default();
        assert_eq!(known.clock(at(10_000), 1), Ok(()));
        assert_eq!(known.act(at(9_100)), Ok(()));
        assert!(known.act(at(9_099)).is_err());
        assert_eq!(known.act(at(10_901)), Ok(()));
        assert_eq!(known.floor(), at(10_001));
        assert!(known.clock(at(10_000), 4).is_err());
        assert_eq!(known.clock(at(10_001), 4), Ok(()));
        assert_eq!(known.newest(), at(10_901));
    }

    proptest! {
        /// Against the definition: every entry up to the last one that the clock had dated more than two seconds ago.
        #[test]
        fn property_a_decision_has_seen_what_is_more_than_two_seconds_old(
            steps in proptest::collection::vec((0_u64..4, any::<bool>()), 0..40),
            ahead in 0_u64..6,
        ) {
            let (mut known, mut now, mut dated) = (Chronology::default(), 1_000, Vec::new());
            for ((step, is_act), index) in steps.into_iter().zip(0_u64..) {
                now += step;
                if is_act {
                    known.act(at(now)).unwrap();
                } else {
                    known.clock(at(now), index + 1).unwrap();
                    dated.push((now, index + 1));
                }
                let time = now + ahead;
                let old = dated.iter().filter(|(second, _)| second + 2 < time);
                prop_assert_eq!(known.as_of_min(at(time)), old.map(|(_, size)| *size).max().unwrap_or(0));
            }
        }
    }
}
