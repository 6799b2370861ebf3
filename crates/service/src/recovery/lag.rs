//! What a people store lacks of what the log beside it says.

use std::collections::HashSet;
use std::fmt;

use countersign_domain::person::Handle;
use countersign_log::about_people::{Extent, PrivateEntry, about_people};
use countersign_log::annex::{Annex, AnnexConsent};
use countersign_log::backend::Backend;
use countersign_people::store::{BEGINNING, LogMark, People, StoreError, View};

use super::RecoveryError;

/// What is missing. It names nobody.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Lag {
    /// Choices: settings, grants, holds, and erasures that were asked for.
    pub choices: u64,
    /// Choices of which people have others under their numbers.
    pub contradicted: u64,
    /// Records of people who were erased since.
    pub erased: u64,
    /// People who came since.
    pub people: HashSet<Handle>,
}

impl Lag {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.choices == 0 && self.contradicted == 0 && self.erased == 0 && self.people.is_empty()
    }
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { choices, contradicted, erased, people } = self;
        write!(f, "{choices} choices, {} people", people.len())?;
        if *erased > 0 {
            write!(f, ", that the people of {erased} records were erased")?;
        }
        if *contradicted > 0 {
            write!(f, ", and has {contradicted} choices otherwise")?;
        }
        Ok(())
    }
}

/// How a choice of the log is in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// As the log has it.
    Same,
    /// Not at all.
    Missing,
    /// The store has another one under its number.
    Otherwise,
    /// Nobody in the store is the person.
    Nobody,
}

/// How these people have a choice of the log that was not erased.
pub(super) fn known(
    people: &People,
    view: &View,
    consent: &AnnexConsent,
    number: u64,
) -> Result<Known, StoreError> {
    if view.number_of(consent.handle).is_none() {
        return Ok(Known::Nobody);
    }
    // What somebody began with is told anew until it is settled, with another time.
    if number == BEGINNING {
        return Ok(Known::Same);
    }
    let record = people.consent_record(consent.handle, number)?;
    // One that cannot be written cannot be the same.
    let bytes = record.map(|record| record.to_bytes().unwrap_or_default());
    Ok(match bytes {
        None => Known::Missing,
        Some(bytes) if bytes == consent.record => Known::Same,
        Some(_) => Known::Otherwise,
    })
}

/// The number of a choice as the log has it.
pub(super) fn number_of(consent: &AnnexConsent) -> Option<u64> {
    let record = countersign_protocol::consent::ConsentRecord::parse(&consent.record).ok()?;
    Some(record.number)
}

/// Looks through what the log has behind the mark of these people: what they lack of it, the mark, and one behind the
/// whole log.
pub(super) fn look(
    people: &People,
    backend: &dyn Backend,
) -> Result<(Lag, u64, LogMark), RecoveryError> {
    let mark = people.log_mark()?;
    let since = mark.map_or(0, |mark| mark.entries);
    let (view, mut lag, mut failed) = (people.view(), Lag::default(), None);
    let Extent { stream, entries } = about_people(backend, since, |entry| {
        if failed.is_none()
            && let Err(error) = add(people, &view, &entry, &mut lag)
        {
            failed = Some(error);
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    if mark.is_some_and(|mark| mark.stream != stream) {
        return Err(RecoveryError::OtherLog);
    }
    if since > entries {
        return Err(RecoveryError::StreamOlder { entries, seen: since });
    }
    Ok((lag, since, LogMark { stream, entries }))
}

fn add(
    people: &People,
    view: &View,
    entry: &PrivateEntry,
    lag: &mut Lag,
) -> Result<(), StoreError> {
    match &entry.annex {
        Annex::Disclosure(annex) => {
            for record in &annex.records {
                if record.is_erased() {
                    lag.erased += 1;
                } else if view.number_of(record.handle).is_none() {
                    lag.people.insert(record.handle);
                }
            }
        }
        Annex::Consents(annex) => {
            for consent in &annex.records {
                if consent.is_erased() {
                    lag.erased += 1;
                    continue;
                }
                match known(people, view, consent, number_of(consent).unwrap_or(u64::MAX))? {
                    Known::Same => {}
                    Known::Missing => lag.choices += 1,
                    Known::Otherwise => lag.contradicted += 1,
                    Known::Nobody => drop(lag.people.insert(consent.handle)),
                }
            }
        }
        Annex::Act(_) | Annex::Close => {}
    }
    Ok(())
}
