//! The field schema: which fields there are, and what kind of data each is (W3C DPV terms).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::field::{FIELDS_MAX, FieldId, FieldSet};
use crate::nearest::nearest;

/// The version of the schema document that this code reads and writes.
pub const SCHEMA_VERSION: u32 = 1;

/// The published document: its fields in the order of their numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaDocument {
    /// [`SCHEMA_VERSION`].
    pub version: u32,
    /// The fields; a field's place is its number.
    pub fields: Vec<Field>,
}

/// A named piece of profile.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name in answers: 1 to 40 of `a`–`z`, `0`–`9` and `_`.
    pub name: String,
    /// Other names under which clients may ask for it, and then find it in the answer, as those of
    /// earlier versions of the API do. Agreements, builds, settings and entries say `name` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The category, as a W3C DPV personal-data term, e.g. `pd:Religion`.
    pub category: String,
    /// How much harm its release can do.
    pub sensitivity: Sensitivity,
    /// Whether it is a special category of data (GDPR Art. 9).
    #[serde(default)]
    pub special: bool,
    /// What it says of a person, in a sentence.
    pub description: String,
}

/// How much harm the release of a field can do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Commonly known about a person.
    Low,
    /// Known to friends and colleagues.
    Medium,
    /// A person chooses whom to tell.
    High,
}

/// A checked schema, by name and by number.
#[derive(Clone, Debug)]
pub struct FieldSchema {
    fields: Vec<Field>,
    by_name: HashMap<String, FieldId>,
    by_alias: HashMap<String, FieldId>,
    special: FieldSet,
}

/// What is wrong with a schema document, or with a name that should be in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Written for another version of Countersign.
    #[error("schema version {found} is not known; this program reads version {SCHEMA_VERSION}")]
    UnknownVersion {
        /// The version in the document.
        found: u32,
    },
    /// More fields than a set can hold.
    #[error("{found} fields are too many: a schema may have {FIELDS_MAX}")]
    TooManyFields {
        /// How many there are.
        found: usize,
    },
    /// The first two places are taken.
    #[error("field {number} must be {expected:?}, found {found:?}")]
    Misplaced {
        /// The place, counted from zero.
        number: usize,
        /// The name that belongs there.
        expected: String,
        /// The name found.
        found: String,
    },
    /// A name that answers could not carry.
    #[error("{found:?} is not a field name: use 1 to 40 of a-z, 0-9 and '_'")]
    NotAName {
        /// The name found.
        found: String,
    },
    /// Two fields of one name, or an alias that is a name already.
    #[error("field {name:?} is defined twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// An alias of a field whose name gives an answer its form.
    #[error("field {name:?} cannot have aliases: answers are read by its name")]
    NoAliases {
        /// The name.
        name: String,
    },
    /// A name that the schema does not have.
    #[error("there is no field {found:?}{}", nearest.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    UnknownField {
        /// The name found.
        found: String,
        /// The most similar name of the schema, if one is similar.
        nearest: Option<String>,
    },
    /// A schema that does not continue the one in force.
    #[error(
        "field {number} is {old:?} in the schema in force and cannot become {new:?}: fields may only be added at the end"
    )]
    Renumbered {
        /// The place, counted from zero.
        number: usize,
        /// What stands there now.
        old: String,
        /// What the new document has there.
        new: String,
    },
}

impl FieldSchema {
    /// Checks a document.
    ///
    /// # Errors
    /// [`SchemaError`], naming the first field that is wrong.
    pub fn from_document(document: SchemaDocument) -> Result<Self, SchemaError> {
        if document.version != SCHEMA_VERSION {
            return Err(SchemaError::UnknownVersion { found: document.version });
        }
        if document.fields.len() > FIELDS_MAX {
            return Err(SchemaError::TooManyFields { found: document.fields.len() });
        }
        for (number, expected) in ["id", "friends"].into_iter().enumerate() {
            let found = document.fields.get(number).map_or("nothing", |field| &field.name);
            if found != expected {
                let (expected, found) = (expected.to_owned(), found.to_owned());
                return Err(SchemaError::Misplaced { number, expected, found });
            }
        }
        let mut by_name = HashMap::with_capacity(document.fields.len());
        let mut special = FieldSet::EMPTY;
        for (id, field) in (0..).map_while(FieldId::new).zip(&document.fields) {
            if !is_field_name(&field.name) {
                return Err(SchemaError::NotAName { found: field.name.clone() });
            }
            if by_name.insert(field.name.clone(), id).is_some() {
                return Err(SchemaError::Twice { name: field.name.clone() });
            }
            if field.special {
                special = special.with(id);
            }
        }
        let by_alias = aliases(&document.fields, &by_name)?;
        Ok(Self { fields: document.fields, by_name, by_alias, special })
    }

    /// The document that says the same.
    #[must_use]
    pub fn to_document(&self) -> SchemaDocument {
        SchemaDocument { version: SCHEMA_VERSION, fields: self.fields.clone() }
    }

    /// Checks that this schema continues `old`: same names in the same places, new ones only at the
    /// end, because records commit to field numbers.
    ///
    /// # Errors
    /// [`SchemaError::Renumbered`] with the first place that differs.
    pub fn continues(&self, old: &Self) -> Result<(), SchemaError> {
        for (number, before) in old.fields.iter().enumerate() {
            let now = self.fields.get(number).map_or("nothing", |field| &field.name);
            if now != before.name {
                let (old, new) = (before.name.clone(), now.to_owned());
                return Err(SchemaError::Renumbered { number, old, new });
            }
        }
        Ok(())
    }

