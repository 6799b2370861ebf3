//! Applying again, to people of an older backup, what the log has of them: choices in their order, with their receipts,
//! and erasures that were done. While no server runs.
//!
//! An erased person has no handle in the log any more; in its place is the beginning of a label, which only their
//! secret gives. The older people have that secret, so each of them is asked for in turn.

use std::collections::{HashMap, HashSet};
use std::fmt;

use countersign_domain::person::{Handle, Secret};
use countersign_log::about_people::{PrivateEntry, about_people};
use countersign_log::annex::{Annex, AnnexConsent, ConsentsAnnex};
use countersign_log::backend::Backend;
use countersign_log::period::Periods;
use countersign_people::account_directory::AccountDirectory;
use countersign_people::store::{BEGINNING, LoggedChoice, People, View};
use countersign_protocol::consent::ConsentRecord;
use countersign_protocol::person_index::Label;

use super::RecoveryError;
use super::lag::{Known, Lag, known, look};
use crate::canaries::Canaries;
use crate::consents::{Receipts, Told};

/// What stands in an annex for a person who was erased.
type Remnant = [u8; 16];

/// What was applied again.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Recovered {
    /// Choices that were missing.
    pub choices: u64,
    /// People who were erased once more.
    pub erased: u64,
    /// Up to which entry people and log agree now.
    pub entries: u64,
    /// What could not be brought back.
    pub lost: Lost,
}

/// What the log has and cannot give back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Lost {
    /// People who came after the backup: their accounts and secrets are nowhere else.
    pub people: u64,
    /// Choices of which people have others under their numbers.
    pub contradicted: u64,
    /// Changes of canaries that their file lacks.
    pub canaries: u64,
}

impl Lost {
    fn of(lag: &Lag, parts: &Parts<'_>) -> Result<Self, RecoveryError> {
        let Parts { people, accounts, canaries, .. } = parts;
        Ok(Self {
            people: accounts.lost(&people.view(), lag.people.iter())?,
            contradicted: lag.contradicted,
            canaries: canaries.lacking(people)?,
        })
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { people, contradicted, canaries } = self;
        let mut parts = Vec::new();
        if *people > 0 {
            parts.push(format!("{people} people who came after that backup (their ledgers cannot be made any more, nor those of whoever was in one answer with them; where an account comes back, a close says that its secret is gone, and the next one has the new secret)"));
        }
        if *contradicted > 0 {
            parts.push(format!("{contradicted} choices that people/ has otherwise"));
        }
        if *canaries > 0 {
            parts.push(format!("{canaries} changes of canaries that canaries.json lacks (a canary that is not in it is answered about as a person)"));
        }
        f.write_str(&parts.join(", and "))
    }
}

/// What is brought together.
pub struct Parts<'a> {
    /// The people, perhaps of an older backup.
    pub people: &'a People,
    /// Where the stream is.
    pub backend: &'a dyn Backend,
    /// All of its closed periods.
    pub periods: &'a Periods,
    /// What makes people's receipts again.
    pub receipts: &'a Receipts,
    /// The directory that the newest close binds.
    pub accounts: &'a AccountDirectory,
    /// The canaries, perhaps of an older backup.
    pub canaries: &'a Canaries,
}

