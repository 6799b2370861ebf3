//! From permissions that end at different times back to the wind-down steps that end them. A step ends
//! fields of anybody and for every purpose, or everything of friends, or everything; permissions that end in
//! another way cannot be kept.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};

use super::NotUnderstood;

/// Some fields that are given for a purpose, and when they end.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// Where that is said.
    pub(super) pointer: String,
    /// The purpose, by its number.
    pub(super) purpose: usize,
    pub(super) relation: Relation,
    pub(super) fields: FieldSet,
    pub(super) ends: Vec<Timestamp>,
}

/// The steps, in the order of time.
pub(super) fn steps(
    given: &[Given],
    schema: &FieldSchema,
) -> Result<Vec<WindDownDocument>, NotUnderstood> {
    let instants: BTreeSet<_> = given.iter().flat_map(|given| given.ends.iter().copied()).collect();
    let mut steps = Vec::new();
    for at in instants {
        let ends = Ending::at(at, given).what(schema)?;
        steps.extend(ends.into_iter().map(|ends| WindDownDocument { at, ends }));
    }
    Ok(steps)
}

/// What ends at one instant, beside everything that is given.
struct Ending<'a> {
    at: Timestamp,
    given: &'a [Given],
    cells: BTreeMap<(usize, Relation), Cell>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    given: FieldSet,
    ended: FieldSet,
}

impl<'a> Ending<'a> {
    fn at(at: Timestamp, given: &'a [Given]) -> Self {
        let mut cells = BTreeMap::<_, Cell>::new();
        for one in given {
            let cell = cells.entry((one.purpose, one.relation)).or_default();
            cell.given = cell.given.or(one.fields);
            if one.ends.contains(&at) {
                cell.ended = cell.ended.or(one.fields);
            }
        }
        Self { at, given, cells }
    }

    fn what(&self, schema: &FieldSchema) -> Result<Vec<EndsDocument>, NotUnderstood> {
        if self.cells.values().all(|cell| cell.given == cell.ended) {
            return Ok(vec![EndsDocument::All]);
        }
        let (mut ends, mut ended_by_friends) = (Vec::new(), FieldSet::EMPTY);
        let friends = FieldSet::of(FieldId::FRIENDS);
        let everything_of_friends = self.cells.iter().all(|((_, relation), cell)| match relation {
            Relation::Friend => cell.given == cell.ended,
            Relation::Viewer => cell.given.and(friends).is_within(cell.ended),
        });
        let any_friends = self.cells.values().any(|cell| cell.given.contains(FieldId::FRIENDS));
        if everything_of_friends && any_friends {
            ends.push(EndsDocument::Friends);
            ended_by_friends = friends;
        }
        let rest = self.cells.iter().map(|((_, relation), cell)| match relation {
            Relation::Friend if everything_of_friends => FieldSet::EMPTY,
            _ => cell.ended.without(ended_by_friends),
        });
        let rest = rest.fold(FieldSet::EMPTY, FieldSet::or);
        if !rest.is_empty() {
            self.holds_for_everybody(rest, schema)?;
            ends.push(EndsDocument::Fields(schema.names(rest).map(str::to_owned).collect()));
        }
        Ok(ends)
    }

    /// A field ends for everybody or for nobody.
    fn holds_for_everybody(
        &self,
        fields: FieldSet,
        schema: &FieldSchema,
    ) -> Result<(), NotUnderstood> {
        for one in self.given.iter().filter(|one| !one.ends.contains(&self.at)) {
            let left = one.fields.and(fields);
            if let Some(name) = schema.names(left).next() {
                let at = self.at;
                let message = format!(
                    "{name} ends elsewhere at {at} and not here; a wind-down step ends a field for every purpose and of anybody, or everything of friends, or everything"
                );
                return Err(NotUnderstood { pointer: one.pointer.clone(), message });
            }
        }
        Ok(())
    }
}
