//! What a person has open, as lines of an import and of the feed say it: `{"friends_app":["id","name"]}`.

use std::fmt;

use countersign_domain::field::FieldSet;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::profile_json::field;

/// Every field that there is. What a later schema adds, nobody has opened by it.
const EVERY_FIELD: &str = "*";

/// Reads the open fields of each route that is named.
pub(super) struct SettingsSeed<'s> {
    pub(super) schema: &'s FieldSchema,
    pub(super) settings: &'s mut Vec<(Route, FieldSet)>,
}

impl<'de> DeserializeSeed<'de> for SettingsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SettingsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings as {\"ROUTE\":[\"FIELD\",…],…}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let route = Route::parse(&name).ok_or_else(|| {
                A::Error::custom("expected one of my_device, friends_device, my_app, friends_app")
            })?;
            let open = map.next_value_seed(FieldsSeed { schema: self.schema })?;
            self.settings.push((route, open));
        }
        Ok(())
    }
}

struct FieldsSeed<'s> {
    schema: &'s FieldSchema,
}

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = FieldSet;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FieldSet, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = FieldSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FieldSet, A::Error> {
        let mut open = FieldSet::EMPTY;
        while let Some(name) = seq.next_element::<String>()? {
            open = match name.as_str() {
                EVERY_FIELD => open.or(self.schema.all()),
                name => open.with(field(self.schema, name)?),
            };
        }
        Ok(open)
    }
}
