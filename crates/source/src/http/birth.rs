//! Whether somebody is a minor, by their date of birth.

use countersign_domain::time::Timestamp;
use serde::Deserialize;

/// How a platform writes a date of birth.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BirthFormat {
    /// `1971-06-09`, whatever follows.
    #[default]
    Iso,
    /// `06/09/1971`, the month first.
    MonthFirst,
    /// Milliseconds since 1970, in UTC.
    EpochMs,
    /// Seconds since 1970, in UTC.
    EpochS,
}

/// A day of the calendar: year, month, day.
pub(super) type Day = (u32, u32, u32);

impl BirthFormat {
    /// The day that this JSON value says; `None` if it says none.
    pub(super) fn day(self, json: &str) -> Option<Day> {
        let text = || serde_json::from_str::<String>(json).ok();
        let seconds = |per_second: i64| {
            let value: i64 = serde_json::from_str(json).ok()?;
            // Whoever was born before 1970 is of age by any rule.
            let seconds = u64::try_from(value / per_second).unwrap_or(0);
            Some(day_of(Timestamp::from_seconds(seconds)))
        };
        match self {
            Self::Iso => iso(&text()?),
            Self::MonthFirst => {
                let text = text()?;
                let mut parts = text.split('/').map(number);
                let (month, day, year) = (parts.next()??, parts.next()??, parts.next()??);
                checked((year, month, day))
            }
            Self::EpochMs => seconds(1_000),
            Self::EpochS => seconds(1),
        }
    }
}

/// Whether somebody who was born on this day has not had so many birthdays. Who was born on a 29th of
/// February has theirs on the 1st of March of other years.
pub(super) const fn is_younger((year, month, day): Day, years: u32, today: Day) -> bool {
    let comes_of_age = year + years;
    let (this_year, this_month, this_day) = today;
    if comes_of_age != this_year {
        return comes_of_age > this_year;
    }
    month > this_month || (month == this_month && day > this_day)
}

/// The day of a time, in UTC.
pub(super) fn day_of(now: Timestamp) -> Day {
    // The text of a time begins with its day, always.
    iso(&now.to_string()).unwrap_or((9_999, 12, 31))
}

fn iso(text: &str) -> Option<Day> {
    let mut parts = text.get(..10)?.split('-').map(number);
    checked((parts.next()??, parts.next()??, parts.next()??))
}

fn number(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

fn checked(day: Day) -> Option<Day> {
    let (year, month, of_month) = day;
    ((1_800..=9_999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&of_month))
        .then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_every_format() {
        for (format, json, expected) in [
            (BirthFormat::Iso, "\"1971-06-09\"", Some((1971, 6, 9))),
            (BirthFormat::Iso, "\"1971-06-09T00:00:00Z\"", Some((1971, 6, 9))),
            (BirthFormat::Iso, "\"1971-13-09\"", None),
            (BirthFormat::Iso, "\"06/09\"", None),
            (BirthFormat::Iso, "5", None),
            (BirthFormat::MonthFirst, r#""06\/09\/1971""#, Some((1971, 6, 9))),
            (BirthFormat::MonthFirst, "\"06/09\"", None),
            (BirthFormat::EpochMs, "558921600000", Some((1987, 9, 18))),
            (BirthFormat::EpochS, "558921600", Some((1987, 9, 18))),
            (BirthFormat::EpochMs, "-5", Some((1970, 1, 1))),
            (BirthFormat::EpochMs, "\"x\"", None),
        ] {
            assert_eq!(format.day(json), expected, "{format:?} {json}");
        }
    }

    #[test]
    fn one_comes_of_age_on_the_birthday() {
        for (born, today, expected) in [
            ((2008, 6, 9), (2026, 6, 8), true),
            ((2008, 6, 9), (2026, 6, 9), false),
            ((2008, 2, 29), (2026, 2, 28), true),
            ((2008, 2, 29), (2026, 3, 1), false),
            ((2009, 1, 1), (2026, 12, 31), true),
            ((1970, 1, 1), (2026, 1, 1), false),
        ] {
            assert_eq!(is_younger(born, 18, today), expected, "{born:?} {today:?}");
        }
    }
}
