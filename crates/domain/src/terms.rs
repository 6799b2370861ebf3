//! What an agreement allows at an instant. The gateway and every outsider who re-decides call this
//! one function, so that there is one meaning.

use crate::agreement::{Agreement, Ends};
use crate::field::{FieldId, FieldSet};
use crate::identifier::Identifier;
use crate::reason::Reason;
use crate::relation::Relation;
use crate::time::Timestamp;

/// What an agreement allows, and until when this stays so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// The fields that may be released.
    pub fields: FieldSet,
    /// The fields that the agreement gives, but a wind-down step has ended.
    pub wound_down: FieldSet,
    /// The first second for which the question has to be asked again.
    pub holds_until: Timestamp,
}

impl Terms {
    /// The reason for which a field that is not in [`Terms::fields`] is withheld.
    #[must_use]
    pub const fn reason(&self, field: FieldId) -> Reason {
        if self.wound_down.contains(field) { Reason::WindDown } else { Reason::Agreement }
    }
}

/// What `agreement` allows for `purpose` about people of this `relation` in the second `now`.
#[must_use]
pub fn terms(
    agreement: &Agreement,
    purpose: &Identifier,
    relation: Relation,
    now: Timestamp,
) -> Terms {
    let document = &agreement.document;
    let nothing_until =
        |holds_until| Terms { fields: FieldSet::EMPTY, wound_down: FieldSet::EMPTY, holds_until };
    if now < document.not_before {
        return nothing_until(document.not_before);
    }
    if now >= document.not_after {
        return nothing_until(Timestamp::MAX);
    }
    let given = agreement.fields(purpose, relation).unwrap_or(FieldSet::EMPTY);
    let mut ended = FieldSet::EMPTY;
    let mut holds_until = document.not_after;
    for step in agreement.wind_down() {
        if now < step.at {
            holds_until = holds_until.min(step.at);
        } else {
            ended = ended.or(ended_by(step.ends, relation));
        }
    }
    Terms { fields: given.without(ended), wound_down: given.and(ended), holds_until }
}

/// The fields of people of this relation that a step ends. New grants are refused where grants are made.
fn ended_by(ends: Ends, relation: Relation) -> FieldSet {
    match (ends, relation) {
        (Ends::NewGrants, _) => FieldSet::EMPTY,
        (Ends::Fields(fields), _) => fields,
        (Ends::All, _) | (Ends::Friends, Relation::Friend) => FieldSet::ALL,
        (Ends::Friends, Relation::Viewer) => FieldSet::of(FieldId::FRIENDS),
    }
}
