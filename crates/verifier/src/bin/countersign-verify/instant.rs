//! Instants as readers write them: a date, a date-time, or seconds since 1970.

use countersign_domain::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Characters of a date, as 2027-01-31.
const DATE_LENGTH: usize = 10;

/// Reads an instant. A date is its beginning in UTC; a date-time has its offset, and no part of a second.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = match text.len() {
        _ if is_number => text.parse().ok(),
        DATE_LENGTH => date(text),
        _ => date_time(text),
    };
    seconds.map(Timestamp::from_seconds).ok_or_else(|| {
        "a date, a date-time with its offset or seconds since 1970 are expected, as 2027-01-31 or 2027-01-31T08:00:00Z"
            .to_owned()
    })
}

fn date(text: &str) -> Option<u64> {
    let date: Date = text.parse().ok()?;
    let begin = date.to_zoned(TimeZone::UTC).ok()?;
    u64::try_from(begin.timestamp().as_second()).ok()
}

fn date_time(text: &str) -> Option<u64> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    let is_whole = instant.subsec_nanosecond() == 0;
    is_whole.then_some(instant.as_second()).and_then(|seconds| u64::try_from(seconds).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_date_times_and_seconds_are_read_and_nothing_else() {
        for text in
            ["2018-06-04", "2018-06-04T00:00:00Z", "2018-06-04T02:00:00+02:00", "1528070400"]
        {
            assert_eq!(parse(text).map(Timestamp::seconds), Ok(1_528_070_400), "{text}");
        }
        for bad in [
            "",
            "2018-06",
            "2018-13-04",
            "2018-06-04T00:00:00",
            "2018-06-04T00:00:00.5Z",
            "1969-12-31",
            "-1528070400",
            "99999999999999999999",
            "yesterday",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
