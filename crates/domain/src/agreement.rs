//! An agreement between platform and partner: a closed document whose meaning is [`terms`](mod@crate::terms).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::field::{FieldId, FieldSet};
use crate::identifier::Identifier;
use crate::relation::Relation;
use crate::route::ClientKind;
use crate::schema::{FieldSchema, SchemaError};
use crate::time::Timestamp;

/// The version of the agreement document that this code reads and writes.
pub const AGREEMENT_VERSION: u32 = 1;

/// The document that both parties sign, in which fields have names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementDocument {
    /// [`AGREEMENT_VERSION`].
    pub version: u32,
    /// The agreement's own name.
    pub agreement: Identifier,
    /// The partner that receives data.
    pub partner: Identifier,
    /// The client through which it does.
    pub client: Identifier,
    /// Whether the client is a device integration or an app.
    pub kind: ClientKind,
    /// The first second in which it is in force.
    pub not_before: Timestamp,
    /// The first second in which it no longer is.
    pub not_after: Timestamp,
    /// How answers are delivered; never [`Delivery::Decided`].
    #[serde(deserialize_with = "agreed_delivery")]
    pub delivery: Delivery,
    /// Whether a bearer token may stand in the query, as old clients send it.
    pub query_token: bool,
    /// What the data is for, and which data that is.
    pub purposes: Vec<PurposeDocument>,
    /// What ends when, before the agreement itself does.
    pub wind_down: Vec<WindDownDocument>,
}

/// One purpose of an agreement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeDocument {
    /// The name that a request uses.
    pub purpose: Identifier,
    /// The W3C DPV purpose, e.g. `dpv:ServiceProvision`.
    pub dpv: String,
    /// Fields of the viewer.
    #[serde(rename = "self")]
    pub viewer: Vec<String>,
    /// Fields of the viewer's friends.
    pub friend: Vec<String>,
}

/// One wind-down step: from an instant on, something has ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindDownDocument {
    /// The first second in which it has ended.
    pub at: Timestamp,
    /// What ends.
    pub ends: EndsDocument,
}

/// What a wind-down step ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndsDocument {
    /// No new grants are taken; those that there are run on.
    NewGrants,
    /// Nothing of friends any more, the list of them included.
    Friends,
    /// These fields, of anybody.
    Fields(Vec<String>),
    /// Everything.
    All,
}

/// How an answer is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// As JSON that whoever relays it can read.
    Clear,
    /// By the platform itself, which only had it decided and logged: nothing binds the values. No agreement
    /// names it.
    Decided,
}

/// Reads how an agreement has answers delivered.
///
/// # Errors
/// What no agreement can name.
pub fn agreed_delivery<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Delivery, D::Error> {
    match Delivery::deserialize(deserializer)? {
        Delivery::Decided => {
            Err(D::Error::custom("no agreement can say `decided`, expected `clear`"))
        }
        delivery @ Delivery::Clear => Ok(delivery),
    }
}

/// A checked agreement, in which fields are sets.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The document that was signed.
    pub document: AgreementDocument,
    purposes: Vec<Purpose>,
    wind_down: Vec<WindDownStep>,
}

#[derive(Clone, Debug)]
struct Purpose {
    id: Identifier,
    viewer: FieldSet,
    friend: FieldSet,
}

/// A wind-down step, its fields as a set.
#[derive(Clone, Debug)]
pub struct WindDownStep {
    /// The first second in which it holds.
    pub at: Timestamp,
    /// What has ended from then on.
    pub ends: Ends,
}

/// What a wind-down step ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ends {
    /// See [`EndsDocument::NewGrants`].
    NewGrants,
    /// See [`EndsDocument::Friends`].
    Friends,
    /// See [`EndsDocument::Fields`].
    Fields(FieldSet),
    /// See [`EndsDocument::All`].
    All,
}

/// What is wrong with an agreement document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// Written for another version of Countersign.
    #[error(
        "agreement version {found} is not known; this program reads version {AGREEMENT_VERSION}"
    )]
    UnknownVersion {
        /// The version in the document.
        found: u32,
    },
    /// It ends before it begins.
    #[error("not_after ({not_after}) must be later than not_before ({not_before})")]
    NeverInForce {
        /// Its beginning.
        not_before: Timestamp,
        /// Its end.
        not_after: Timestamp,
    },
    /// No purpose, so nothing could ever be released.
    #[error("it has no purpose; give at least one")]
    NoPurpose,
    /// Two purposes of one name.
    #[error("purpose {purpose} is defined twice")]
    PurposeTwice {
        /// The name.
        purpose: Identifier,
    },
    /// A purpose that would release something of people whose existence it does not give.
    #[error("purpose {purpose} gives fields of {} without {missing:?}", relation.name())]
    Incomplete {
        /// The purpose.
        purpose: Identifier,
        /// Of whom.
        relation: Relation,
        /// The field that has to be there too.
        missing: &'static str,
    },
    /// There is no friend-of-friend, so no agreement can give one.
    #[error(
        "purpose {purpose} gives the friends of friends, whom nobody can have; take \"friends\" out of friend"
    )]
    FriendsOfFriends {
        /// The purpose.
        purpose: Identifier,
    },
    /// A field name.
    #[error(transparent)]
    Field(#[from] SchemaError),
}

