//! Consent receipts that the reader of a ledger kept: each is of a secret that is shown, and its record is in the
//! ledger. It is how somebody finds out that the operator used another secret for them.
//!
//! What it is not: a check of the receipts' signatures. The key for that is in the log's register, which no bundle has.

use countersign_protocol::consent_receipt::{ConsentReceipt, ConsentReceiptError};
use countersign_protocol::entry::Entry;
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::merkle::Hash;
use countersign_protocol::record::own_id;

use super::Question;
use super::account::Account;
use super::closes::Closes;
use super::entries::Entries;
use super::items::Opened;
use crate::verdict::{Place, Rule, Verdict};

/// Why a ledger does not have what a consent receipt says.
#[derive(Debug, thiserror::Error)]
enum MissingReceipt {
    #[error(transparent)]
    Form(#[from] ConsentReceiptError),
    #[error("a receipt of the log {origin}")]
    Origin { origin: String },
    #[error(
        "a receipt under a secret that is not shown: it is another person's, or the platform used another secret for you"
    )]
    Secret,
    #[error("entry {index} not shown, or another one than the receipt's")]
    Entry { index: u64 },
    #[error("nothing of the receipt's record at position {position} of its entry")]
    Record { position: u32 },
}

impl MissingReceipt {
    /// Whether what the reader brought is no receipt of this log, or none of this person's.
    const fn is_of_another(&self) -> bool {
        match self {
            Self::Form(error) => error.is_of_another(),
            Self::Origin { .. } | Self::Secret => true,
            Self::Entry { .. } | Self::Record { .. } => false,
        }
    }
}

/// What receipts are held against.
pub(super) struct Shown<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) closes: &'a Closes,
    pub(super) account: &'a Account,
    pub(super) entries: &'a Entries,
    pub(super) opened: &'a [Opened<'a>],
}

pub(super) fn check(shown: &Shown<'_>, question: &Question<'_>, verdict: &mut Verdict) {
    for text in question.receipts {
        let receipt = ConsentReceipt::read(text);
        let place = receipt.as_ref().map_or(Place::WHOLE, |receipt| Place::entry(receipt.index));
        let found = receipt.map_err(MissingReceipt::from);
        let found = found.and_then(|receipt| shown.find(&receipt, question.key.name()));
        let is_other = MissingReceipt::is_of_another;
        let notice = verdict.check_read(Rule::LedgerReceipt, place, found, is_other).flatten();
        if let Some(says) = notice {
            verdict.notice(place.entry, says.to_owned());
        }
    }
    if !question.receipts.is_empty() {
        let says = "the signatures of the receipts were not checked: `countersign-verify consent` does that against the log";
        verdict.notice(None, says.to_owned());
    }
}

impl Shown<'_> {
    /// Looks for what a receipt says; returns what is worth a look.
    fn find(
        &self,
        receipt: &ConsentReceipt,
        origin: &str,
    ) -> Result<Option<&'static str>, MissingReceipt> {
        if receipt.origin != origin {
            return Err(MissingReceipt::Origin { origin: receipt.origin.clone() });
        }
        let person = receipt.person()?;
        let mut secrets = (0..).zip(&self.bundle.secrets);
        let Some((place, _)) = secrets.find(|(_, shown)| own_id(&shown.secret) == person) else {
            return match receipt.index < self.account.erased_until {
                true => Ok(Some("a receipt under another secret: it may be of an erased version")),
                false => Err(MissingReceipt::Secret),
            };
        };
        if receipt.index >= self.closes.until() {
            return Ok(Some("a receipt for an entry that is in no period yet"));
        }
        let commitment = receipt.commitment()?;
        self.has_record(receipt, place, &commitment).map(|()| None)
    }

    fn has_record(
        &self,
        receipt: &ConsentReceipt,
        secret: u16,
        commitment: &Hash,
    ) -> Result<(), MissingReceipt> {
        let ConsentReceipt { index, position, records, time, .. } = *receipt;
        let is_its = |entry: &Entry| match entry {
            Entry::Consents(entry) => (entry.records, entry.time) == (records, time),
            _ => false,
        };
        if !self.entries.get(index).is_some_and(is_its) {
            return Err(MissingReceipt::Entry { index });
        }
        let is_record = |opened: &Opened<'_>| {
            (opened.secret, opened.item.index, opened.item.position) == (secret, index, position)
                && opened.item.commitment == *commitment
        };
        let has = self.opened.iter().any(is_record);
        if has { Ok(()) } else { Err(MissingReceipt::Record { position }) }
    }
}
