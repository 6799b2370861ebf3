//! Whether a JSON value is one for every reader: texts that are Unicode, numbers that a machine holds, no
//! depth that a reader gives up at. What is copied as bytes was not looked at so closely before.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Whether every reader takes this text for one JSON value.
pub(super) fn is_sound(json: &str) -> bool {
    serde_json::from_str::<Sound>(json).is_ok()
}

/// A value that was read through and forgotten.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_differ_about_is_not_sound() {
        for json in ["null", "\"\\ud83d\\ude00\"", "[{\"a\":1.50}]", "-0.0", "18446744073709551616"]
        {
            assert!(is_sound(json), "{json}");
        }
        let deep = "[".repeat(500) + &"]".repeat(500);
        for json in ["\"\\ud83d\"", "{\"\\ud83d\":1}", "1e999", "01", "1 2", "", &deep] {
            assert!(!is_sound(json), "{json}");
        }
    }
}
