//! JSON in the canonical form of RFC 8785 (JCS), as far as Countersign needs it: keys are ASCII,
//! numbers are integers below 2^53, and a reader takes only bytes that equal their own re-serialisation.
//!
//! `serde_json` escapes strings exactly as RFC 8785 section 3.2.2.2 asks. Keys are sorted here, by their
//! bytes, which for ASCII is the order of UTF-16 code units: its maps sort them themselves only while no
//! crate of the same build asks it to preserve their order, as Cedar does.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One more than the largest integer that every JSON reader can carry.
const INTEGER_END: u64 = 1 << 53;

/// Bytes that are not in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Not JSON, or JSON of another shape.
    #[error("not the JSON expected here: {reason}")]
    Shape {
        /// What the JSON reader says, with line and column.
        reason: String,
    },
    /// A number that is not an integer below 2^53.
    #[error("the number {found} is not an integer from 0 to 2^53 - 1")]
    Number {
        /// The number found.
        found: String,
    },
    /// Readable, but written in another way: other order, spaces, escapes, or a key that nobody knows.
    #[error("not in canonical form: the first difference is at byte {at}")]
    NotCanonical {
        /// The first byte that differs from the canonical form.
        at: usize,
    },
}

/// Writes a value in canonical form.
///
/// # Errors
/// [`CanonicalError::Number`] if it holds a number that the form does not allow.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let shape = |error: serde_json::Error| CanonicalError::Shape { reason: error.to_string() };
    let mut value = serde_json::to_value(value).map_err(shape)?;
    value.sort_all_objects();
    check_numbers(&value)?;
    serde_json::to_vec(&value).map_err(shape)
}

/// Reads a value that must be in canonical form.
///
/// # Errors
/// [`CanonicalError`]: another shape, an unknown key, or any other spelling of the same value.
pub fn from_bytes<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, CanonicalError> {
    let value: T = serde_json::from_slice(bytes)
        .map_err(|error| CanonicalError::Shape { reason: error.to_string() })?;
    let again = to_bytes(&value)?;
    if again == bytes {
        return Ok(value);
    }
    let same = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    Err(CanonicalError::NotCanonical { at: same })
}

fn check_numbers(value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Number(number) if number.as_u64().is_none_or(|n| n >= INTEGER_END) => {
            Err(CanonicalError::Number { found: number.to_string() })
        }
        Value::Array(items) => items.iter().try_for_each(check_numbers),
        Value::Object(members) => members.values().try_for_each(check_numbers),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Map = BTreeMap<String, u64>;

    #[test]
    fn only_one_spelling_is_read() {
        assert!(from_bytes::<Map>(br#"{"a":1,"b":2}"#).is_ok());
        for other in [
            r#"{"b":2,"a":1}"#,
            r#"{"a":1, "b":2}"#,
            r#"{"a":1,"b":2,"b":2}"#,
            r#"{"\u0061":1,"b":2}"#,
        ] {
            let read = from_bytes::<Map>(other.as_bytes());
            assert!(matches!(read, Err(CanonicalError::NotCanonical { .. })), "{other}: {read:?}");
        }
    }

    #[test]
    fn numbers_that_some_readers_would_round_are_refused() {
        let of = |number: u64| to_bytes(&Map::from([("n".to_owned(), number)]));
        assert!(of(INTEGER_END - 1).is_ok());
        assert!(matches!(of(INTEGER_END), Err(CanonicalError::Number { .. })));
        assert!(to_bytes(&serde_json::json!({"n": 0.5})).is_err());
    }

    /// The strings of RFC 8785 section 3.2.2.2.
    #[test]
    fn strings_are_escaped_as_rfc_8785_shows() {
        let value = serde_json::json!({"string": "\u{20ac}$\u{f}\nA'\u{42}\u{22}\u{5c}\\\"/"});
        let expected = "{\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(to_bytes(&value).map(String::from_utf8), Ok(Ok(expected.to_owned())));
    }
}
