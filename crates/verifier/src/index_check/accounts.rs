//! What lists have of one entry, held against it.

use std::collections::BTreeSet;

use countersign_domain::digest::Digest;
use countersign_domain::rounding::rounded_up;
use countersign_protocol::consent::commitments_root;
use countersign_protocol::entry::Entry;
use countersign_protocol::person_index::Item;

use super::IndexQuestion;
use super::windows::Placed;
use crate::verdict::{Place, Rule, Verdict};

/// The entries of a period, held one by one against what the lists have of them.
pub(super) struct Accounts {
    unaccounted_max: u64,
    notices_max: u64,
    unaccounted: u64,
}

/// What an entry says of its commitments.
struct Said {
    root: Digest,
    /// How many they are, rounded up; of consents nobody says that.
    people: Option<u64>,
}

impl Accounts {
    pub(super) const fn new(question: &IndexQuestion<'_>) -> Self {
        let (unaccounted_max, notices_max) = (question.unaccounted_max, question.failures_kept_max);
        Self { unaccounted_max, notices_max, unaccounted: 0 }
    }

    /// How many entries have commitments that are in nobody's list.
    pub(super) const fn unaccounted(&self) -> u64 {
        self.unaccounted
    }

    /// Takes the next entry with the items that lists have of it, by their positions; what it is, if it is one.
    pub(super) fn check(
        &mut self,
        index: u64,
        bytes: &[u8],
        items: &[Placed],
        verdict: &mut Verdict,
    ) -> Option<Entry> {
        let place = Place::entry(index);
        let entry = verdict.check_ok(Rule::EntryForm, place, Entry::parse(bytes))?;
        let said = match &entry {
            Entry::Disclosure(disclosure) => {
                Said { root: disclosure.records, people: Some(disclosure.people) }
            }
            Entry::Consents(consents) => Said { root: consents.records, people: None },
            Entry::Act(_) | Entry::Close(_) => {
                if !items.is_empty() {
                    verdict.check(Rule::IndexItem, place, false, || {
                        let found =
                            format!("{} items at an entry of kind {}", items.len(), entry.kind());
                        (found, "none: it has no commitments".to_owned())
                    });
                }
                return Some(entry);
            }
        };
        self.check_entry(place, &said, items, verdict);
        Some(entry)
    }

    fn check_entry(
        &mut self,
        place: Place<'_>,
        said: &Said,
        placed: &[Placed],
        verdict: &mut Verdict,
    ) {
        let mut items: Vec<Item> = placed.iter().map(|placed| placed.item).collect();
        let twice = items.array_windows().find(|[one, next]| one.position == next.position);
        let twice = twice.map(|[one, _]| one.position);
        verdict.check(Rule::IndexOnce, place, twice.is_none(), || {
            let position = twice.unwrap_or_default();
            (format!("commitment {position} in two lists"), "in one".to_owned())
        });
        items.dedup();
        let gap = items.iter().zip(0..).find(|(item, position)| item.position != *position);
        let gap = gap.map(|(_, position)| position);
        let root = commitments_root(items.iter().map(|item| item.commitment));
        let is_whole = gap.is_none() && root == said.root;
        // Where nothing can be missing, something is there that the entry does not have.
        let is_full = gap.is_none() && said.people == Some(items.len() as u64);
        let is_beyond = said
            .people
            .is_some_and(|most| items.last().is_some_and(|last| u64::from(last.position) >= most));
        let is_other = !is_whole && (is_full || is_beyond || twice.is_some());
        let found = || match gap {
            Some(position) => format!("commitment {position} in nobody's list"),
            None => format!("{} commitments in lists, which come to {root}", items.len()),
        };
        let expected = || format!("all of its commitments, which come to {}", said.root);
        verdict.check(Rule::IndexItem, place, !is_other, || (found(), expected()));
        if is_other {
            return;
        }
        if is_whole
            && twice.is_none()
            && let Some(people) = said.people
        {
            let lists: BTreeSet<u64> = placed.iter().map(|placed| placed.list).collect();
            let found = lists.len() as u64;
            let holds = lists.len() == items.len() && rounded_up(found) == people;
            verdict.check(Rule::IndexEntryPeople, place, holds, || {
                let found = format!("{} commitments in {found} lists", items.len());
                (found, format!("one in each list, {people} of them when rounded up"))
            });
        }
        self.unaccounted += u64::from(!is_whole);
        let is_borne = !is_whole && self.unaccounted <= self.unaccounted_max;
        if is_borne && self.unaccounted <= self.notices_max {
            verdict.notice(place.entry, format!("{}: not accounted for", found()));
        }
        verdict.check(Rule::IndexComplete, place, is_whole || is_borne, || (found(), expected()));
    }
}
