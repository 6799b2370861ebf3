//! Profiles as JSON documents have them, and what is wrong with a document, told without any value of it.

use std::fmt;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::schema::{FieldSchema, SchemaError};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::store::Profile;

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
            let value: &RawValue = map.next_value()?;
            // Raw values are checked for their structure alone; this finds broken escapes too.
            serde_json::from_str::<serde_json::Value>(value.get()).map_err(|_| {
                A::Error::custom("expected a value without broken escapes or numbers")
            })?;
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

/// Where serde_json stopped, without the line that it counts for itself, and without the value that
/// it found, since that may be anybody's religion.
pub(super) fn fault(text: &str, error: &serde_json::Error, whole: &str) -> Fault {
    let message = error.to_string();
    let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    let expected = match what.rsplit_once("expected ") {
        Some((_, expected)) => expected.to_owned(),
        None => format!("{whole} on one line ({what})"),
    };
    let at = error.column().saturating_sub(1).min(text.len());
    let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    Fault { at, expected }
}
