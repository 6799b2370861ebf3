//! A day, as budgets count them: from midnight to midnight in UTC.

use countersign_domain::budget::WINDOW_DAYS_MAX;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Day(u64);

impl Day {
    /// The day of an instant.
    pub(super) const fn of(time: Timestamp) -> Self {
        Self(time.seconds() / SECONDS_PER_DAY)
    }

    /// The first day of the window of so many days that ends with this one.
    pub(super) fn first_of(self, window_days: u32) -> Self {
        Self((self.0 + 1).saturating_sub(u64::from(window_days)))
    }

    /// The first day that any window which ends with this one can have in it.
    pub(super) fn oldest(self) -> Self {
        self.first_of(WINDOW_DAYS_MAX)
    }
}
