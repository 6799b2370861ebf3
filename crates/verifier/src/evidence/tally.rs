//! What went and what was refused, counted. A field is counted once for each answer that it was in, not for
//! each person: how many people an entry is about is rounded.

use std::collections::BTreeMap;

use countersign_domain::agreement::Delivery;
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_protocol::evidence_pack::LogPart;
use serde::Serialize;

use super::facts::Facts;

/// In how many answers each field was.
pub type Counts = BTreeMap<String, u64>;

/// What went to one build, in one way, of one category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SentLine {
    /// The recipient.
    pub partner: Identifier,
    /// Its client.
    pub client: Identifier,
    /// The build.
    pub build: Identifier,
    /// How it left.
    pub delivery: Delivery,
    /// The category, as the field schema has it.
    pub category: String,
    /// In how many answers something of it was.
    pub answers: u64,
    /// The viewer's fields.
    #[serde(rename = "self")]
    pub viewer: Counts,
    /// Friends' fields.
    pub friend: Counts,
}

/// What was refused for one reason, of viewers or of friends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefusedLine {
    /// Why.
    pub reason: Reason,
    /// Of whom.
    pub relation: Relation,
    /// From how many answers each field was withheld.
    pub fields: Counts,
}

/// What went.
pub(super) fn sent(facts: &Facts<'_>) -> Vec<SentLine> {
    let schema = facts.register().schema();
    let mut lines: BTreeMap<_, SentLine> = BTreeMap::new();
    for (_, disclosure) in &facts.sent {
        let mut here: BTreeMap<String, [Vec<&String>; 2]> = BTreeMap::new();
        for (names, place) in [&disclosure.viewer, &disclosure.friend].into_iter().zip(0..) {
            for name in names {
                let lists = here.entry(category(schema, name)).or_default();
                lists.get_mut(place).into_iter().for_each(|list: &mut Vec<_>| list.push(name));
            }
        }
        for (category, [viewer, friend]) in here {
            let delivery = matches!(disclosure.delivery, Delivery::Decided);
            let key = (disclosure.client.clone(), disclosure.build.clone(), delivery, category);
            let line = lines.entry(key.clone()).or_insert_with(|| SentLine {
                partner: disclosure.partner.clone(),
                client: disclosure.client.clone(),
                build: disclosure.build.clone(),
                delivery: disclosure.delivery,
                category: key.3,
                answers: 0,
                viewer: Counts::new(),
                friend: Counts::new(),
            });
            line.answers += 1;
            count(&mut line.viewer, viewer.into_iter().cloned());
            count(&mut line.friend, friend.into_iter().cloned());
        }
    }
    lines.into_values().collect()
}

/// What was refused, if the operator tells it.
pub(super) fn refused(log: &LogPart, facts: &Facts<'_>) -> Option<Vec<RefusedLine>> {
    let schema = facts.register().schema();
    let mut lines: BTreeMap<(u8, bool), RefusedLine> = BTreeMap::new();
    for one in log.refusals.as_ref()?.iter().flat_map(|refused| &refused.withheld) {
        let key = (one.reason.code(), one.relation == Relation::Friend);
        let (reason, relation) = (one.reason, one.relation);
        let line = lines.entry(key);
        let line = line.or_insert(RefusedLine { reason, relation, fields: Counts::new() });
        let name = |field| schema.and_then(|schema| schema.name(field));
        let names = one.fields.iter().map(|field| {
            name(field).map_or_else(|| format!("field {}", field.number()), str::to_owned)
        });
        count(&mut line.fields, names);
    }
    Some(lines.into_values().collect())
}

fn count(counts: &mut Counts, names: impl Iterator<Item = String>) {
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
}

/// The category of a field by its name. What no schema has is told apart, and fails elsewhere.
fn category(schema: Option<&FieldSchema>, name: &str) -> String {
    let field = schema.and_then(|schema| schema.fields().iter().find(|field| field.name == name));
    field.map_or_else(|| "of no schema".to_owned(), |field| field.category.clone())
}
