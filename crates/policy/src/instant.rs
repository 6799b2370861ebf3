//! Instants as people write them: RFC 3339 with an offset, to the second.

use countersign_domain::time::Timestamp;

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is no instant: a whole second since 1970 with its offset is expected, as 2027-01-01T00:00:00Z"
)]
pub struct NotAnInstant {
    /// The text as it came.
    pub found: String,
}

/// Reads an instant. Nothing is rounded: a part of a second is refused.
///
/// # Errors
/// [`NotAnInstant`], with the text.
pub fn parse(text: &str) -> Result<Timestamp, NotAnInstant> {
    let instant: Option<jiff::Timestamp> = text.parse().ok();
    instant
        .filter(|instant| instant.subsec_nanosecond() == 0)
        .and_then(|instant| u64::try_from(instant.as_second()).ok())
        .map(Timestamp::from_seconds)
        .ok_or_else(|| NotAnInstant { found: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_an_offset_and_no_part_of_a_second() {
        for (text, expected) in [
            ("2018-06-04T00:00:00Z", "2018-06-04T00:00:00Z"),
            ("2018-06-04T02:00:00+02:00", "2018-06-04T00:00:00Z"),
            ("2018-06-04t00:00:00z", "2018-06-04T00:00:00Z"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
        for bad in [
            "2018-06-04",
            "2018-06-04T00:00:00",
            "2018-06-04T00:00:00.5Z",
            "1969-12-31T23:59:59Z",
            "2018-13-04T00:00:00Z",
            "tomorrow",
            "",
        ] {
            assert_eq!(parse(bad), Err(NotAnInstant { found: bad.to_owned() }));
        }
    }
}
