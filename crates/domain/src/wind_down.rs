//! Winding down: what ends when, before an agreement itself does. Steps stand in the agreement, or come
//! later as acts.

use serde::{Deserialize, Serialize};

use crate::field::{FieldId, FieldSet};
use crate::relation::Relation;
use crate::schema::{FieldSchema, SchemaError};
use crate::time::Timestamp;

/// One step: from an instant on, something has ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindDownDocument {
    /// The first second in which it has ended.
    pub at: Timestamp,
    /// What ends.
    pub ends: EndsDocument,
}

/// What a step ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndsDocument {
    /// No new grants are taken; those that there are run on.
    NewGrants,
    /// The agreement renews itself no more; the term in which that is runs on.
    Renewal,
    /// Nothing of friends any more, the list of them included.
    Friends,
    /// These fields, of anybody.
    Fields(Vec<String>),
    /// Everything.
    All,
}

/// A step, its fields as a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindDownStep {
    /// The first second in which it holds.
    pub at: Timestamp,
    /// What has ended from then on.
    pub ends: Ends,
}

/// What a step ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ends {
    /// See [`EndsDocument::NewGrants`].
    NewGrants,
    /// See [`EndsDocument::Renewal`].
    Renewal,
    /// See [`EndsDocument::Friends`].
    Friends,
    /// See [`EndsDocument::Fields`].
    Fields(FieldSet),
    /// See [`EndsDocument::All`].
    All,
}

impl WindDownStep {
    /// Checks a step against the field schema in force.
    ///
    /// # Errors
    /// [`SchemaError`] with the first field that the schema does not have.
    pub fn from_document(
        step: &WindDownDocument,
        schema: &FieldSchema,
    ) -> Result<Self, SchemaError> {
        let ends = match &step.ends {
            EndsDocument::NewGrants => Ends::NewGrants,
            EndsDocument::Renewal => Ends::Renewal,
            EndsDocument::Friends => Ends::Friends,
            EndsDocument::Fields(names) => Ends::Fields(schema.resolve(names)?),
            EndsDocument::All => Ends::All,
        };
        Ok(Self { at: step.at, ends })
    }
}

impl Ends {
    /// The fields of people of this relation that end. New grants are refused where grants are made, and a
    /// renewal that does not happen moves the agreement's end.
    #[must_use]
    pub const fn fields(self, relation: Relation) -> FieldSet {
        match (self, relation) {
            (Self::NewGrants | Self::Renewal, _) => FieldSet::EMPTY,
            (Self::Fields(fields), _) => fields,
            (Self::All, _) | (Self::Friends, Relation::Friend) => FieldSet::ALL,
            (Self::Friends, Relation::Viewer) => FieldSet::of(FieldId::FRIENDS),
        }
    }

    /// Whether no new grants are taken.
    #[must_use]
    pub const fn ends_grants(self) -> bool {
        matches!(self, Self::NewGrants | Self::All)
    }
}
