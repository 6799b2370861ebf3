//! Versions of the API: those that a path may begin with, and which of them answers.

use std::fmt;

/// A version that answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Version {
    major: u8,
    minor: u8,
}

/// What a path begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Prefix {
    /// A version, and the one that answers to it.
    Known(Version),
    /// Something in the form of a version that there is not.
    Unknown,
    /// No version.
    None,
}

/// The newest version that there is.
const NEWEST: u8 = 26;

impl Version {
    /// The oldest version, which answers to those before it too, as the Graph API does with those that it retired.
    pub(super) const OLDEST: Self = Self { major: 2, minor: 8 };
    /// The version that answers where the path has none.
    pub(super) const DEFAULT: Self = Self { major: 3, minor: 0 };

    /// Reads the first segment of a path.
    pub(super) fn of_segment(segment: &str) -> Prefix {
        let number = |text: &str| {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<u8>().ok()).flatten()
        };
        let numbers = segment.strip_prefix('v').and_then(|rest| rest.split_once('.'));
        let Some((Some(major), Some(minor))) =
            numbers.map(|(major, minor)| (number(major), number(minor)))
        else {
            return Prefix::None;
        };
        let minor_max = match major {
            1 => 0,
            2 => 12,
            3 => 3,
            4..=NEWEST => 0,
            _ => return Prefix::Unknown,
        };
        if minor > minor_max {
            return Prefix::Unknown;
        }
        Prefix::Known(Self { major, minor }.max(Self::OLDEST))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retired_versions_are_answered_as_the_oldest_and_others_are_not_known() {
        for (segment, answered) in [
            ("v1.0", Some("v2.8")),
            ("v2.0", Some("v2.8")),
            ("v2.8", Some("v2.8")),
            ("v2.12", Some("v2.12")),
            ("v3.3", Some("v3.3")),
            ("v4.0", Some("v4.0")),
            ("v26.0", Some("v26.0")),
            ("v0.9", None),
            ("v2.13", None),
            ("v2.80", None),
            ("v3.4", None),
            ("v26.1", None),
            ("v27.0", None),
            ("v99.99", None),
        ] {
            let expected = answered.map_or("unknown".to_owned(), str::to_owned);
            let found = match Version::of_segment(segment) {
                Prefix::Known(version) => version.to_string(),
                Prefix::Unknown => "unknown".to_owned(),
                Prefix::None => "none".to_owned(),
            };
            assert_eq!(found, expected, "{segment}");
        }
        for segment in ["me", "v3", "v3.", "v.0", "V3.0", "v3.0.1", "v100.0", "v-1.0", ""] {
            assert_eq!(Version::of_segment(segment), Prefix::None, "{segment}");
        }
    }
}
