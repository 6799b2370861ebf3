//! The rows of an answer on their way to [`Fetched`]: who they are, and their values as JSON.

use std::sync::Arc;

use countersign_log::append::PEOPLE_MAX;
use countersign_people::store::PROFILE_BYTES_MAX;
use countersign_protocol::json_check;
use tokio_postgres::Row;

use super::super::{Fetched, FetchedPerson, PlatformChoice, SourceError};
use super::mapping::Mapping;
use super::platform_choices::{Newcomers, PlatformChoices};
use super::statement::{COLUMNS_BEFORE, Rendering, Statement};

/// The most bytes that the values of one answer may have.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// An answer that is being read.
pub(super) struct Answer<'a> {
    statement: &'a Statement,
    mapping: &'a Mapping,
    choices: PlatformChoices<'a>,
    account: &'a str,
    fetched: Fetched,
    people_count: usize,
    bytes: usize,
    is_without_viewer: bool,
}

fn nonsense(reason: impl Into<String>) -> SourceError {
    SourceError::Nonsense { reason: reason.into() }
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        statement: &'a Statement,
        mapping: &'a Mapping,
        newcomers: &'a Newcomers,
        account: &'a str,
    ) -> Self {
        let fetched = Fetched::default();
        Self {
            statement,
            mapping,
            choices: PlatformChoices::new(&mapping.settings, newcomers),
            account,
            fetched,
            people_count: 0,
            bytes: 0,
            is_without_viewer: false,
        }
    }

    /// Takes a row.
    pub(super) fn row(&mut self, row: &Row) -> Result<(), SourceError> {
        let untyped = |_| nonsense("a column is not of the type that was asked for");
        let is_viewer: bool = row.try_get(0).map_err(untyped)?;
        let account: Option<&str> = row.try_get(1).map_err(untyped)?;
        let minor: bool = row.try_get(2).map_err(untyped)?;
        let is_first = self.people_count == 0;
        if is_viewer && !is_first {
            return Err(nonsense("two rows have the account of one person"));
        }
        // Nobody's friends are asked for but the viewer's, so without a viewer there is no answer. The rest is
        // read and forgotten: people leave every day, and that is no reason to give a connection up.
        self.is_without_viewer |= is_first && !is_viewer;
        if self.is_without_viewer {
            return Ok(());
        }
        // Where the database takes other spellings for equal, one person would get two handles.
        if is_viewer && account != Some(self.account) {
            return Err(nonsense("an account is spelled in more than one way"));
        }
        self.people_count += 1;
        if self.people_count > PEOPLE_MAX {
            return Err(nonsense(format!("more than {PEOPLE_MAX} people in one answer")));
        }
        let Some(account) = account else {
            return self.fetched.leave_out(nonsense("a person has no account"));
        };
        let chosen = self.chosen(row)?;
        self.fetched.person(FetchedPerson { account: account.to_owned(), minor, chosen });
        match self.values(row) {
            Ok(profile_bytes) => self.bytes += profile_bytes,
            Err(error) if is_viewer => return Err(error),
            Err(error) => {
                self.fetched.take_back();
                self.fetched.leave_out(error)?;
            }
        }
        if self.bytes > ANSWER_BYTES_MAX {
            return Err(nonsense(format!("an answer of more than {ANSWER_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    /// What the person of a row chose on the platform.
    fn chosen(&mut self, row: &Row) -> Result<Option<Arc<PlatformChoice>>, SourceError> {
        if !self.statement.has_settings {
            return Ok(None);
        }
        let open: i64 = row
            .try_get(COLUMNS_BEFORE + self.statement.columns.len())
            .map_err(|_| nonsense("a column is not of the type that was asked for"))?;
        Ok(Some(self.choices.of(open)))
    }

    /// Takes the values of a person; how many bytes they have.
    fn values(&mut self, row: &Row) -> Result<usize, SourceError> {
        let mut profile_bytes = 0;
        for ((field, rendering), column) in self.statement.columns.iter().zip(COLUMNS_BEFORE..) {
            let value: Option<&str> = row
                .try_get(column)
                .map_err(|_| nonsense("a value is not of the type that was asked for"))?;
            let is_null = |value: &&str| *rendering == Rendering::Json && *value == "null";
            let Some(value) = value.filter(|value| !is_null(value)) else { continue };
            profile_bytes += value.len();
            if profile_bytes > PROFILE_BYTES_MAX {
                return Err(nonsense(format!("a profile of more than {PROFILE_BYTES_MAX} bytes")));
            }
            // The database looks at its JSON less closely than a reader does. Text is escaped here.
            if *rendering == Rendering::Json && json_check::check(value.as_bytes()).is_err() {
                let name = self.mapping.fields.get(field).map_or("a field", |(name, _)| name);
                return Err(nonsense(format!(
                    "a value of {name} is not what every reader of JSON takes"
                )));
            }
            self.fetched.value(*field, |out| write(value, *rendering, out))?;
        }
        Ok(profile_bytes)
    }

    /// The answer, whose rows are all here.
    pub(super) fn fetched(self) -> Result<Fetched, SourceError> {
        if self.people_count == 0 {
            return Err(SourceError::UnknownPerson);
        }
        Ok(self.fetched)
    }

    /// How many people there are so far, and how many bytes of values.
    pub(super) const fn size(&self) -> (usize, usize) {
        (self.people_count, self.bytes)
    }
}

fn write(value: &str, rendering: Rendering, out: &mut Vec<u8>) {
    match rendering {
        Rendering::Bare => out.extend_from_slice(value.as_bytes()),
        Rendering::Json => compact(value, out),
        Rendering::Text => escape(value, out),
    }
}

/// Text as a JSON string.
fn escape(text: &str, out: &mut Vec<u8>) {
    let needs_none = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| !needs_none(byte)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// JSON without the spaces that the server puts between its parts.
fn compact(json: &str, out: &mut Vec<u8>) {
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        if in_text {
            in_text = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_text = byte == b'"';
        }
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: &str, rendering: Rendering) -> String {
        let mut out = Vec::new();
        write(value, rendering, &mut out);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn property_text_becomes_the_json_string_that_says_it(text in any::<String>()) {
            let written = written(&text, Rendering::Text);
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }

        #[test]
        fn property_json_keeps_its_meaning_without_spaces(
            texts in proptest::collection::vec(any::<String>(), 0..5)
        ) {
            let value = serde_json::json!({ "a \\\" b": texts, "n": [1, null, { "x": true }] });
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(written(&spaced, Rendering::Json), value.to_string());
        }
    }
}
