//! Where in a text its keys are.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Fault, Place, TomlError};

/// The places of a text's keys. Of a text that is not TOML, those that are clear all the same.
pub(crate) struct Places<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

impl<'t> Places<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, root: DeTable::parse_recoverable(text).0 }
    }

    /// The error that a check's fault is in this text.
    pub(crate) fn error(&self, fault: Fault) -> TomlError {
        let (at, key) = match fault.place {
            Place::Whole => (0, String::new()),
            Place::Byte(at) => (at, self.key_at(at)),
            Place::Key(key) => (self.find_nearest(&key).start, key),
        };
        self.located(at, key, fault.message)
    }

    pub(crate) fn located(&self, at: usize, key: String, message: String) -> TomlError {
        let (line, column) = self.line_and_column(at);
        TomlError { line, column, key, message }
    }

    /// The line of a byte, and its column in characters, both counted from 1. What is beyond the end, or within a
    /// character, is at the end.
    pub(crate) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    /// Whether these bytes are the whole text, not the first key of it.
    pub(crate) fn is_whole(&self, span: &Range<usize>) -> bool {
        span.is_empty() || *span == self.root.span()
    }

    /// The value of a key that is given with its tables, as `log.pool_wait_ms`.
    pub(crate) fn find(&self, key: &str) -> Option<Range<usize>> {
        let mut table = Some(self.root.get_ref());
        let mut found = None;
        for name in key.split('.') {
            let value = table?.get(name)?;
            found = Some(value.span());
            table = value.get_ref().as_table();
        }
        found
    }

    /// The value of a key, or the innermost of its tables that there is.
    fn find_nearest(&self, key: &str) -> Range<usize> {
        let outer = key.rmatch_indices('.').filter_map(|(at, _)| key.get(..at));
        let mut keys = std::iter::once(key).chain(outer);
        keys.find_map(|key| self.find(key)).unwrap_or_default()
    }

    /// The key at a byte with the tables that it is in; empty where there is none. Elements of lists go by the key of
    /// the list, as in headers of tables.
    pub(crate) fn key_at(&self, at: usize) -> String {
        let keys = self.keys(at);
        keys.around.map(|around| around.key).unwrap_or_else(|| self.key_of_line(at, keys.header))
    }

    /// The key whose name is repeated in these bytes, and the line on which it was before, where that is known.
    pub(crate) fn repeated(&self, span: &Range<usize>) -> (String, Option<usize>) {
        let keys = self.keys(span.start);
        let name = self.text.get(span.clone()).unwrap_or_default();
        let key = match keys.around {
            // The header of a table: the parser has put the second into the place of the first.
            Some(Around { key, is_name: true }) => return (key, None),
            Some(Around { key, is_name: false }) => joined(&key, name),
            None => self.key_of_line(span.start, keys.header),
        };
        let line = self.find(&key).map(|first| self.line_and_column(first.start).0);
        (key, line)
    }

    fn keys(&self, at: usize) -> Keys<'_> {
        let mut keys = Keys { at, text: self.text, around: None, header: None };
        keys.table(self.root.get_ref(), "");
        keys
    }

    /// The key in front of a value that the parser could not take.
    fn key_of_line(&self, at: usize, header: Option<(usize, String)>) -> String {
        let header = header.map(|(_, key)| key).unwrap_or_default();
        let line = line_at(self.text, at).split_once('=');
        line.map(|(key, _)| joined(&header, key.trim())).unwrap_or_default()
    }
}

/// A walk through all keys to those at one byte.
struct Keys<'t> {
    at: usize,
    text: &'t str,
    /// The innermost key whose name or value has the byte in it.
    around: Option<Around>,
    /// The last header of a table before the byte: where it begins, and its key.
    header: Option<(usize, String)>,
}

struct Around {
    key: String,
    /// Whether the byte is in the key's name, not in its value.
    is_name: bool,
}

impl Keys<'_> {
    fn table(&mut self, table: &DeTable<'_>, outer: &str) {
        for (name, value) in table {
            let key = joined(outer, &shown(name.get_ref()));
            self.found(&name.span(), &key, true);
            self.value(value, &key);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, key: &str) {
        let span = value.span();
        match value.get_ref() {
            DeValue::Table(table) => {
                let begins = self.text.get(span.start..).is_some_and(|rest| rest.starts_with('['));
                let is_last = self.header.as_ref().is_none_or(|(start, _)| *start < span.start);
                if begins && is_last && span.start <= self.at {
                    self.header = Some((span.start, key.to_owned()));
                }
                self.table(table, key);
            }
            DeValue::Array(elements) => elements.iter().for_each(|value| self.value(value, key)),
            _ => {}
        }
        self.found(&span, key, false);
    }

    fn found(&mut self, span: &Range<usize>, key: &str, is_name: bool) {
        if self.around.is_none() && span.contains(&self.at) {
            self.around = Some(Around { key: key.to_owned(), is_name });
        }
    }
}

/// A key in a table.
pub(crate) fn joined(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// A key as it is written: in quotation marks where it has more than letters, digits, `_` and `-`.
fn shown(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { format!("{key:?}") }
}

/// The line in which this byte is.
pub(crate) fn line_at(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}
