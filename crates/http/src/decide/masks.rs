//! What comes of a question: which fields of whom the platform may send, and for its own eyes why not
//! the others.

use std::collections::BTreeMap;

use countersign_domain::decide::Decided;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::PairwiseId;
use countersign_domain::reason::Reason;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_log::annex::{Standing, withheld};
use countersign_log::released::Placed;
use countersign_service::operations::vocabulary::{self, FieldName, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::question::Question;

/// Which fields of whom may be sent, and the proof to send along.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Masks {
    /// Where in the log the disclosure stands.
    pub index: u64,
    /// The first second in which the answer may no longer be sent.
    #[schema(value_type = u64)]
    pub valid_until: Timestamp,
    /// The headers that the answer has to carry.
    pub headers: BTreeMap<String, String>,
    /// The viewer.
    pub viewer: PersonMask,
    /// The friends who are in the answer, in the order in which it has to list them.
    pub friends: Vec<PersonMask>,
    /// The friends who are not. For the operator alone.
    pub hidden: Vec<Hidden>,
    /// The accounts among the friends that the source of people's data does not have, so that nothing was decided about
    /// them, and nothing may be sent. For the operator alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// What was asked for and withheld from everybody of one kind: `self`, `friend`, `minor_friend`. For the operator
    /// alone.
    pub withheld: BTreeMap<String, Vec<Withheld>>,
}

/// What may be sent of one person.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonMask {
    /// The platform's name for them, which is not for the partner.
    pub account: String,
    /// Their id, which is what the answer calls them.
    #[schema(value_type = PersonId)]
    pub id: PairwiseId,
    /// Exactly the fields that the answer has to hold of them.
    #[schema(value_type = Vec<FieldName>)]
    pub fields: Vec<String>,
    /// The fields that only their own settings withhold. For the operator alone.
    #[schema(value_type = Vec<FieldName>)]
    pub closed: Vec<String>,
}

/// A friend of whom nothing may be sent.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HiddenFriend)]
pub struct Hidden {
    /// The platform's name for them.
    pub account: String,
    /// The clause that withholds their id.
    #[schema(value_type = vocabulary::Reason)]
    pub reason: Reason,
}

/// Fields that one clause withholds.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// The clause.
    #[schema(value_type = vocabulary::Reason)]
    pub reason: Reason,
    /// The fields.
    #[schema(value_type = Vec<FieldName>)]
    pub fields: Vec<String>,
}

/// What a decision came to, and the words to tell it in.
pub(super) struct Told<'a> {
    pub(super) question: &'a Question,
    pub(super) decided: &'a Decided,
    /// Of each candidate, where among the question's people they stand.
    pub(super) places: &'a [usize],
    pub(super) schema: &'a FieldSchema,
}

impl Told<'_> {
    /// The masks, but for the headers, which are made of them.
    pub(super) fn masks(&self, placed: Placed) -> Masks {
        let mut records = self.decided.records.iter().map(|record| PersonMask {
            account: self.account(record.position),
            id: record.pairwise,
            fields: self.names(record.fields),
            closed: self.names(record.closed),
        });
        let viewer = records.next().unwrap_or_else(|| PersonMask {
            account: self.question.viewer.account.clone(),
            id: PairwiseId([0; 16]),
            fields: Vec::new(),
            closed: Vec::new(),
        });
        Masks {
            index: placed.index,
            valid_until: self.decided.valid_until,
            headers: BTreeMap::new(),
            viewer,
            friends: records.collect(),
            hidden: self.hidden(),
            unknown: self.unknown(),
            withheld: self.withheld(),
        }
    }

    fn names(&self, fields: FieldSet) -> Vec<String> {
        self.schema.names(fields).map(str::to_owned).collect()
    }

    fn person(&self, position: usize) -> Option<&super::question::Person> {
        match self.places.get(position)?.checked_sub(1) {
            None => Some(&self.question.viewer),
            Some(place) => self.question.friends.as_ref()?.people.get(place),
        }
    }

    fn account(&self, position: usize) -> String {
        self.person(position).map(|person| person.account.clone()).unwrap_or_default()
    }

    /// Whom nobody knows is no candidate.
    fn unknown(&self) -> Vec<String> {
        let mut known = self.places.to_vec();
        known.sort_unstable();
        let friends = self.question.friends.iter().flat_map(|friends| &friends.people);
        let unknown = friends.zip(1..).filter(|(_, place)| known.binary_search(place).is_err());
        unknown.map(|(friend, _)| friend.account.clone()).collect()
    }

    fn hidden(&self) -> Vec<Hidden> {
        let mut shown: Vec<_> = self.decided.records.iter().map(|record| record.position).collect();
        shown.sort_unstable();
        let is_hidden = |position: &usize| shown.binary_search(position).is_err();
        let reasons =
            [Standing::Friend, Standing::MinorFriend].map(|standing| self.reason_of_id(standing));
        let hidden = (1..self.places.len()).filter(is_hidden).filter_map(|position| {
            let person = self.person(position)?;
            let reason = if person.minor { reasons[1] } else { reasons[0] };
            Some(Hidden { account: person.account.clone(), reason })
        });
        hidden.collect()
    }

    /// What withholds the id of everybody of this standing; if nothing does, it is their own settings, or
    /// the viewer's, whose list it is.
    fn reason_of_id(&self, standing: Standing) -> Reason {
        let of_id = |standing, field| {
            let mut clauses = withheld(self.decided, standing).into_iter();
            clauses.find(|(_, fields)| fields.contains(field)).map(|(reason, _)| reason)
        };
        of_id(Standing::Viewer, FieldId::FRIENDS)
            .or_else(|| of_id(standing, FieldId::ID))
            .unwrap_or(Reason::Settings)
    }

    fn withheld(&self) -> BTreeMap<String, Vec<Withheld>> {
        let names = [
            (Standing::Viewer, "self"),
            (Standing::Friend, "friend"),
            (Standing::MinorFriend, "minor_friend"),
        ];
        let of = |standing| {
            let clauses = withheld(self.decided, standing).into_iter();
            clauses
                .map(|(reason, fields)| Withheld { reason, fields: self.names(fields) })
                .collect()
        };
        let all = names.into_iter().map(|(standing, name)| (name.to_owned(), of(standing)));
        all.filter(|(_, clauses): &(String, Vec<_>)| !clauses.is_empty()).collect()
    }
}
