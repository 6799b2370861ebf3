//! JSON as far as the records of an answer depend on it: objects with every key that they have, repeated
//! ones included.
//!
//! What it is not: it keeps no value of a field.

use countersign_domain::person::PairwiseId;
use countersign_protocol::json_visitor::{JsonVisitor, Scalar, visit};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The keys that structure an answer; what stands under any other is not kept, unless the key is one that
/// names a person.
const KEPT: [&str; 22] = [
    "after",
    "app_id",
    "application",
    "before",
    "cursors",
    "data",
    "data_access_expires_at",
    "expires_at",
    "friends",
    "id",
    "is_valid",
    "issued_at",
    "next",
    "paging",
    "permission",
    "previous",
    "scopes",
    "status",
    "summary",
    "total_count",
    "type",
    "user_id",
];

/// The key under which an answer to a request by ids has the viewer, if that was asked for as `me`.
pub(crate) const ME: &str = "me";

fn is_kept(key: &str) -> bool {
    KEPT.contains(&key) || key == ME || PairwiseId::parse(key).is_some()
}

/// A JSON object with every key that it has, repeated ones included.
pub(crate) struct Members(pub(crate) Vec<(String, Value)>);

/// JSON as far as records depend on it.
pub(crate) enum Value {
    Object(Vec<(String, Value)>),
    List(Vec<Value>),
    Text(String),
    Count(u64),
    Flag(bool),
    Other,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnObject;

        impl<'de> Visitor<'de> for AnObject {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Members, A::Error> {
                read_members(map).map(Members)
            }
        }

        deserializer.deserialize_map(AnObject)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> JsonVisitor<'de> for Anything {
            type Value = Value;

            fn object<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
                read_members(map).map(Value::Object)
            }

            fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Value::List(values))
            }

            fn scalar(self, scalar: Scalar<'_>) -> Value {
                match scalar {
                    Scalar::Text(text) => Value::Text(text.to_owned()),
                    Scalar::Flag(flag) => Value::Flag(flag),
                    Scalar::Count(count) => Value::Count(count),
                    Scalar::Null | Scalar::Number => Value::Other,
                }
            }
        }

        visit(deserializer, Anything)
    }
}

/// Reads the members of an object. Only values under the keys that structure an answer are kept.
fn read_members<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<(String, Value)>, A::Error> {
    let mut members = Vec::new();
    while let Some(key) = map.next_key::<String>()? {
        let value = if is_kept(&key) {
            map.next_value()?
        } else {
            map.next_value::<IgnoredAny>()?;
            Value::Other
        };
        members.push((key, value));
    }
    Ok(members)
}
