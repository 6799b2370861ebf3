//! JSON from outside, which has to be one value to every reader: each key of an object once, texts that are
//! Unicode, numbers that a machine holds, no depth that a reader gives up at. Of a key that stands twice some
//! readers take the first value, some the last, some both, so that what is read depends on who reads.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};

use crate::json_visitor::{JsonVisitor, Scalar, visit};

/// How deep a value may be. Many readers give up at 128, and it stands some levels deep in an answer.
pub const LEVELS_MAX: usize = 100;

/// So many keys of an object are compared one by one.
const KEYS_FEW: usize = 16;

/// What is wrong with a JSON text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct JsonFault {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1; of a key, its end.
    pub column: usize,
    /// What is wrong.
    pub problem: JsonProblem,
}

/// What is wrong with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// An object has a key twice.
    #[error("the key {key:?} stands twice in one object; every key is expected once")]
    KeyTwice {
        /// The key.
        key: String,
    },
    /// A value is nested too deeply.
    #[error("more than {LEVELS_MAX} levels of lists and objects; write it flatter")]
    TooDeep,
    /// It is not JSON, or JSON of another shape.
    #[error("{what}")]
    Malformed {
        /// What the reader says.
        what: String,
    },
}

/// Whether every reader takes these bytes for the same JSON value.
///
/// # Errors
/// [`JsonFault`].
pub fn check(bytes: &[u8]) -> Result<(), JsonFault> {
    let problem = Cell::new(None);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Checked { levels_left: LEVELS_MAX, problem: &problem }.deserialize(&mut json);
    read.and_then(|()| json.end()).map_err(|error| {
        let malformed = JsonFault::malformed(&error);
        JsonFault { problem: problem.take().unwrap_or(malformed.problem), ..malformed }
    })
}

/// Reads what every reader takes for the same JSON value.
///
/// # Errors
/// [`JsonFault`].
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonFault> {
    check(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| JsonFault::malformed(&error))
}

impl JsonFault {
    fn malformed(error: &serde_json::Error) -> Self {
        let said = error.to_string();
        // The place stands beside the message already.
        let what = said.rsplit_once(" at line ").map_or(&*said, |(what, _)| what).to_owned();
        let (line, column) = (error.line(), error.column());
        Self { line, column, problem: JsonProblem::Malformed { what } }
    }
}

/// A value that is read through and forgotten.
#[derive(Clone, Copy)]
struct Checked<'p> {
    levels_left: usize,
    /// Where a problem is left that the reader of JSON has no word for.
    problem: &'p Cell<Option<JsonProblem>>,
}

impl Checked<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self { levels_left, ..self }),
            None => Err(self.refuse(JsonProblem::TooDeep)),
        }
    }

    fn refuse<E: Error>(self, problem: JsonProblem) -> E {
        let error = E::custom(&problem);
        self.problem.set(Some(problem));
        error
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        visit(json, self)
    }
}

impl<'de> JsonVisitor<'de> for Checked<'_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(Key)? {
            if let Err(key) = keys.insert(key) {
                return Err(self.refuse(JsonProblem::KeyTwice { key: key.into_owned() }));
            }
            map.next_value_seed(inner)?;
        }
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while list.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn scalar(self, _: Scalar<'_>) {}
}

/// A key, borrowed from the text where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// The keys of an object so far. Few are compared one by one, which is quickest; many in a table, so that
/// no object takes longer than its length.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// Takes a key; one that was there already comes back.
    fn insert(&mut self, key: Cow<'de, str>) -> Result<(), Cow<'de, str>> {
        if self.few.contains(&key) || self.many.contains(&key) {
            return Err(key);
        }
        if self.few.len() < KEYS_FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn found(json: &str) -> Result<(), (usize, usize, JsonProblem)> {
        check(json.as_bytes()).map_err(|fault| (fault.line, fault.column, fault.problem))
    }

    #[test]
    fn what_readers_differ_about_is_refused() {
        for json in ["null", "\"\\ud83d\\ude00\"", "[{\"a\":1.50}]", "-0.0", "18446744073709551616"]
        {
            assert_eq!(found(json), Ok(()), "{json}");
        }
        for json in ["\"\\ud83d\"", "{\"\\ud83d\":1}", "1e999", "01", "1 2", "", "{\"a\":1,}"] {
            let refused = found(json);
            let malformed = matches!(refused, Err((_, _, JsonProblem::Malformed { .. })));
            assert!(malformed, "{json}: {refused:?}");
        }
        let nested = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(found(&nested(LEVELS_MAX)), Ok(()));
        let deep = found(&nested(LEVELS_MAX + 1)).map_err(|(_, _, problem)| problem);
        assert_eq!(deep, Err(JsonProblem::TooDeep));
    }

    #[test]
    fn a_key_stands_once_in_its_object() {
        for json in ["{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":{}}", "{\"a\":1,\"A\":1,\"\":1}"] {
            assert_eq!(found(json), Ok(()), "{json}");
        }
        for (json, line, column, key) in [
            ("{\"a\":1,\"a\":1}", 1, 10, "a"),
            ("[{},\n{\"x\":{\"b\":[],\n \"b\":[]}}]", 3, 4, "b"),
            // Another spelling of the same key.
            ("{\"a\":1,\"\\u0061\":2}", 1, 15, "a"),
            ("{\"\":0,\"\":0}", 1, 8, ""),
        ] {
            let twice = JsonProblem::KeyTwice { key: key.to_owned() };
            assert_eq!(found(json), Err((line, column, twice)), "{json}");
        }
        let fault = check(b"{\"a\":1,\"a\":1}").unwrap_err().to_string();
        let expected = "line 1, column 10: the key \"a\" stands twice in one object; every key is expected once";
        assert_eq!(fault, expected);
        // What a shape would have refused in its own words says the same.
        assert_eq!(read::<Value>(b"{\"a\":1,\"a\":1}").unwrap_err().to_string(), fault);
        let other = read::<BTreeMap<String, u8>>(b"{\"a\":\n\"x\"}").unwrap_err();
        assert_eq!((other.line, other.column), (2, 3), "{other}");
    }

    proptest! {
        #[test]
        fn property_a_doubled_key_is_found_among_any_number(
            keys in proptest::collection::btree_set("[a-c]{0,4}", 1..40),
            which in any::<proptest::sample::Index>(),
        ) {
            let keys: Vec<_> = keys.into_iter().collect();
            let object = |keys: &[String]| {
                let members: Vec<_> = keys.iter().map(|key| format!("{key:?}:[]")).collect();
                format!("{{{}}}", members.join(","))
            };
            prop_assert_eq!(found(&object(&keys)), Ok(()));
            let twice = which.get(&keys).clone();
            let doubled = object(&[&keys[..], std::slice::from_ref(&twice)].concat());
            let refused = found(&doubled).map_err(|(_, _, problem)| problem);
            prop_assert_eq!(refused, Err(JsonProblem::KeyTwice { key: twice }));
        }
    }
}
