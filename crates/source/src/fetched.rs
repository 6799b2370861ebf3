//! People as a source outside of this process told of them, on their way to a decision: the store adds
//! handles, ids and settings, which the platform's own data does not have.

use countersign_domain::field::{FieldId, FieldSet};
use countersign_people::store::ACCOUNT_BYTES_MAX;

use std::collections::HashMap;
use std::sync::Arc;

use super::circle::{Circle, Values};
use super::naming::{Named, Naming, Told};
use super::{PlatformChoice, Question, SourceError};

/// The people of one answer of a source, the viewer first. One buffer holds the values of all.
#[derive(Default)]
pub struct Fetched {
    people: Vec<FetchedPerson>,
    values: FetchedValues,
    left_out: LeftOut,
}

/// Friends whose records cannot be read. They are left out of an answer, so that one bad record does not
/// take everybody's answers away in whom it is; the operator is told how many, and why the first.
#[derive(Default, Debug)]
struct LeftOut {
    count: usize,
    why_first: Option<String>,
}

/// A person as a source knows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FetchedPerson {
    /// The platform's name for them.
    pub account: String,
    /// Whether they are a minor.
    pub minor: bool,
    /// What they chose on the platform, where the source reads that.
    pub chosen: Option<Arc<PlatformChoice>>,
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

    /// The person who was added first.
    pub(super) fn viewer(&self) -> Option<&FetchedPerson> {
        self.people.first()
    }

    /// Those who were added after the first.
    pub(super) fn friends(&self) -> impl Iterator<Item = &FetchedPerson> {
        self.people.iter().skip(1)
    }

    /// Takes back the person who was added last, with their values.
    pub(super) fn take_back(&mut self) {
        self.people.pop();
        if let Some(start) = self.values.starts.pop() {
            self.values.ends.truncate(start.end);
            self.values.bytes.truncate(start.byte);
        }
    }

    /// Leaves a friend out, because of what is wrong with their own record. What is wrong with more than that
    /// is wrong with the answer.
    ///
    /// # Errors
    /// The error, if it is about more than one record.
    pub(super) fn leave_out(&mut self, error: SourceError) -> Result<(), SourceError> {
        match error {
            SourceError::Nonsense { reason } => {
                self.left_out.add(1, &reason);
                Ok(())
            }
            other => Err(other),
        }
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
    /// [`SourceError`], as [`Naming::name`] says; [`SourceError::Nonsense`] if most friends would be left out.
    pub(super) async fn into_circle(
        mut self,
        naming: &Naming,
        question: &Question<'_>,
    ) -> Result<Circle, SourceError> {
        let kept = self.without_ambiguous();
        self.left_out.tell(kept.len().saturating_sub(1), naming)?;
        let told = kept.iter().filter_map(|place| {
            let (person, start) = (self.people.get(*place)?, self.values.starts.get(*place)?);
            Some(Told {
                account: &person.account,
                minor: person.minor,
                present: start.present,
                chosen: person.chosen.as_deref(),
            })
        });
        let told: Vec<_> = told.collect();
        let named = naming.name(question.viewer, question.partner, &told);
        let Named { candidates, places } = named.await?;
        let order = places.into_iter().filter_map(|place| kept.get(place).copied());
        let values = Values::Fetched(self.values.in_order(order));
        Ok(Circle { candidates, values })
    }

    /// The places of the viewer and of each friend who stands there once, under an account that there can be.
    fn without_ambiguous(&mut self) -> Vec<usize> {
        let mut times: HashMap<&str, usize> = HashMap::with_capacity(self.people.len());
        for person in &self.people {
            *times.entry(person.account.as_str()).or_default() += 1;
        }
        let is_clear = |account: &str| {
            times.get(account) == Some(&1) && (1..=ACCOUNT_BYTES_MAX).contains(&account.len())
        };
        let people = self.people.iter().enumerate();
        let kept = people.filter(|(place, person)| *place == 0 || is_clear(&person.account));
        let kept: Vec<usize> = kept.map(|(place, _)| place).collect();
        let left_out = self.people.len() - kept.len();
        self.left_out.add(
            left_out,
            "somebody stands there twice, or has an account of no length or one that is too long",
        );
        kept
    }
}

impl LeftOut {
    fn add(&mut self, count: usize, why: &str) {
        self.count += count;
        if count > 0 {
            self.why_first.get_or_insert_with(|| why.to_owned());
        }
    }

    /// Counts and says it. Where most friends would be left out, it is not their records that are wrong: an
    /// answer without them would pass for one about somebody who is alone.
    fn tell(&mut self, kept: usize, naming: &Naming) -> Result<(), SourceError> {
        let Self { count, why_first: Some(why) } = self else { return Ok(()) };
        let count = *count;
        if count > 1 && count > kept {
            let friends = count + kept;
            let reason =
                format!("the records of {count} of {friends} friends cannot be read: {why}");
            return Err(SourceError::Nonsense { reason });
        }
        naming.left_out().inc_by(count as u64);
        tracing::warn!(
            count,
            why,
            "friends were left out of an answer, because their records cannot be read; mend them in the source"
        );
        Ok(())
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
