//! What a person chose, over the entries of the log, and whether what was released was within it.
//!
//! What closes something holds before its entry is durable, and what opens something only after. So a
//! disclosure was decided within the settings, and under a grant, of some moment between `as_of`, what the
//! decision had seen, and its own entry.

use std::collections::BTreeMap;

use countersign_domain::field::FieldSet;
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::{Choice, ConsentRecord, GrantGiven};
use countersign_protocol::entry::Disclosure;
use countersign_protocol::record::Record;

use super::entries::Entries;
use super::items::{Opened, What};
use crate::verdict::{Place, Rule, Verdict};

/// What was chosen under one secret.
#[derive(Default)]
pub(super) struct Choices {
    by_number: BTreeMap<u64, ConsentRecord>,
    beginning: Option<Settings>,
    /// By the entry from which on they hold, in the order of the log.
    settings: Vec<(u64, Settings)>,
    grants: Vec<KeptGrant>,
    is_erased: bool,
    /// The end of the last hold, which took the place of those before.
    held_until: Option<Timestamp>,
}

struct KeptGrant {
    given: GrantGiven,
    /// The entry that says that it was given.
    from: u64,
    /// The entry that says that it ended.
    ended: Option<u64>,
}

impl Choices {
    /// What was chosen under each secret, with a check of the numbers.
    pub(super) fn read(opened: &[Opened<'_>], verdict: &mut Verdict) -> BTreeMap<u16, Self> {
        let mut by_secret: BTreeMap<u16, Self> = BTreeMap::new();
        for opened in opened {
            if let What::Consent(_, record) = &opened.what {
                by_secret.entry(opened.secret).or_default().take(
                    opened.item.index,
                    record,
                    verdict,
                );
            }
        }
        by_secret
    }

    fn take(&mut self, index: u64, record: &ConsentRecord, verdict: &mut Verdict) {
        let next = self.by_number.last_key_value().map(|(number, _)| number + 1);
        let earlier = self.by_number.get(&record.number);
        // After a crash the log may be told once more what it has.
        let is_again = earlier == Some(record);
        // Nobody chooses anything once they are erased; a hold is not theirs.
        let may_follow = !self.is_erased || matches!(record.choice, Choice::Hold { .. });
        let is_next = next.map_or(record.number <= 1, |next| next == record.number) && may_follow;
        verdict.check(Rule::LedgerChoices, Place::entry(index), is_again || is_next, || {
            let found = match earlier {
                Some(_) => format!("another choice of number {}", record.number),
                None if !may_follow => format!("choice {} behind the erasure", record.number),
                None => format!("a choice of number {}", record.number),
            };
            let expected = match may_follow {
                true => format!("number {}, or an earlier one once more", next.unwrap_or(1)),
                false => "nothing but holds".to_owned(),
            };
            (found, expected)
        });
        if !is_again {
            self.by_number.insert(record.number, record.clone());
            self.apply(index, record);
        }
    }

    fn apply(&mut self, index: u64, record: &ConsentRecord) {
        match &record.choice {
            // May stand behind the first disclosures.
            Choice::Settings(open) if record.number == 0 => {
                self.beginning = Some(Settings::from(*open));
            }
            Choice::Settings(open) => self.settings.push((index, Settings::from(*open))),
            Choice::Grant(given) => {
                self.grants.push(KeptGrant { given: given.clone(), from: index, ended: None });
            }
            Choice::GrantEnded { grant } => {
                for kept in self.grants.iter_mut().filter(|kept| kept.given.grant == *grant) {
                    kept.ended.get_or_insert(index);
                }
            }
            Choice::Erased {} => {
                self.is_erased = true;
                self.settings.push((index, Settings::CLOSED));
                for kept in &mut self.grants {
                    kept.ended.get_or_insert(index);
                }
            }
            Choice::Hold { until } => self.held_until = Some(*until),
        }
    }

    /// Says of a hold that is in force that it is: it keeps what the person may believe erased.
    pub(super) fn say_held(&self, at: Timestamp, verdict: &mut Verdict) {
        if let Some(until) = self.held_until.filter(|until| at < *until) {
            let says = format!(
                "a legal hold keeps records about the person until {until}, also if they are erased"
            );
            verdict.notice(None, says);
        }
    }

    /// The settings at every moment from what a disclosure's decision had seen to its own entry. Where it had
    /// seen what is behind itself there is no such moment.
    fn settings_between(&self, as_of: u64, index: u64) -> impl Iterator<Item = Settings> {
        let seen = self.settings.partition_point(|(from, _)| *from < as_of);
        let first = match seen.checked_sub(1).and_then(|last| self.settings.get(last)) {
            Some((_, settings)) => *settings,
            None => self.beginning.unwrap_or(Settings::DEFAULT),
        };
        let later = self.settings.iter().skip(seen).take_while(move |(from, _)| *from < index);
        let first = (as_of <= index).then_some(first);
        first.into_iter().chain(later.map(|(_, settings)| *settings))
    }

    /// The grants under which a disclosure can have been decided.
    fn grants_for(&self, disclosure: &Disclosure, index: u64) -> impl Iterator<Item = &GrantGiven> {
        let holds = move |kept: &&KeptGrant| {
            let given = &kept.given;
            let begin = disclosure.as_of.max(kept.from + 1);
            let end = kept.ended.map_or(index, |ended| ended.min(index));
            (&given.client, &given.purpose) == (&disclosure.client, &disclosure.purpose)
                && disclosure.time < given.until
                && begin <= end
        };
        self.grants.iter().filter(holds).map(|kept| &kept.given)
    }
}

/// Checks a record against what its person had chosen.
pub(super) fn check_record(
    (index, disclosure, record): (u64, &Disclosure, &Record),
    choices: &Choices,
    entries: &Entries,
    verdict: &mut Verdict,
) {
    let place = Place::entry(index);
    let kind = entries.kind(disclosure);
    verdict.check(Rule::LedgerDocuments, place, kind.is_some(), || {
        let found = "no agreement that says what kind of client this is".to_owned();
        (found, "the documents of all agreements of the disclosure".to_owned())
    });
    let names = |fields: FieldSet| match entries.schema() {
        Some(schema) => schema.names(fields).collect::<Vec<_>>().join(", "),
        None => format!("{} fields", fields.iter().count()),
    };
    if let Some(kind) = kind {
        let route = Route::of(kind, record.relation);
        let mut open = choices.settings_between(disclosure.as_of, index).map(|s| s.open(route));
        let holds = open.any(|open| record.fields.is_within(open));
        verdict.check(Rule::LedgerSettings, place, holds, || {
            let last = choices.settings_between(disclosure.as_of, index).last();
            let closed = record.fields.without(last.unwrap_or(Settings::CLOSED).open(route));
            (format!("{} released", names(closed)), format!("nothing closed on {}", route.name()))
        });
    }
    if record.relation == Relation::Viewer {
        let mut grants = choices.grants_for(disclosure, index);
        let holds = grants.any(|given| record.fields.is_within(given.viewer.0));
        verdict.check(Rule::LedgerGrant, place, holds, || {
            let found = format!("{} released to {}", names(record.fields), disclosure.client);
            (found, format!("a grant of these for {}", disclosure.purpose))
        });
    }
    check_named(index, (disclosure, record), entries, verdict);
}

/// Checks that the entry names what its record says was released.
fn check_named(
    index: u64,
    (disclosure, record): (&Disclosure, &Record),
    entries: &Entries,
    verdict: &mut Verdict,
) {
    let Some(schema) = entries.schema() else { return };
    let named = match record.relation {
        Relation::Viewer => &disclosure.viewer,
        Relation::Friend => &disclosure.friend,
    };
    let named = schema.resolve(named).unwrap_or(FieldSet::EMPTY);
    verdict.check(Rule::LedgerFields, Place::entry(index), record.fields.is_within(named), || {
        let unnamed = record.fields.without(named);
        let names: Vec<_> = schema.names(unnamed).collect();
        (format!("a record of {}", names.join(", ")), "the fields that the entry names".to_owned())
    });
}
