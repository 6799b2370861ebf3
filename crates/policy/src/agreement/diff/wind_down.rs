//! What changes in a wind-down. What counts is when each thing ends first; in how many steps that is
//! written does not.

use std::collections::BTreeMap;

use countersign_domain::agreement::Agreement;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::Ends;

use super::{Changes, Way};

/// What changes.
pub(super) fn diff(
    before: &Agreement,
    after: &Agreement,
    schema: &FieldSchema,
    changes: &mut Changes,
) {
    let (before, after) = (first_ends(before, schema), first_ends(after, schema));
    let mut things: Vec<_> = before.keys().chain(after.keys()).collect();
    things.sort_unstable();
    things.dedup();
    for thing in things {
        let (way, what) = match (before.get(thing), after.get(thing)) {
            (Some(before), Some(after)) if before < after => {
                (Way::Wider, format!("{thing} ends at {after}, and not at {before} already"))
            }
            (Some(before), Some(after)) if before > after => {
                (Way::Narrower, format!("{thing} ends at {after} already, and not at {before}"))
            }
            (None, Some(at)) => (Way::Narrower, format!("{thing} ends at {at}")),
            (Some(at), None) => (Way::Wider, format!("{thing} no longer ends at {at}")),
            _ => continue,
        };
        changes.say("wind_down", way, what);
    }
}

/// When each thing ends first, by what it is called.
fn first_ends(agreement: &Agreement, schema: &FieldSchema) -> BTreeMap<String, Timestamp> {
    let mut ends = BTreeMap::new();
    for step in agreement.wind_down() {
        let things = match step.ends {
            Ends::Fields(fields) => schema.names(fields).map(str::to_owned).collect(),
            other => vec![other.to_string()],
        };
        for thing in things {
            let first = ends.entry(thing).or_insert(step.at);
            *first = step.at.min(*first);
        }
    }
    ends
}
