//! Opening an item: its salt, what the commitment is to, and the audit path to its entry's root.

use countersign_domain::person::Handle;
use countersign_domain::relation::Relation;
use countersign_protocol::consent_receipt::CommitmentTree;
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_protocol::ledger_bundle::{Opening, ShownItem};
use countersign_protocol::merkle::Hash;
use countersign_protocol::record::{Record, Seed, pairwise_id, salt};

use super::{LedgerError, OwnSecret};
use crate::annex::{Annex, AnnexConsent, AnnexRecord, ConsentsAnnex, DisclosureAnnex};
use crate::period::{Period, Secrets};

/// Opens items, by the secrets of everybody in the same answers. Of those who are erased the period has what the
/// others need.
pub(super) struct Opener<'a> {
    secrets: &'a dyn Secrets,
}

impl<'a> Opener<'a> {
    pub(super) const fn new(secrets: &'a dyn Secrets) -> Self {
        Self { secrets }
    }

    /// Opens what stands at this position of an entry, which is about this person. `period` is the one that
    /// the entry is in, if it is closed.
    pub(super) fn open(
        &self,
        (secret, own): (u16, &OwnSecret),
        period: Option<&Period>,
        (index, position): (u64, u32),
        (entry, annex): &(Vec<u8>, Vec<u8>),
    ) -> Result<ShownItem, LedgerError> {
        let annex = Annex::parse(annex).map_err(|error| LedgerError::entry(index, error))?;
        let (seed, opening, commitments) = match annex {
            Annex::Disclosure(annex) => {
                let entry =
                    Entry::parse(entry).map_err(|error| LedgerError::entry(index, error))?;
                let Entry::Disclosure(entry) = entry else {
                    return Err(LedgerError::entry(index, "it is no disclosure"));
                };
                let opening = record(&annex, own, position);
                (annex.seed, opening, self.of_records((index, &entry, &annex), period)?)
            }
            Annex::Consents(annex) => {
                let consent = annex.records.get(position as usize);
                let consent = consent.filter(|consent| consent.handle == own.handle);
                let opening = consent.map(|consent| Opening::Consent(consent.record.clone()));
                (annex.seed, opening, of_consents((index, &annex), period)?)
            }
            Annex::Act(_) | Annex::Close => {
                return Err(LedgerError::entry(index, "it is about nobody"));
            }
        };
        let opening =
            opening.ok_or_else(|| LedgerError::entry(index, "it is about somebody else"))?;
        Ok(shown((secret, index, position), &seed, opening, commitments))
    }

    fn of_records(
        &self,
        (index, entry, annex): (u64, &Disclosure, &DisclosureAnnex),
        period: Option<&Period>,
    ) -> Result<Vec<Hash>, LedgerError> {
        let commitment = |(person, position): (&AnnexRecord, u32)| {
            let Some(secret) = self.secrets.secret(person.handle)? else {
                return remains(period, person.handle, index, position);
            };
            let record = Record {
                pairwise: pairwise_id(&secret, &entry.partner),
                relation: person.standing.relation(),
                fields: person.fields,
            };
            Ok(record.commitment(&annex.seed, position))
        };
        annex.records.iter().zip(0..).map(commitment).collect()
    }
}

fn of_consents(
    (index, annex): (u64, &ConsentsAnnex),
    period: Option<&Period>,
) -> Result<Vec<Hash>, LedgerError> {
    let commitment = |((consent, commitment), position): ((&AnnexConsent, Hash), u32)| {
        if consent.is_erased() {
            return remains(period, consent.handle, index, position);
        }
        Ok(commitment)
    };
    annex.records.iter().zip(annex.commitments()).zip(0..).map(commitment).collect()
}

/// The commitment of somebody who is erased.
fn remains(
    period: Option<&Period>,
    nobody: Handle,
    index: u64,
    position: u32,
) -> Result<Hash, LedgerError> {
    let found = period.map(|period| period.remains(nobody, index, position)).transpose()?;
    found.flatten().ok_or(LedgerError::Forgotten { index })
}

fn record(annex: &DisclosureAnnex, own: &OwnSecret, position: u32) -> Option<Opening> {
    let record = annex.records.get(position as usize)?;
    let relation: Relation = record.standing.relation();
    let opening = Opening::Record { relation, fields: record.fields };
    (record.handle == own.handle).then_some(opening)
}

fn shown(
    (secret, index, position): (u16, u64, u32),
    seed: &Seed,
    opening: Opening,
    commitments: Vec<Hash>,
) -> ShownItem {
    let tree = CommitmentTree::new(commitments);
    let path = tree.path(position).into_iter().map(|hash| hash.0).collect();
    let salt = salt(seed, position);
    ShownItem { secret, index, position, count: tree.count(), salt, opening, path }
}
