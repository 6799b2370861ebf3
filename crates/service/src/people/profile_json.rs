//! Profiles as JSON documents have them, and what is wrong with a document, told without any value of it.

use std::fmt;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::schema::{FieldSchema, SchemaError};
use countersign_people::store::Profile;
use countersign_protocol::json_check::{self, JsonFault, JsonProblem, LEVELS_MAX};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Reads a profile with the schema at hand, so that an unknown field is noticed where it stands. Values
/// are taken over byte by byte; `null` is no value.
pub(super) struct ProfileSeed<'s> {
    pub(super) schema: &'s FieldSchema,
    pub(super) profile: &'s mut Profile,
    /// The fields that are `null`.
    pub(super) nulls: &'s mut FieldSet,
}

impl<'de> DeserializeSeed<'de> for ProfileSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ProfileSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a profile as {\"FIELD\":VALUE,…}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = FieldSet::EMPTY;
        while let Some(name) = map.next_key::<String>()? {
            let field = field(self.schema, &name)?;
            if field == FieldId::ID || field == FieldId::FRIENDS {
                return Err(A::Error::custom("expected no id and no friends in a profile"));
            }
            if seen.contains(field) {
                return Err(A::Error::custom("expected every field once"));
            }
            seen = seen.with(field);
            // What it is, beside one value by its structure, is for the check of the whole line to say.
            let value: &RawValue = map.next_value()?;
            if value.get() == "null" {
                *self.nulls = self.nulls.with(field);
            } else {
                self.profile.set(field, value.get().as_bytes());
            }
        }
        Ok(())
    }
}

/// The field of this name. A name of the file is repeated only if the schema has one like it:
/// what stands in the wrong place may be anything.
pub(super) fn field<E: Error>(schema: &FieldSchema, name: &str) -> Result<FieldId, E> {
    schema.by_name(name).ok_or_else(|| match schema.resolve(&[name]) {
        Err(error @ SchemaError::UnknownField { nearest: Some(_), .. }) => {
            E::custom(format_args!("expected a field of the schema: {error}"))
        }
        _ => E::custom("expected a field of the schema"),
    })
}

/// What is wrong with a line.
pub(super) struct Fault {
    /// Bytes from the beginning of the line, at a character.
    pub(super) at: usize,
    /// What should stand there.
    pub(super) expected: String,
}

/// Whether every reader takes a line for the same JSON. Asked after its shape is known to be right, whose
/// errors say more.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    json_check::check(text.as_bytes()).map_err(|JsonFault { column, problem, .. }| {
        let at = character_before(text, column);
        // A key may be somebody's name, so it is not repeated.
        let expected = match problem {
            JsonProblem::KeyTwice { .. } => "every key once in its object".to_owned(),
            JsonProblem::TooDeep => format!("at most {LEVELS_MAX} levels of lists and objects"),
            JsonProblem::Malformed { .. } => "a value without broken escapes or numbers".to_owned(),
        };
        Fault { at, expected }
    })
}

/// The beginning of the character in this column of bytes, counted from one.
fn character_before(text: &str, column: usize) -> usize {
    let at = column.saturating_sub(1).min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Where serde_json stopped, without the line that it counts for itself, and without the value that
/// it found, since that may be anybody's religion.
pub(super) fn fault(text: &str, error: &serde_json::Error, whole: &str) -> Fault {
    let message = error.to_string();
    let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    let expected = match what.rsplit_once("expected ") {
        Some((_, expected)) => expected.to_owned(),
        None => format!("{whole} on one line ({what})"),
    };
    Fault { at: character_before(text, error.column()), expected }
}