impl Agreement {
    /// Checks a document against the field schema in force.
    ///
    /// # Errors
    /// [`AgreementError`], naming what is wrong.
    pub fn from_document(
        document: AgreementDocument,
        schema: &FieldSchema,
    ) -> Result<Self, AgreementError> {
        if document.version != AGREEMENT_VERSION {
            return Err(AgreementError::UnknownVersion { found: document.version });
        }
        if document.not_after <= document.not_before {
            let (not_before, not_after) = (document.not_before, document.not_after);
            return Err(AgreementError::NeverInForce { not_before, not_after });
        }
        if document.purposes.is_empty() {
            return Err(AgreementError::NoPurpose);
        }
        let mut purposes: Vec<Purpose> = Vec::with_capacity(document.purposes.len());
        for purpose in &document.purposes {
            if purposes.iter().any(|other| other.id == purpose.purpose) {
                return Err(AgreementError::PurposeTwice { purpose: purpose.purpose.clone() });
            }
            purposes.push(Purpose::from_document(purpose, schema)?);
        }
        let step = |step: &WindDownDocument| -> Result<_, SchemaError> {
            let ends = match &step.ends {
                EndsDocument::NewGrants => Ends::NewGrants,
                EndsDocument::Friends => Ends::Friends,
                EndsDocument::Fields(names) => Ends::Fields(schema.resolve(names)?),
                EndsDocument::All => Ends::All,
            };
            Ok(WindDownStep { at: step.at, ends })
        };
        let wind_down = document.wind_down.iter().map(step).collect::<Result<_, _>>()?;
        Ok(Self { document, purposes, wind_down })
    }

    /// The fields that this agreement gives for a purpose, whatever the time; `None` if it does not
    /// have the purpose.
    #[must_use]
    pub fn fields(&self, purpose: &Identifier, relation: Relation) -> Option<FieldSet> {
        let purpose = self.purposes.iter().find(|candidate| candidate.id == *purpose)?;
        Some(match relation {
            Relation::Viewer => purpose.viewer,
            Relation::Friend => purpose.friend,
        })
    }

    /// Its purposes, in the document's order.
    pub fn purposes(&self) -> impl Iterator<Item = &Identifier> {
        self.purposes.iter().map(|purpose| &purpose.id)
    }

    /// Its wind-down steps, in the document's order.
    #[must_use]
    pub fn wind_down(&self) -> &[WindDownStep] {
        &self.wind_down
    }
}

impl Purpose {
    fn from_document(
        document: &PurposeDocument,
        schema: &FieldSchema,
    ) -> Result<Self, AgreementError> {
        let viewer = schema.resolve(&document.viewer)?;
        let friend = schema.resolve(&document.friend)?;
        let incomplete = |relation, missing| AgreementError::Incomplete {
            purpose: document.purpose.clone(),
            relation,
            missing,
        };
        let has = |set: FieldSet, field| set.is_empty() || set.contains(field);
        if !has(viewer, FieldId::ID) {
            return Err(incomplete(Relation::Viewer, "id"));
        }
        if !has(friend, FieldId::ID) {
            return Err(incomplete(Relation::Friend, "id"));
        }
        if friend.contains(FieldId::FRIENDS) {
            return Err(AgreementError::FriendsOfFriends { purpose: document.purpose.clone() });
        }
        if !friend.is_empty() && !viewer.contains(FieldId::FRIENDS) {
            return Err(incomplete(Relation::Friend, "friends (of self)"));
        }
        Ok(Self { id: document.purpose.clone(), viewer, friend })
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    #[test]
    fn an_agreement_cannot_name_what_the_platform_sends_itself() {
        let read = |text| agreed_delivery(StrDeserializer::<Error>::new(text));
        assert_eq!(read("clear"), Ok(Delivery::Clear));
        for other in ["decided", "sealed"] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}
