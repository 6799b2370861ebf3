//! Opening the items of a period that are drawn for an auditor: whose they are, and what they commit to.
//!
//! What it is not: the [sample](countersign_protocol::index_sample) itself. It knows people by their handles; whoever
//! keeps accounts adds these, with what the directory proves of them.

use std::collections::HashMap;

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_protocol::index_sample::{Draw, OpenedItem, SampledItem};
use countersign_protocol::ledger_bundle::Opening;
use countersign_protocol::person_index::Label;
use countersign_protocol::record::{Seed, salt};

use super::{LedgerError, Ledgers};
use crate::annex::Annex;
use crate::period::{DrawnItem, Period, Secrets};

/// The items that were drawn, opened.
pub struct PeriodSample {
    /// Which they are.
    pub draw: Draw,
    /// Whose they are; the accounts of the items are their places here.
    pub people: Vec<SampledPerson>,
    /// The items, by their numbers.
    pub items: Vec<SampledItem>,
}

/// A person of whom an item is opened.
pub struct SampledPerson {
    /// The person.
    pub handle: Handle,
    /// Their secret.
    pub secret: Secret,
}

impl Ledgers {
    /// Draws so many items of a period, and opens them. It blocks, for as long as it takes to read the period's lists.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn sample(
        &self,
        period: &Period,
        (drawn, challenge): (u32, Digest),
        secrets: &dyn Secrets,
    ) -> Result<PeriodSample, LedgerError> {
        let draw = Draw { close: period.head().close.leaf, challenge, drawn };
        let mut places: HashMap<Handle, u32> = HashMap::new();
        let mut sample = PeriodSample { draw, people: Vec::new(), items: Vec::new() };
        for one in period.drawn(&draw)? {
            let pair = period.pair(&self.stream, one.item.index)?;
            let found = match content(&one, &pair.1)? {
                Some(content) => whose(&one, content, (period, secrets))?,
                None => None,
            };
            let opened = found.map(|(person, salt, opening)| {
                let place = *places.entry(person.handle).or_insert_with(|| {
                    sample.people.push(person);
                    // No more than items, of which there are at most some thousand.
                    (sample.people.len() - 1) as u32
                });
                OpenedItem { account: place, salt, opening }
            });
            sample.items.push(SampledItem { number: one.number, opened });
        }
        Ok(sample)
    }
}

/// What stands in the annex of an item's entry about it; `None` if its person was erased.
fn content(
    drawn: &DrawnItem,
    annex: &[u8],
) -> Result<Option<(Handle, Seed, Opening)>, LedgerError> {
    let (index, position) = (drawn.item.index, drawn.item.position as usize);
    let nothing = || LedgerError::entry(index, "it has no such record");
    let annex = Annex::parse(annex).map_err(|error| LedgerError::entry(index, error))?;
    Ok(match annex {
        Annex::Disclosure(annex) => {
            let record = annex.records.get(position).ok_or_else(nothing)?;
            let relation = record.standing.relation();
            let opening = Opening::Record { relation, fields: record.fields };
            (!record.is_erased()).then_some((record.handle, annex.seed, opening))
        }
        Annex::Consents(annex) => {
            let consent = annex.records.get(position).ok_or_else(nothing)?;
            let opening = Opening::Consent(consent.record.clone());
            (!consent.is_erased()).then_some((consent.handle, annex.seed, opening))
        }
        Annex::Act(_) | Annex::Close => {
            return Err(LedgerError::entry(index, "it is about nobody"));
        }
    })
}

/// The person with their secret, and the salt; `None` if the secret was destroyed.
fn whose(
    drawn: &DrawnItem,
    (handle, seed, opening): (Handle, Seed, Opening),
    (period, secrets): (&Period, &dyn Secrets),
) -> Result<Option<(SampledPerson, [u8; 32], Opening)>, LedgerError> {
    let Some(secret) = secrets.secret(handle)? else { return Ok(None) };
    if Label::of(&secret, period.head().number) != drawn.label {
        let reason = "its person's secret is not the one under which the period has it";
        return Err(LedgerError::entry(drawn.item.index, reason));
    }
    let salt = salt(&seed, drawn.item.position);
    Ok(Some((SampledPerson { handle, secret }, salt, opening)))
}
