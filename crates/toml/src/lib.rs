//! The one reader of TOML. Every error says line, column and key, what was found, what is allowed, and the nearest
//! name.
//!
//! ```
//! #[derive(serde::Deserialize, Debug)]
//! #[serde(deny_unknown_fields)]
//! struct Pool {
//!     size: u8,
//! }
//!
//! let error = countersign_toml::parse::<Pool>("sise = 5\n").unwrap_err();
//! assert_eq!(error.to_string(), r#"1:1: sise: unknown key; allowed: size; did you mean "size"?"#);
//! ```
//!
//! It reads texts, not files: who reads a file puts its path in front, as [`TomlFileError`] does.

mod error;
mod given;
mod message;
mod places;
mod sample;

pub use error::{Fault, Place, TomlError, TomlFileError};
pub use given::{Given, GivenError, parse_given};
pub use toml::value::Datetime;
pub use toml::{Spanned, Value};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, Deserializer, Error};

use self::places::Places;

/// What some editors put before a text; it is no part of it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a text.
///
/// # Errors
/// [`TomlError`].
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, TomlError> {
    parse_checked(text, Ok)
}

/// Reads a text and checks what was read. A check knows the places of [`Spanned`] values and the names of keys, and
/// need not know the text.
///
/// # Errors
/// [`TomlError`].
pub fn parse_checked<T: DeserializeOwned, V>(
    text: &str,
    check: impl FnOnce(T) -> Result<V, Fault>,
) -> Result<V, TomlError> {
    let text = without_mark(text);
    let table = DeTable::parse(text).map_err(|error| not_toml(text, &error))?;
    let read = T::deserialize(Deserializer::from(table)).map_err(|error| mistyped(text, &error))?;
    check(read).map_err(|fault| Places::of(text).error(fault))
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// A text that is not TOML.
fn not_toml(text: &str, error: &Error) -> TomlError {
    let places = Places::of(text);
    let at = error.span().unwrap_or_default();
    if error.message() == "duplicate key" {
        let (key, first) = places.repeated(&at);
        let first =
            first.map_or_else(|| "twice".to_owned(), |line| format!("on line {line} already"));
        let message = format!("given {first}; allowed: each key once in its table");
        return places.located(at.start, key, message);
    }
    let message = message::of_parser(error.message(), text, at.start);
    places.located(at.start, places.key_at(at.start), message)
}

/// A text in which a key is missing or unknown, or a value is of the wrong type.
fn mistyped(text: &str, error: &Error) -> TomlError {
    let places = Places::of(text);
    let at = error.span().unwrap_or_default();
    let key = if places.is_whole(&at) { String::new() } else { places.key_at(at.start) };
    if let Some(missing) = message::missing_key(error.message()) {
        let key = places::joined(&key, missing);
        return places.located(at.start, key, message::MISSING.to_owned());
    }
    // A date is a map to serde.
    let is_date =
        text.get(at.start..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let message = match error.message().strip_prefix("invalid type: map,") {
        Some(rest) if is_date => message::reworded(&format!("invalid type: a date or time,{rest}")),
        _ => message::reworded(error.message()),
    };
    let message = match message::with_unit(message, &key) {
        // A header with one pair of brackets too few.
        message if message == message::TABLE_FOR_LIST => format!("{message}: write [[{key}]]"),
        message => message,
    };
    places.located(at.start, key, message)
}

#[cfg(test)]
mod tests;
