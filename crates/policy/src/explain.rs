//! Explaining a decision: for each field of a person, that it is released, or the one clause that withholds
//! it, in words, with the entry of the log that says so. For reviewers and for the people themselves;
//! partners never see it.
//!
//! What it is not: a decision. It looks at the same clauses as masks do, and at the same settings and grant
//! as `decide`, but releases nothing.

use countersign_domain::clause::Clauses;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use serde::{Deserialize, Serialize};

/// What the register does not know of a person and the viewer. What is `None` is taken to be open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The fields that the viewer granted of people of this relation.
    pub granted: Option<FieldSet>,
    /// The person's own settings.
    pub settings: Option<Settings>,
    /// The fields for which there is a value.
    pub present: Option<FieldSet>,
}

/// What becomes of one field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explained {
    /// The field.
    pub field: String,
    /// Whether it is released.
    pub released: bool,
    /// Why not.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

/// Why a field is not in an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Withheld {
    /// The reason of the closed list; none, if there is nothing to withhold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The clause in words.
    pub clause: String,
    /// The entry of the log that says it; none, if it is not in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// What becomes of these fields of a person of this relation, by this route.
#[must_use]
pub fn explain(
    clauses: &Clauses,
    schema: &FieldSchema,
    fields: FieldSet,
    route: Route,
    asked: &Asked,
) -> Vec<Explained> {
    let explained = fields.iter().filter_map(|field| {
        let withheld = withheld(clauses, field, route, asked);
        let released = withheld.is_none();
        Some(Explained { field: schema.name(field)?.to_owned(), released, withheld })
    });
    explained.collect()
}

/// The first that does not leave the field open: the register, the viewer's grant, the person.
fn withheld(clauses: &Clauses, field: FieldId, route: Route, asked: &Asked) -> Option<Withheld> {
    if let Some(clause) = clauses.against(field) {
        let (reason, clause, entry) = (clause.reason, clause.says.to_string(), clause.index);
        return Some(Withheld { reason: Some(reason), clause, entry });
    }
    let closed = |open: Option<FieldSet>| open.is_some_and(|open| !open.contains(field));
    let of_people = |reason, clause: String| Some(Withheld { reason, clause, entry: None });
    if closed(asked.granted) {
        return of_people(Some(Reason::Grant), "the viewer did not grant it".to_owned());
    }
    if closed(asked.settings.map(|settings| settings.open(route))) {
        let clause = format!("the person keeps it closed on {}", route.name());
        return of_people(Some(Reason::Settings), clause);
    }
    if closed(asked.present) {
        return of_people(None, "there is no value".to_owned());
    }
    None
}

/// The fields that can be released of people of this relation at all: nobody's friends are in an answer
/// but the viewer's.
#[must_use]
pub fn of_relation(schema: &FieldSchema, relation: Relation) -> FieldSet {
    match relation {
        Relation::Viewer => schema.all(),
        Relation::Friend => schema.all().without(FieldSet::of(FieldId::FRIENDS)),
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::clause::{Clause, Says};
    use countersign_fixtures::schema;

    use super::*;

    fn schema() -> FieldSchema {
        schema::of(&["id", "friends", "name", "work"])
    }

    #[test]
    fn the_first_that_withholds_is_named_and_the_register_goes_before_people() {
        let schema = schema();
        let set = |names: &[&str]| schema.resolve(names).unwrap();
        let mut clauses = Clauses::default();
        clauses.push(Clause {
            reason: Reason::SpecialCategory,
            allowed: FieldSet::ALL.without(set(&["work"])),
            index: Some(2),
            says: Says::SpecialOfFriends,
        });
        let asked = Asked {
            granted: Some(set(&["id", "name"])),
            settings: Some(Settings::CLOSED.with(Route::FriendsApp, set(&["id", "friends"]))),
            present: Some(set(&["friends"])),
        };
        let said = |asked: &Asked| {
            let explained = explain(&clauses, &schema, schema.all(), Route::FriendsApp, asked);
            let line = |explained: &Explained| match &explained.withheld {
                None => format!("{} released", explained.field),
                Some(Withheld { reason, clause, entry }) => {
                    format!("{} {reason:?} {clause} {entry:?}", explained.field)
                }
            };
            explained.iter().map(line).collect::<Vec<_>>()
        };
        assert_eq!(
            said(&asked),
            [
                "id None there is no value None",
                "friends Some(Grant) the viewer did not grant it None",
                "name Some(Settings) the person keeps it closed on friends_app None",
                "work Some(SpecialCategory) platform rule: special categories of friends are not released Some(2)",
            ]
        );
        let open = said(&Asked::default());
        assert_eq!(open[..3], ["id released", "friends released", "name released"]);
    }
}
