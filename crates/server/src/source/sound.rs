//! Whether a JSON value is one for every reader: texts that are Unicode, numbers that a machine holds, no
//! depth that a reader gives up at. What is copied as bytes was not looked at so closely before.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep a value may be. Many readers give up at 128, and it stands some levels deep in an answer.
const LEVELS_MAX: usize = 100;

/// Whether every reader takes this text for one JSON value, wherever it stands.
pub(super) fn is_sound(json: &str) -> bool {
    let mut json = serde_json::Deserializer::from_str(json);
    let read = Sound { levels_left: LEVELS_MAX }.deserialize(&mut json);
    read.and_then(|()| json.end()).is_ok()
}

/// A value that is read through and forgotten.
#[derive(Clone, Copy)]
struct Sound {
    levels_left: usize,
}

impl Sound {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let levels_left = self.levels_left.checked_sub(1);
        let levels_left = levels_left.ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { levels_left })
    }
}

impl<'de> DeserializeSeed<'de> for Sound {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while map.next_entry_seed(inner, inner)?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while list.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
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
        let nested = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(is_sound(&nested(LEVELS_MAX)));
        let deep = nested(LEVELS_MAX + 1);
        for json in ["\"\\ud83d\"", "{\"\\ud83d\":1}", "1e999", "01", "1 2", "", &deep] {
            assert!(!is_sound(json), "{json}");
        }
    }
}
