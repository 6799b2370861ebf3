//! People as a source outside of this process told of them, on their way to a decision: the store adds
//! handles, ids and settings, which the platform's own data does not have.

use countersign_domain::field::{FieldId, FieldSet};

use super::circle::{Circle, Values};
use super::naming::{Named, Naming, Told};
use super::{Question, SourceError};

/// The people of one answer of a source, the viewer first. One buffer holds the values of all.
#[derive(Default)]
pub struct Fetched {
    people: Vec<FetchedPerson>,
    values: FetchedValues,
}

/// A person as a source knows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FetchedPerson {
    /// The platform's name for them.
    pub account: String,
    /// Whether they are a minor.
    pub minor: bool,
}

/// The values of the people of a [`Fetched`], each of them JSON.
#[derive(Default)]
pub(super) struct FetchedValues {
    bytes: Vec<u8>,
    /// Field and end of each value; a value begins where the one before it ends.
    ends: Vec<(FieldId, usize)>,
    /// Of each person, where among `ends` and `bytes` theirs begin, and which fields they have.
    starts: Vec<Start>,
}

#[derive(Clone, Copy)]
struct Start {
    end: usize,
    byte: usize,
    present: FieldSet,
}

impl Fetched {
    /// Adds a person; the values that follow are theirs.
    pub fn person(&mut self, person: FetchedPerson) {
        self.people.push(person);
        let values = &mut self.values;
        let (end, byte) = (values.ends.len(), values.bytes.len());
        values.starts.push(Start { end, byte, present: FieldSet::EMPTY });
    }

    /// Adds a value of the person who was added last: what `write` appends, which has to be one JSON value.
    /// Fields come in the order of their numbers, each at most once; the id and the list of friends are
    /// rendered and have no value.
    ///
    /// # Errors
    /// [`SourceError::Nonsense`] for a value before any person, and out of order.
    pub fn value(
        &mut self,
        field: FieldId,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), SourceError> {
        let wrong = |reason: &str| SourceError::Nonsense { reason: reason.to_owned() };
        let Some(start) = self.values.starts.last_mut() else {
            return Err(wrong("a value of nobody"));
        };
        let is_rendered = field == FieldId::ID || field == FieldId::FRIENDS;
        let last = self.values.ends.get(start.end..).and_then(<[_]>::last).map(|(last, _)| *last);
        if is_rendered || last.is_some_and(|last| last >= field) {
            return Err(wrong("values out of order"));
        }
        write(&mut self.values.bytes);
        start.present = start.present.with(field);
        self.values.ends.push((field, self.values.bytes.len()));
        Ok(())
    }

    /// The circle of these people: named toward the partner, with settings as they are this moment, the
    /// friends in the order of their ids.
    ///
    /// # Errors
    /// [`SourceError`], as [`Naming::name`] says.
    pub(super) async fn into_circle(
        self,
        naming: &Naming,
        question: &Question<'_>,
    ) -> Result<Circle, SourceError> {
        let told = self.people.iter().zip(&self.values.starts).map(|(person, start)| Told {
            account: &person.account,
            minor: person.minor,
            present: start.present,
        });
        let told: Vec<_> = told.collect();
        let named = naming.name(question.viewer, question.partner, &told);
        let Named { candidates, places } = named.await?;
        let values = Values::Fetched(self.values.in_order(places.into_iter()));
        Ok(Circle { candidates, values })
    }
}

impl FetchedValues {
    /// The same values, the people in this order.
    fn in_order(self, order: impl Iterator<Item = usize>) -> Self {
        let starts = order.filter_map(|place| self.starts.get(place).copied()).collect();
        Self { starts, ..self }
    }

    pub(super) fn values(
        &self,
        position: usize,
        fields: FieldSet,
        mut show: impl FnMut(FieldId, &[u8]),
    ) {
        let Some(start) = self.starts.get(position) else { return };
        let mut from = start.byte;
        let count = start.present.len();
        for (field, end) in self.ends.iter().skip(start.end).take(count) {
            if fields.contains(*field)
                && let Some(value) = self.bytes.get(from..*end)
            {
                show(*field, value);
            }
            from = *end;
        }
    }
}

impl std::fmt::Debug for Fetched {
    /// How many, not who.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetched").field("people", &self.people.len()).finish_non_exhaustive()
    }
}
