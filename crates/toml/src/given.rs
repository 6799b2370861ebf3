//! Values that are given beside a text, by the environment or by an option, and take the place of what the text says.
//!
//! They are parsed as lines of TOML that stand beyond the end of the text, so that the place of an error tells which of
//! them it is about.

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, Deserializer, Error};
use toml::{Table, Value};

use crate::error::Place;
use crate::places::Places;
use crate::{Fault, TomlError, message, mistyped, not_toml, without_mark};

/// A value that is given beside a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The key with the tables that it is in, as `log.pool_wait_ms`.
    pub key: String,
    /// The value: as in the text, but that a text needs no quotation marks.
    pub value: String,
    /// By what it is given: the name of the variable or of the option.
    pub by: String,
}

/// What is wrong with a text or with what is given beside it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GivenError {
    /// With the text.
    #[error(transparent)]
    Text(#[from] TomlError),
    /// With a value beside it.
    #[error("{by}: {message}")]
    Given {
        /// By what it is given.
        by: String,
        /// What was found, and what is allowed.
        message: String,
    },
}

/// Reads a text with values in the place of its own, as [`parse_checked`](crate::parse_checked) does.
///
/// # Errors
/// [`GivenError`].
pub fn parse_given<T: DeserializeOwned, V>(
    text: &str,
    given: &[Given],
    check: impl FnOnce(T) -> Result<V, Fault>,
) -> Result<V, GivenError> {
    let text = without_mark(text);
    let mut root = DeTable::parse(text).map_err(|error| not_toml(text, &error))?;
    let beyond = Beyond::of(text, given);
    let lines = DeTable::parse(&beyond.text).map_err(|error| beyond.error(text, &error))?;
    merge(root.get_mut(), lines.into_inner());
    let read = T::deserialize(Deserializer::from(root));
    let read = read.map_err(|error| beyond.error(text, &error))?;
    check(read).map_err(|fault| beyond.fault(text, fault))
}

/// The lines beyond the end of a text.
struct Beyond<'g> {
    /// Blanks for the text, then a line for each value.
    text: String,
    /// Where each line begins, in the order of the lines.
    starts: Vec<(usize, &'g Given)>,
}

impl<'g> Beyond<'g> {
    fn of(before: &str, given: &'g [Given]) -> Self {
        let mut text = " ".repeat(before.len());
        let mut starts = Vec::with_capacity(given.len());
        for given in given {
            text.push('\n');
            starts.push((text.len(), given));
            text.push_str(&format!("{} = {}", given.key, literal(&given.value)));
        }
        Self { text, starts }
    }

    /// The value in whose line this byte is.
    fn at(&self, byte: usize) -> Option<&'g Given> {
        let line = self.starts.iter().rev().find(|(start, _)| *start <= byte);
        line.map(|(_, given)| *given)
    }

    fn error(&self, before: &str, error: &Error) -> GivenError {
        match error.span().and_then(|span| self.at(span.start)) {
            Some(given) => of(given, message::reworded(error.message())),
            None => mistyped(before, error).into(),
        }
    }

    fn fault(&self, before: &str, fault: Fault) -> GivenError {
        let given = match &fault.place {
            Place::Whole => None,
            Place::Byte(byte) => self.at(*byte),
            Place::Key(key) => {
                self.starts.iter().map(|(_, given)| *given).rfind(|given| given.key == *key)
            }
        };
        match given {
            Some(given) => of(given, fault.message),
            None => Places::of(before).error(fault).into(),
        }
    }
}

fn of(given: &Given, message: String) -> GivenError {
    GivenError::Given { by: given.by.clone(), message }
}

/// A value as TOML has it: as it is, where it is one, and else as a text.
fn literal(value: &str) -> String {
    let alone = format!("value = {value}").parse::<Table>();
    // A value that brings lines of its own is a text.
    match alone {
        Ok(table) if table.len() == 1 && !value.contains('\n') => value.to_owned(),
        _ => Value::String(value.to_owned()).to_string(),
    }
}

/// Puts what is in `from` into the place of what is in `into`; tables keep what they have besides.
fn merge<'t>(into: &mut DeTable<'t>, from: DeTable<'t>) {
    for (key, mut value) in from {
        if let DeValue::Table(inner) = value.get_mut()
            && let Some(DeValue::Table(table)) =
                into.get_mut(key.get_ref().as_ref()).map(|found| found.get_mut())
        {
            merge(table, std::mem::take(inner));
            continue;
        }
        // The place of the key is that of the value, so the old key has to go.
        into.remove(key.get_ref().as_ref());
        into.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        listen: String,
        #[serde(default)]
        log: Log,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Log {
        wait_ms: u64,
        path: String,
        proxies: Vec<String>,
    }

    fn given(key: &str, value: &str) -> Given {
        Given { key: key.to_owned(), value: value.to_owned(), by: format!("SET_{key}") }
    }

    fn parse(text: &str, given: &[Given]) -> Result<File, GivenError> {
        parse_given(text, given, |file: File| match file.log.wait_ms {
            9 => Err(Fault::at("log.wait_ms", "9 is not allowed")),
            _ => Ok(file),
        })
    }

    #[test]
    fn what_is_given_takes_the_place_of_what_the_text_says_and_needs_no_table() {
        let text = "listen = \"a\"\n[log]\nwait_ms = 1\npath = \"p\"\n";
        let values = [given("log.wait_ms", "2"), given("listen", "127.0.0.1:80")];
        let file = parse(text, &values).unwrap();
        assert_eq!((file.listen.as_str(), file.log.wait_ms), ("127.0.0.1:80", 2));
        assert_eq!(file.log.path, "p");
        let values = [
            given("log.proxies", "[\"10.0.0.0/8\"]"),
            given("log.path", "\"5\""),
            given("listen", "x = 1\ny"),
        ];
        let file = parse("listen = \"a\"", &values).unwrap();
        assert_eq!((file.log.proxies.len(), file.log.path.as_str()), (1, "5"));
        assert_eq!(file.listen, "x = 1\ny");
        // Later ones take the place of earlier ones only by their order in the text, so each key is given once.
        let twice = [given("log.wait_ms", "1"), given("log.wait_ms", "2")];
        assert!(parse(text, &twice).is_err());
    }

    #[test]
    fn an_error_says_whether_it_is_in_the_text_or_by_what_the_value_was_given() {
        let text = "listen = \"a\"\n[log]\nwait_ms = 1\n";
        for (key, value, expected) in [
            ("log.wait_ms", "x", "SET_log.wait_ms: found a text; allowed: a whole number from 0"),
            ("log.wait_ms", "9", "SET_log.wait_ms: 9 is not allowed"),
            ("listen", "5", "SET_listen: found the number 5; allowed: a text"),
        ] {
            let error = parse(text, &[given(key, value)]).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let error = parse(text, &[given("log.wait", "1")]).unwrap_err().to_string();
        assert!(
            error.contains("SET_log.wait: unknown key") && error.contains("wait_ms"),
            "{error}"
        );
        // The text's own are told with their lines, whatever is given besides.
        let other = [given("listen", "b")];
        let error = parse("listen = \"a\"\n[log]\nwait_ms = 9\n", &other).unwrap_err();
        assert_eq!(error.to_string(), "3:11: log.wait_ms: 9 is not allowed");
        let error = parse("listen = \"a\"\n[log]\nwait = 9\n", &other).unwrap_err();
        assert!(error.to_string().starts_with("3:1: log.wait: unknown key"), "{error}");
    }
}