/// Applies again what these people lack of the log. What cannot be brought back is refused, unless that is accepted.
/// It blocks.
///
/// # Errors
/// [`RecoveryError`]; the people are as they were then.
pub fn recover(parts: &Parts<'_>, accept_loss: bool) -> Result<Recovered, RecoveryError> {
    let Parts { people, backend, periods, receipts, .. } = *parts;
    let (lag, since, mark) = look(people, backend)?;
    let lost = Lost::of(&lag, parts)?;
    if lost != Lost::default() && !accept_loss {
        return Err(RecoveryError::Lost { lost });
    }
    let mut found = Found::default();
    let (view, untils) = (people.view(), untils(periods)?);
    let mut failed = None;
    about_people(backend, since, |entry| {
        if failed.is_none()
            && let Err(error) = found.add(people, &view, &entry, receipts, &untils)
        {
            failed = Some(error);
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let gone = found.gone(&view);
    // Nothing is left to overwrite but what a crash left; it is done before the people forget who they are.
    periods.erase(&gone)?;
    let handles: Vec<Handle> = gone.iter().map(|(handle, _)| *handle).collect();
    let is_left = |choice: &LoggedChoice| !handles.contains(&choice.handle);
    let choices: Vec<LoggedChoice> = found.choices.into_iter().filter(is_left).collect();
    people.reapply(&choices, &handles, mark)?;
    Ok(Recovered {
        choices: lag.choices,
        erased: handles.len() as u64,
        entries: mark.entries,
        lost,
    })
}

/// The first entry behind each closed period.
fn untils(periods: &Periods) -> Result<Vec<u64>, RecoveryError> {
    let closed = periods.last().map_or(0, |last| last.number + 1);
    let until = |number| Ok(periods.period(number)?.head().until);
    (0..closed).map(until).collect()
}

/// What there is to do.
#[derive(Default)]
struct Found {
    choices: Vec<LoggedChoice>,
    /// By closed period, what stands there for people who were erased.
    remnants: HashMap<u64, HashSet<Remnant>>,
}

impl Found {
    fn add(
        &mut self,
        people: &People,
        view: &View,
        entry: &PrivateEntry,
        receipts: &Receipts,
        untils: &[u64],
    ) -> Result<(), RecoveryError> {
        let period = untils.partition_point(|until| *until <= entry.index) as u64;
        match &entry.annex {
            Annex::Disclosure(annex) => {
                let erased = annex.records.iter().filter(|record| record.is_erased());
                let remnants = erased.map(|record| record.handle.0);
                self.remnants.entry(period).or_default().extend(remnants);
            }
            Annex::Consents(annex) => {
                let erased = annex.records.iter().filter(|consent| consent.is_erased());
                let remnants = erased.map(|consent| consent.handle.0);
                self.remnants.entry(period).or_default().extend(remnants);
                self.choices_of(people, view, (entry, annex), receipts)?;
            }
            Annex::Act(_) | Annex::Close => {}
        }
        Ok(())
    }

    fn choices_of(
        &mut self,
        people: &People,
        view: &View,
        (entry, annex): (&PrivateEntry, &ConsentsAnnex),
        receipts: &Receipts,
    ) -> Result<(), RecoveryError> {
        let told = Told::before(annex, entry.index, entry.time);
        // An annex of which a part was erased does not give the root any more that a receipt needs.
        let is_whole = !annex.records.iter().any(AnnexConsent::is_erased);
        let left = annex.records.iter().zip(0..).filter(|(consent, _)| !consent.is_erased());
        for (consent, position) in left {
            let record = ConsentRecord::parse(&consent.record)?;
            let found = known(people, view, consent, record.number)?;
            if !matches!(found, Known::Same | Known::Missing) {
                continue;
            }
            let receipt = (is_whole && record.number != BEGINNING)
                .then(|| receipts.make(&told, position, consent.person, &record))
                .transpose()?;
            let (handle, logged_at) = (consent.handle, entry.time);
            self.choices.push(LoggedChoice { handle, record, receipt, logged_at });
        }
        Ok(())
    }

    /// Who of these people was erased.
    fn gone(&self, view: &View) -> Vec<(Handle, Secret)> {
        let mut gone = Vec::new();
        if self.remnants.values().all(HashSet::is_empty) {
            return gone;
        }
        for person in (0..view.people_count()).filter_map(|number| view.person(number)) {
            let mut secret = Secret([0; 32]);
            person.secret_into(&mut secret);
            let is_gone = self.remnants.iter().any(|(period, remnants)| {
                let label = Label::of(&secret, *period);
                label.0.first_chunk().is_some_and(|begin: &Remnant| remnants.contains(begin))
            });
            if is_gone && person.account().is_some() {
                gone.push((person.handle(), secret));
            }
        }
        gone
    }
}