    /// The fields in the order of their numbers.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The number of the field of this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<FieldId> {
        self.by_name.get(name).copied()
    }

    /// The number of the field that a client, and so an answer, calls this: by its name or an alias.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<FieldId> {
        self.by_name(key).or_else(|| self.by_alias.get(key).copied())
    }

    /// The name of a field, if the schema has it.
    #[must_use]
    pub fn name(&self, field: FieldId) -> Option<&str> {
        self.fields.get(field.number()).map(|field| field.name.as_str())
    }

    /// Every field of the schema.
    #[must_use]
    pub fn all(&self) -> FieldSet {
        self.by_name.values().copied().collect()
    }

    /// The fields that are special categories of data.
    #[must_use]
    pub fn special(&self) -> FieldSet {
        self.special
    }

    /// The set of the named fields.
    ///
    /// # Errors
    /// [`SchemaError::UnknownField`] with the first name that is not in the schema.
    pub fn resolve<S: AsRef<str>>(&self, names: &[S]) -> Result<FieldSet, SchemaError> {
        let number_of = |name: &str| {
            self.by_name(name).ok_or_else(|| SchemaError::UnknownField {
                found: name.to_owned(),
                nearest: nearest(name, self.fields.iter().map(|field| field.name.as_str())),
            })
        };
        names.iter().map(|name| number_of(name.as_ref())).collect()
    }

    /// The names of the fields of a set, in the order of their numbers. Numbers that the schema does
    /// not have are passed over.
    pub fn names(&self, set: FieldSet) -> impl Iterator<Item = &str> {
        set.iter().filter_map(|field| self.name(field))
    }
}

/// The fields by their aliases, each of which means one field and is nobody's name.
fn aliases(
    fields: &[Field],
    by_name: &HashMap<String, FieldId>,
) -> Result<HashMap<String, FieldId>, SchemaError> {
    let mut by_alias = HashMap::new();
    for (id, field) in (0..).map_while(FieldId::new).zip(fields) {
        if (id == FieldId::ID || id == FieldId::FRIENDS) && !field.aliases.is_empty() {
            return Err(SchemaError::NoAliases { name: field.name.clone() });
        }
        for alias in &field.aliases {
            if !is_field_name(alias) {
                return Err(SchemaError::NotAName { found: alias.clone() });
            }
            if by_name.contains_key(alias) || by_alias.insert(alias.clone(), id).is_some() {
                return Err(SchemaError::Twice { name: alias.clone() });
            }
        }
    }
    Ok(by_alias)
}

fn is_field_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=40).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(names: &[&str]) -> SchemaDocument {
        let field = |name: &&str| Field {
            name: (*name).to_owned(),
            aliases: Vec::new(),
            category: "pd:Name".to_owned(),
            sensitivity: Sensitivity::Low,
            special: *name == "religion",
            description: String::new(),
        };
        SchemaDocument { version: SCHEMA_VERSION, fields: names.iter().map(field).collect() }
    }

    #[test]
    fn an_unknown_field_is_answered_with_the_nearest_one() {
        let schema =
            FieldSchema::from_document(document(&["id", "friends", "religion", "work"])).unwrap();
        assert_eq!(
            schema.resolve(&["religon"]),
            Err(SchemaError::UnknownField {
                found: "religon".to_owned(),
                nearest: Some("religion".to_owned())
            })
        );
        let special: Vec<_> = schema.names(schema.special()).collect();
        assert_eq!(special, ["religion"]);
    }

    #[test]
    fn a_schema_may_only_grow() {
        let of = |names: &[&str]| FieldSchema::from_document(document(names)).unwrap();
        let old = of(&["id", "friends", "name", "work"]);
        assert_eq!(of(&["id", "friends", "name", "work", "religion"]).continues(&old), Ok(()));
        assert!(of(&["id", "friends", "work", "name"]).continues(&old).is_err());
        assert!(of(&["id", "friends", "name"]).continues(&old).is_err());
    }

    #[test]
    fn an_alias_means_one_field_and_is_left_out_where_there_is_none() {
        let with = |field: usize, aliases: &[&str]| {
            let mut document = document(&["id", "friends", "name", "about"]);
            document.fields[field].aliases = aliases.iter().map(|&a| a.to_owned()).collect();
            FieldSchema::from_document(document)
        };
        let schema = with(3, &["bio"]).unwrap();
        assert_eq!(
            (schema.by_key("bio"), schema.by_key("about")),
            (FieldId::new(3), FieldId::new(3))
        );
        assert_eq!((schema.by_name("bio"), schema.by_key("biography")), (None, None));
        let written = serde_json::to_string(&schema.to_document()).unwrap();
        assert_eq!(written.matches("aliases").count(), 1, "{written}");
        let twice = |name: &str| SchemaError::Twice { name: name.to_owned() };
        assert_eq!(with(3, &["name"]).err(), Some(twice("name")));
        assert_eq!(with(3, &["bio", "bio"]).err(), Some(twice("bio")));
        assert!(matches!(with(3, &["Bio"]), Err(SchemaError::NotAName { .. })));
        assert!(matches!(with(0, &["uid"]), Err(SchemaError::NoAliases { .. })));
    }

    #[test]
    fn the_first_two_places_are_taken() {
        assert!(FieldSchema::from_document(document(&["name", "id"])).is_err());
        assert!(FieldSchema::from_document(document(&["id"])).is_err());
    }
}
