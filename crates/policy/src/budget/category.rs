//! The categories of data by small numbers, and which fields are of which.

use std::collections::HashMap;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::schema::FieldSchema;

/// A category, numbered as it was first seen in a schema.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Category(u32);

/// The categories of every schema so far, and the fields of the one in force.
#[derive(Clone, Default, Debug)]
pub(super) struct Categories {
    numbers: HashMap<String, Category>,
    fields: Vec<(Category, FieldSet)>,
}

impl Categories {
    /// These, with another schema in force. A category keeps its number, since days that were counted
    /// under it stay.
    pub(super) fn with(&self, schema: &FieldSchema) -> Self {
        let mut numbers = self.numbers.clone();
        let mut fields: Vec<(Category, FieldSet)> = Vec::new();
        for (id, field) in (0..).map_while(FieldId::new).zip(schema.fields()) {
            // A schema has at most 128 fields; there are not 2^25 schemas in a log.
            let next = Category(numbers.len() as u32);
            let category = *numbers.entry(field.category.clone()).or_insert(next);
            match fields.iter_mut().find(|(known, _)| *known == category) {
                Some((_, set)) => *set = set.with(id),
                None => fields.push((category, FieldSet::of(id))),
            }
        }
        Self { numbers, fields }
    }

    /// The category of this name, if a field ever had it.
    pub(super) fn by_name(&self, name: &str) -> Option<Category> {
        self.numbers.get(name).copied()
    }

    /// Each category of which there is a field among these, with all of its fields.
    pub(super) fn of(&self, fields: FieldSet) -> impl Iterator<Item = (Category, FieldSet)> {
        self.fields.iter().copied().filter(move |(_, of)| !of.and(fields).is_empty())
    }
}
