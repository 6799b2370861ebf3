//! Platform rules: what holds for every partner, whatever its agreement says.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::field::FieldSet;
use crate::partner::Country;
use crate::schema::{FieldSchema, SchemaError};

/// The version of the rules document that this code reads and writes.
pub const RULES_VERSION: u32 = 1;

/// The published document, in which fields have names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesDocument {
    /// [`RULES_VERSION`].
    pub version: u32,
    /// Whether fields that are special categories of data may be released about friends.
    pub special_categories_of_friends: bool,
    /// The fields that may be released about a friend who is a minor.
    pub minor_friend_fields: Vec<String>,
    /// Countries in which, and in whose parents' countries, nothing may be received.
    pub closed_territories: Vec<Country>,
    /// Whether a partner that nobody has screened gets nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub screening_required: bool,
    /// SHA-256 of the page with which people check their ledgers: the one that reviewers have looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_page: Option<Digest>,
    /// What the platform rules beyond that: a set of Cedar policies, all of which forbid. What they mean is
    /// `countersign-policy`'s; outsiders cannot recheck them without Cedar.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cedar: String,
}

/// Checked platform rules.
#[derive(Clone, Debug)]
pub struct PlatformRules {
    /// The fields that may not be released about friends, being special categories of data.
    pub special_of_friends: FieldSet,
    /// The fields that may be released about a friend who is a minor.
    pub minor_friend_fields: FieldSet,
    /// Whether a partner that nobody has screened gets nothing.
    pub screening_required: bool,
    /// SHA-256 of the page with which people check their ledgers, if the rules name one.
    pub ledger_page: Option<Digest>,
    /// The platform's own policies, in Cedar.
    pub cedar: Arc<str>,
    closed_territories: Vec<Country>,
}

/// What is wrong with a rules document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Written for another version of Countersign.
    #[error("rules version {found} is not known; this program reads version {RULES_VERSION}")]
    UnknownVersion {
        /// The version in the document.
        found: u32,
    },
    /// A field name.
    #[error(transparent)]
    Field(#[from] SchemaError),
}

impl PlatformRules {
    /// Checks a document against the field schema in force.
    ///
    /// # Errors
    /// [`RulesError`], naming what is wrong.
    pub fn from_document(
        document: &RulesDocument,
        schema: &FieldSchema,
    ) -> Result<Self, RulesError> {
        if document.version != RULES_VERSION {
            return Err(RulesError::UnknownVersion { found: document.version });
        }
        let special_of_friends =
            if document.special_categories_of_friends { FieldSet::EMPTY } else { schema.special() };
        Ok(Self {
            special_of_friends,
            minor_friend_fields: schema.resolve(&document.minor_friend_fields)?,
            screening_required: document.screening_required,
            ledger_page: document.ledger_page,
            cedar: document.cedar.as_str().into(),
            closed_territories: document.closed_territories.clone(),
        })
    }

    /// The countries in which nothing may be received.
    #[must_use]
    pub fn closed_territories(&self) -> &[Country] {
        &self.closed_territories
    }

    /// Whether a partner of this country may not receive anything.
    #[must_use]
    pub fn closes(&self, country: Country) -> bool {
        self.closed_territories.contains(&country)
    }
}
