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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::{
        AGREEMENT_VERSION, AgreementDocument, Delivery, EndsDocument, PurposeDocument,
        WindDownDocument,
    };
    use crate::route::ClientKind;
    use crate::schema::{Field, FieldSchema, SCHEMA_VERSION, SchemaDocument, Sensitivity};

    const BEGINS: u64 = 1_000;
    const ENDS: u64 = 2_000;

    fn agreement(wind_down: Vec<(u64, EndsDocument)>) -> (Agreement, FieldSchema) {
        let field = |name: &str| Field {
            name: name.to_owned(),
            aliases: Vec::new(),
            category: "pd:Name".to_owned(),
            sensitivity: Sensitivity::Low,
            special: false,
            description: String::new(),
        };
        let fields = ["id", "friends", "name", "work"].map(field).to_vec();
        let schema =
            FieldSchema::from_document(SchemaDocument { version: SCHEMA_VERSION, fields }).unwrap();
        let name = |text| Identifier::parse(text).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let at = Timestamp::from_seconds;
        let document = AgreementDocument {
            version: AGREEMENT_VERSION,
            agreement: name("a"),
            partner: name("aurora"),
            client: name("home"),
            kind: ClientKind::Device,
            not_before: at(BEGINS),
            not_after: at(ENDS),
            delivery: Delivery::Clear,
            query_token: false,
            purposes: vec![PurposeDocument {
                purpose: name("address-book"),
                dpv: "dpv:ServiceProvision".to_owned(),
                viewer: names(&["id", "friends", "name"]),
                friend: names(&["id", "work"]),
            }],
            wind_down: wind_down
                .into_iter()
                .map(|(second, ends)| WindDownDocument { at: at(second), ends })
                .collect(),
        };
        (Agreement::from_document(document, &schema).unwrap(), schema)
    }

    /// The names of the fields in force and of those wound down, and until when this stays so.
    fn at(
        second: u64,
        relation: Relation,
        steps: Vec<(u64, EndsDocument)>,
    ) -> (String, String, u64) {
        let (agreement, schema) = agreement(steps);
        let purpose = Identifier::parse("address-book").unwrap();
        let terms = terms(&agreement, &purpose, relation, Timestamp::from_seconds(second));
        let names = |set| schema.names(set).collect::<Vec<_>>().join(" ");
        (names(terms.fields), names(terms.wound_down), terms.holds_until.seconds())
    }

    fn said(fields: &str, wound_down: &str, until: u64) -> (String, String, u64) {
        (fields.to_owned(), wound_down.to_owned(), until)
    }

    #[test]
    fn an_agreement_lives_from_its_first_second_to_the_one_before_its_last() {
        let viewer = |second| at(second, Relation::Viewer, Vec::new());
        assert_eq!(viewer(BEGINS - 1), said("", "", BEGINS));
        assert_eq!(viewer(BEGINS), said("id friends name", "", ENDS));
        assert_eq!(viewer(ENDS - 1), said("id friends name", "", ENDS));
        assert_eq!(viewer(ENDS), said("", "", Timestamp::MAX.seconds()));
    }

    #[test]
    fn wind_down_steps_hold_from_their_second_on() {
        let steps = || {
            let work = EndsDocument::Fields(vec!["work".to_owned()]);
            vec![(1_200, EndsDocument::NewGrants), (1_400, work), (1_600, EndsDocument::Friends)]
        };
        let friend = |second| at(second, Relation::Friend, steps());
        assert_eq!(friend(1_199), said("id work", "", 1_200));
        assert_eq!(friend(1_200), said("id work", "", 1_400));
        assert_eq!(friend(1_400), said("id", "work", 1_600));
        assert_eq!(friend(1_600), said("", "id work", ENDS));
        let viewer = |second| at(second, Relation::Viewer, steps());
        assert_eq!(viewer(1_599), said("id friends name", "", 1_600));
        assert_eq!(viewer(1_600), said("id name", "friends", ENDS));
        let all = at(1_500, Relation::Viewer, vec![(1_500, EndsDocument::All)]);
        assert_eq!(all, said("", "id friends name", ENDS));
    }

    #[test]
    fn a_purpose_that_is_not_agreed_gives_nothing() {
        let (agreement, _) = agreement(Vec::new());
        let other = Identifier::parse("ads").unwrap();
        let now = Timestamp::from_seconds(BEGINS);
        assert!(terms(&agreement, &other, Relation::Viewer, now).fields.is_empty());
    }
}
