//! Whether a consent receipt's promise was kept: what a person checks who chose something and kept the receipt, against
//! the public log, and against their ledger.
//!
//! ```text
//! receipt ─ record, person, salt → commitment → path → records ┐
//!         └ time ─────────────────────────────────────────────┴→ the entry → the leaf at `index` of the log
//! ```
//!
//! What it is not: it does not say that the choice was obeyed. The ledger says that, of everything that was released.

use countersign_domain::time::Timestamp;

use crate::consent_receipt::ConsentReceipt;
use crate::ledger::{self, Bundle, Opening, VersionedSecret};
use crate::log_check::{LogCheck, LogCheckError, Question};
use crate::promised_entry::{Promise, PromisedEntry, SignedTree, check_log_at};
use crate::record::own_id;
use crate::site::Site;
use crate::state::State;
use crate::verdict::{Place, Rule, Verdict};

/// What a check of a consent receipt came to.
#[derive(Debug)]
pub struct ConsentCheck {
    /// What was found, about the log and about the receipt.
    pub verdict: Verdict,
    /// Where the promise stands.
    pub promise: Promise,
    /// The receipt, if it is in its form; whether it holds is in the verdict.
    pub receipt: Option<ConsentReceipt>,
    /// What to keep of the log for the next check.
    pub state: State,
}

/// A ledger bundle that the receipt is held against.
#[derive(Clone, Copy, Debug)]
pub struct HeldLedger<'a> {
    /// The bundle.
    pub bytes: &'a [u8],
    /// When it was fetched.
    pub at: Timestamp,
}

/// Checks a consent receipt against the log on this site, and against a ledger if there is one. `progress` is called
/// with the entries passed and their number.
///
/// # Errors
/// [`LogCheckError`] when a file cannot be read.
pub fn check_consent<S: Site + ?Sized>(
    site: &S,
    question: &Question<'_>,
    text: &str,
    held: Option<HeldLedger<'_>>,
    progress: impl FnMut(u64, u64),
) -> Result<ConsentCheck, LogCheckError> {
    let parsed = ConsentReceipt::parse(text);
    let index = parsed.as_ref().ok().map(|(receipt, _)| receipt.index);
    let (log, at) = check_log_at(site, question, index, progress)?;
    let LogCheck { mut verdict, checkpoint, published, state, .. } = log;
    let parsed = parsed.and_then(|(receipt, signature)| {
        let leaf = receipt.leaf()?;
        Ok((receipt, signature, leaf))
    });
    let parsed = verdict.check_ok(Rule::ConsentForm, Place::WHOLE, parsed);
    let Some((receipt, signature, leaf)) = parsed else {
        return Ok(ConsentCheck { verdict, promise: Promise::Broken, receipt: None, state });
    };
    let is_signed =
        at.receipts_key.ok_or_else(|| "the log names no receipt key".to_owned()).and_then(|key| {
            receipt.check_signature(&signature, &key).map_err(|error| error.to_string())
        });
    verdict.check_ok(Rule::ReceiptSignature, Place::WHOLE, is_signed);
    let is_of_log = receipt.origin == question.key.name();
    verdict.check(Rule::ReceiptOrigin, Place::WHOLE, is_of_log, || {
        (receipt.origin.clone(), question.key.name().to_owned())
    });
    verdict.check_ok(Rule::ConsentRecord, Place::entry(receipt.index), receipt.check_path());
    let ConsentReceipt { index, time, deadline, .. } = receipt;
    let promised = PromisedEntry { index, leaf, time, deadline };
    promised.check_time(question.now, &mut verdict);
    let promise = match checkpoint.map(|checkpoint| SignedTree { checkpoint, published }) {
        Some(tree) => promised.check(site, &tree, at.leaf, question.now, &mut verdict)?,
        None => Promise::Broken,
    };
    if let Some(held) = held {
        check_ledger(&receipt, held, question, &mut verdict);
    }
    Ok(ConsentCheck { verdict, promise, receipt: Some(receipt), state })
}

/// Checks that a ledger holds, and that it shows what the receipt says.
fn check_ledger(
    receipt: &ConsentReceipt,
    HeldLedger { bytes, at }: HeldLedger<'_>,
    question: &Question<'_>,
    verdict: &mut Verdict,
) {
    let of_ledger = ledger::Question { key: question.key, policy: question.policy, at };
    let (of_bundle, _) = ledger::check(bytes, &of_ledger);
    let bundle = Bundle::parse(bytes).ok().filter(|_| of_bundle.holds());
    let Some(bundle) = bundle else {
        let first = of_bundle.failures.first();
        let found = first.map_or_else(String::new, |one| format!("{}: {}", one.rule, one.found));
        verdict.check(Rule::ConsentLedger, Place::WHOLE, false, || {
            (found, "a ledger for which `countersign-verify ledger` finds no fault".to_owned())
        });
        return;
    };
    let place = Place::entry(receipt.index);
    let until = bundle.closes.last().map_or(0, |close| close.until);
    let places: Vec<u16> = (0..).zip(&bundle.secrets).filter_map(is_of(receipt)).collect();
    let is_shown = shows(&bundle, &places, receipt);
    if !is_shown && !places.is_empty() && receipt.index >= until {
        let says =
            "it is in no closed period of the ledger yet: ask for a ledger after the next close";
        return verdict.notice(Some(receipt.index), says.to_owned());
    }
    verdict.check(Rule::ConsentLedger, place, is_shown, || {
        let found = "a ledger that does not show this record there, under any secret of its own";
        (found.to_owned(), Rule::ConsentLedger.says().to_owned())
    });
}

/// The place of a secret under which the receipt's person is.
fn is_of(receipt: &ConsentReceipt) -> impl Fn((u16, &VersionedSecret)) -> Option<u16> {
    |(place, own)| (own_id(&own.secret).to_string() == receipt.person).then_some(place)
}

/// Whether a bundle shows the record of this receipt in its place, under a secret in one of these places.
fn shows(bundle: &Bundle, places: &[u16], receipt: &ConsentReceipt) -> bool {
    let Ok(record) = receipt.record.to_bytes() else { return false };
    bundle.items.iter().any(|item| {
        let is_record = matches!(&item.opening, Opening::Consent(bytes) if *bytes == record);
        let is_there = (item.index, item.position) == (receipt.index, receipt.position);
        is_there && is_record && places.contains(&item.secret)
    })
}
