//! The names that people give to partners, clients, builds, agreements, purposes and reviewers.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A name: 1 to 64 characters of `a`–`z`, `0`–`9`, `-`, `_`, `.` and `@`, the first one a letter or a
/// digit. Cheap to clone, since every disclosure carries five.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(Arc<str>);

/// The longest identifier, in bytes.
pub const IDENTIFIER_BYTES_MAX: usize = 64;

/// A text that is not an [`Identifier`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not a name: use 1 to {IDENTIFIER_BYTES_MAX} of a-z, 0-9, '-', '_', '.' and '@', beginning with a letter or digit"
)]
pub struct NotAnIdentifier {
    /// The text as it came.
    pub found: String,
}

impl Identifier {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NotAnIdentifier`], with the text, when a character or the length is not allowed.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let allowed = |b: u8| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b'@')
        };
        let begins_well =
            text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if begins_well && text.len() <= IDENTIFIER_BYTES_MAX && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnIdentifier { found: text.to_owned() })
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Identifier {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl std::str::FromStr for Identifier {
    type Err = NotAnIdentifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_closed_under_what_urls_logs_and_files_can_carry() {
        for good in ["a", "aurora", "aurora-home@41", "9lives", "a.b_c"] {
            assert_eq!(Identifier::parse(good).map(|i| i.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "-a", "A", "a b", "a/b", "é", &"x".repeat(65)] {
            assert!(Identifier::parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}
