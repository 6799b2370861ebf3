//! What a reader makes of any JSON value: of an object, of a list, and of all scalars in one place.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value that has no others in it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Scalar<'t> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number that is whole and not negative.
    Count(u64),
    /// Another number.
    Number,
    /// A text.
    Text(&'t str),
}

/// A reader of JSON values of every kind.
pub trait JsonVisitor<'de>: Sized {
    /// What it makes of a value.
    type Value;

    /// Reads the members of an object.
    ///
    /// # Errors
    /// Those of the members, and what the reader refuses.
    fn object<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error>;

    /// Reads the elements of a list.
    ///
    /// # Errors
    /// Those of the elements, and what the reader refuses.
    fn list<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error>;

    /// Takes a value of another kind.
    fn scalar(self, scalar: Scalar<'_>) -> Self::Value;
}

/// Reads one JSON value.
///
/// # Errors
/// What is not JSON, and what the reader refuses.
pub fn visit<'de, D: Deserializer<'de>, V: JsonVisitor<'de>>(
    json: D,
    visitor: V,
) -> Result<V::Value, D::Error> {
    json.deserialize_any(Visiting(visitor))
}

struct Visiting<V>(V);

impl<'de, V: JsonVisitor<'de>> Visitor<'de> for Visiting<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.object(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.0.list(elements)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        Ok(self.0.scalar(Scalar::Null))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<V::Value, E> {
        Ok(self.0.scalar(Scalar::Flag(flag)))
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<V::Value, E> {
        Ok(self.0.scalar(Scalar::Count(count)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<V::Value, E> {
        Ok(self.0.scalar(u64::try_from(number).map_or(Scalar::Number, Scalar::Count)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<V::Value, E> {
        Ok(self.0.scalar(Scalar::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        Ok(self.0.scalar(Scalar::Text(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what it is.
    struct Kind;

    impl<'de> JsonVisitor<'de> for Kind {
        type Value = String;

        fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<String, A::Error> {
            while members.next_entry::<String, u8>()?.is_some() {}
            Ok("object".to_owned())
        }

        fn list<A: SeqAccess<'de>>(self, mut elements: A) -> Result<String, A::Error> {
            while elements.next_element::<u8>()?.is_some() {}
            Ok("list".to_owned())
        }

        fn scalar(self, scalar: Scalar<'_>) -> String {
            format!("{scalar:?}")
        }
    }

    #[test]
    fn every_value_is_of_one_kind() {
        for (json, expected) in [
            ("{\"a\":1}", "object"),
            ("[1,2]", "list"),
            ("null", "Null"),
            ("false", "Flag(false)"),
            ("0", "Count(0)"),
            ("18446744073709551615", "Count(18446744073709551615)"),
            ("18446744073709551616", "Number"),
            ("-1", "Number"),
            ("1.0", "Number"),
            ("\"a\\nb\"", "Text(\"a\\nb\")"),
        ] {
            let found = visit(&mut serde_json::Deserializer::from_str(json), Kind);
            assert_eq!(found.ok().as_deref(), Some(expected), "{json}");
        }
        for json in ["", "{\"a\":true}", "nul", "[1"] {
            assert!(visit(&mut serde_json::Deserializer::from_str(json), Kind).is_err(), "{json}");
        }
    }
}
