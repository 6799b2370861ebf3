//! JSON pointers (RFC 6901) into a document's text. What is pointed at is taken as the bytes that it is:
//! nothing is parsed into values and written again.
//!
//! A key stands once in its object: the client of the API has looked.

use std::fmt;
use std::str::FromStr;

use countersign_protocol::json_visitor::{JsonVisitor, Scalar, visit};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A pointer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pointer(Vec<String>);

/// What cannot be a pointer, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a JSON pointer: {reason}")]
pub(super) struct NotAPointer {
    found: String,
    reason: &'static str,
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let wrong = |reason| NotAPointer { found: text.to_owned(), reason };
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let Some(tokens) = text.strip_prefix('/') else {
            return Err(wrong(
                "it begins with '/', as \"/address/city\"; \"\" is the whole document",
            ));
        };
        let token = |token: &str| {
            let unescaped = token.replace("~1", "").replace("~0", "");
            if unescaped.contains('~') {
                return Err(wrong("'~' is followed by 0 for '~' or by 1 for '/'"));
            }
            Ok(token.replace("~1", "/").replace("~0", "~"))
        };
        tokens.split('/').map(token).collect::<Result<_, _>>().map(Self)
    }
}

/// Pointers that are looked up in one pass over a document, each in a slot of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    root: Node,
    slots: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// The slots that take the value here.
    slots: Vec<usize>,
    children: Vec<(String, Node)>,
}

/// A text that is not JSON. It says where, and nothing of what stands there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not JSON at line {line}, column {column}")]
pub(super) struct NotJson {
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for NotJson {
    fn from(error: serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

impl Shape {
    /// The pointers in the order of their slots.
    pub(super) fn of<'p>(pointers: impl IntoIterator<Item = &'p Pointer>) -> Self {
        let mut shape = Self::default();
        for Pointer(tokens) in pointers {
            let mut node = &mut shape.root;
            for token in tokens {
                node = node.child(token);
            }
            node.slots.push(shape.slots);
            shape.slots += 1;
        }
        shape
    }

    /// What the pointers point at, slot by slot; `null` is nothing.
    pub(super) fn find<'t>(&self, text: &'t str) -> Result<Vec<Option<&'t RawValue>>, NotJson> {
        let mut found = vec![None; self.slots];
        let mut json = serde_json::Deserializer::from_str(text);
        Walk { node: &self.root, found: &mut found }.deserialize(&mut json)?;
        json.end()?;
        Ok(found)
    }
}

impl Pointer {
    /// The pointer to the whole document.
    pub(super) const fn whole() -> Self {
        Self(Vec::new())
    }

    /// What it points at; `null` is nothing.
    pub(super) fn find<'t>(&self, text: &'t str) -> Result<Option<&'t RawValue>, NotJson> {
        Ok(Shape::of([self]).find(text)?.into_iter().next().flatten())
    }
}

impl Node {
    fn child(&mut self, token: &str) -> &mut Self {
        let place = self.children.iter().position(|(known, _)| known == token);
        let place = place.unwrap_or_else(|| {
            self.children.push((token.to_owned(), Self::default()));
            self.children.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "it was found or has just been put there")]
        &mut self.children[place].1
    }
}

/// A node of the shape beside the value that stands there.
struct Walk<'s, 'f, 't> {
    node: &'s Node,
    found: &'f mut [Option<&'t RawValue>],
}

impl<'t> DeserializeSeed<'t> for Walk<'_, '_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<(), D::Error> {
        if self.node.slots.is_empty() {
            return visit(json, self);
        }
        let raw = <&'t RawValue as serde::Deserialize>::deserialize(json)?;
        let is_null = raw.get() == "null";
        for slot in &self.node.slots {
            if let Some(found) = self.found.get_mut(*slot) {
                *found = (!is_null).then_some(raw);
            }
        }
        if self.node.children.is_empty() {
            return Ok(());
        }
        let mut inner = serde_json::Deserializer::from_str(raw.get());
        visit(&mut inner, self).map_err(D::Error::custom)
    }
}

impl<'t> JsonVisitor<'t> for Walk<'_, '_, 't> {
    type Value = ();

    fn object<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Key(self.node))? {
            match child {
                Some(node) => {
                    map.next_value_seed(Walk { node, found: &mut *self.found })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn list<A: SeqAccess<'t>>(self, mut list: A) -> Result<(), A::Error> {
        for place in 0_usize.. {
            let token = place.to_string();
            let child = self.node.children.iter().find(|(known, _)| *known == token);
            let element = match child {
                Some((_, node)) => {
                    list.next_element_seed(Walk { node, found: &mut *self.found })?
                }
                None => list.next_element::<IgnoredAny>()?.map(drop),
            };
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn scalar(self, _: Scalar<'_>) {}
}

/// Reads a key as the child of that name, if the shape has one.
struct Key<'s>(&'s Node);

impl<'t, 's> DeserializeSeed<'t> for Key<'s> {
    type Value = Option<&'s Node>;

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'s> Visitor<'_> for Key<'s> {
    type Value = Option<&'s Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.children.iter().find(|(known, _)| known == key).map(|(_, node)| node))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn pointer(text: &str) -> Pointer {
        text.parse().unwrap()
    }

    #[test]
    fn the_examples_of_rfc_6901() {
        let text = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
            "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#;
        let expected = [
            ("", text),
            ("/foo", "[\"bar\", \"baz\"]"),
            ("/foo/0", "\"bar\""),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ];
        let pointers = expected.map(|(text, _)| pointer(text));
        let found = Shape::of(&pointers).find(text).unwrap();
        let found: Vec<_> = found.into_iter().map(|raw| raw.unwrap().get()).collect();
        assert_eq!(found, expected.map(|(_, value)| value));
    }

    #[test]
    fn what_is_not_a_pointer_is_refused() {
        for text in ["name", "/a~2b", "/a~"] {
            assert!(text.parse::<Pointer>().is_err(), "{text}");
        }
    }

    #[test]
    fn null_and_what_is_not_there_are_nothing() {
        let text = r#"{"a":{"x":3},"b":null,"c":"text"}"#;
        let pointers = ["/a/x", "/a/y", "/b", "/c/d", "/e"].map(pointer);
        let found = Shape::of(&pointers).find(text).unwrap();
        let found: Vec<_> = found.into_iter().map(|raw| raw.map(RawValue::get)).collect();
        assert_eq!(found, [Some("3"), None, None, None, None]);
        let error = pointer("/a").find("{\"a\":\"secret\",}").unwrap_err();
        assert_eq!(error.to_string(), "not JSON at line 1, column 15");
        assert!(pointer("/a").find("{\"a\":1} {}").is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let key = "[a/~0-2\"]{0,2}";
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(key, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn property_it_finds_what_serde_json_finds(
            document in json(),
            paths in proptest::collection::vec("(/([a0-2\"]|~0|~1){0,2}){0,3}", 1..6),
            is_pretty: bool,
        ) {
            let text = match is_pretty {
                true => serde_json::to_string_pretty(&document).unwrap(),
                false => document.to_string(),
            };
            let pointers: Vec<Pointer> = paths.iter().map(|path| path.parse().unwrap()).collect();
            let found = Shape::of(&pointers).find(&text).unwrap();
            for (path, found) in paths.iter().zip(found) {
                let found = found.map(|raw| serde_json::from_str::<Value>(raw.get()).unwrap());
                let expected = document.pointer(path).filter(|value| !value.is_null());
                prop_assert_eq!(found.as_ref(), expected);
            }
        }
    }
}
