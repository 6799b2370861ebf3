//! What the order of a log says about its times. The time of a disclosure, of consents or of a close is
//! read from the log's own clock; an act's time is set by those who sign it, and the log takes an act whose time is within
//! [`ACT_SKEW_S`] of its clock, before or after.
//!
//! From entries alone an outsider therefore knows a floor below which the log's clock cannot have
//! been: no lower than any time before that was read from it, nor than that of any act before less the
//! skew. Nothing may be older than that floor allows. The log keeps the same floor with the same code.
//!
//! What it is not: a proof of time. Whoever holds all keys can date a whole log as they like until
//! others keep its checkpoints.

use countersign_domain::time::Timestamp;

/// How far an act's time may be from the log's clock, in seconds.
pub const ACT_SKEW_S: u64 = 900;

/// What is known of a log's clock after some number of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chronology {
    floor: Timestamp,
    newest: Timestamp,
}

impl Default for Chronology {
    fn default() -> Self {
        let beginning = Timestamp::from_seconds(0);
        Self { floor: beginning, newest: beginning }
    }
}

/// A time that cannot be, given what stands in the log before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} is too early: what stands before it allows {earliest} at the earliest")]
pub struct TooEarly {
    /// The entry's time.
    pub found: Timestamp,
    /// The earliest time that could be.
    pub earliest: Timestamp,
}

impl Chronology {
    /// What was known when this was kept.
    #[must_use]
    pub(crate) const fn kept(floor: Timestamp, newest: Timestamp) -> Self {
        Self { floor, newest }
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

    /// Takes a time that was read from the log's own clock: of a disclosure, of consents, of a close.
    ///
    /// # Errors
    /// [`TooEarly`] if the clock had passed it; what is known then stays as it was.
    pub fn clock(&mut self, time: Timestamp) -> Result<(), TooEarly> {
        if time < self.floor {
            return Err(TooEarly { found: time, earliest: self.floor });
        }
        self.floor = time;
        self.newest = self.newest.max(time);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_floor_rises_with_disclosures_and_with_acts_less_the_skew() {
        let mut known = Chronology::default();
        assert_eq!(known.clock(at(10_000)), Ok(()));
        assert_eq!(known.act(at(9_100)), Ok(()));
        assert!(known.act(at(9_099)).is_err());
        assert_eq!(known.act(at(10_901)), Ok(()));
        assert_eq!(known.floor(), at(10_001));
        assert!(known.clock(at(10_000)).is_err());
        assert_eq!(known.clock(at(10_001)), Ok(()));
        assert_eq!(known.newest(), at(10_901));
    }
}
