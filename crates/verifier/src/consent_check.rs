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
use countersign_protocol::consent_receipt::{ConsentReceipt, ConsentReceiptError};
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::record::own_id;

use crate::ledger;
use crate::log_check::{LogCheck, LogCheckError, Question};
use crate::outcome::Outcome;
use crate::promised_entry::{
    Promise, PromisedEntry, SignedTree, check_log_at, check_origin, check_signed, is_unread,
};
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
    let LogCheck { mut verdict, checkpoint, published, floor, state, .. } = log;
    let parsed = parsed.and_then(|(receipt, signature)| {
        let leaf = receipt.leaf()?;
        Ok((receipt, signature, leaf))
    });
    // What the platform signed is its receipt, whatever it is.
    let is_signed = at.receipts_key.is_some_and(|key| ConsentReceipt::is_signed(text, &key));
    let is_other = |error: &ConsentReceiptError| error.is_of_another() && !is_signed;
    let parsed = verdict.check_read(Rule::ConsentForm, Place::WHOLE, parsed, is_other);
    let Some((receipt, signature, leaf)) = parsed else {
        let is_its = verdict.outcome() == Outcome::Fails;
        let promise = if is_its { Promise::Broken } else { Promise::Unchecked };
        return Ok(ConsentCheck { verdict, promise, receipt: None, state });
    };
    if is_unread(&verdict) || !check_origin(&receipt.origin, question.key, is_signed, &mut verdict)
    {
        let (promise, receipt) = (Promise::Unchecked, Some(receipt));
        return Ok(ConsentCheck { verdict, promise, receipt, state });
    }
    let is_signed =
        at.receipts_key.ok_or_else(|| "the log names no receipt key".to_owned()).and_then(|key| {
            receipt.check_signature(&signature, &key).map_err(|error| error.to_string())
        });
    if !check_signed((receipt.index, published), is_signed, &mut verdict) {
        let (promise, receipt) = (Promise::Unchecked, Some(receipt));
        return Ok(ConsentCheck { verdict, promise, receipt, state });
    }
    verdict.check_ok(Rule::ConsentRecord, Place::entry(receipt.index), receipt.check_path());
    let ConsentReceipt { index, time, deadline, .. } = receipt;
    let promised = PromisedEntry { index, leaf, time, deadline };
    promised.check_time(question.now, &mut verdict);
    let seen = verdict.witnessed.map(|times| times.latest);
    let tree = checkpoint.map(|checkpoint| SignedTree { checkpoint, published, floor, seen });
    let promise = match tree {
        Some(tree) => promised.check(site, &tree, at.leaf, question.now, &mut verdict)?,
        None => Promise::Broken,
    };
    if let Some(held) = held {
        check_ledger((text, receipt.index, &receipt.person), held, question, &mut verdict);
    }
    Ok(ConsentCheck { verdict, promise, receipt: Some(receipt), state })
}

/// Checks that a ledger holds, and that it shows what the receipt says.
fn check_ledger(
    receipt: (&str, u64, &str),
    HeldLedger { bytes, at }: HeldLedger<'_>,
    question: &Question<'_>,
    verdict: &mut Verdict,
) {
    let (text, index, person) = receipt;
    let receipts = [text.to_owned()];
    let of_ledger = ledger::Question {
        policy: question.policy,
        receipts: &receipts,
        ..ledger::Question::new(question.key, at)
    };
    let (of_bundle, ledger) = ledger::check(bytes, &of_ledger);
    if let Outcome::Unsaid(unsaid) = of_bundle.outcome() {
        let (rule, place) = (Rule::ConsentLedger, Place::entry(index));
        let why = Err(format!("the ledger: {}", unsaid.why()));
        verdict.check_read::<(), _>(rule, place, why, |_| true);
        return;
    }
    let until = ledger.map_or(0, |ledger| ledger.complete_until);
    // A receipt under no secret shown may be of an erased version, or somebody else's: this ledger does not show it.
    let is_own = Bundle::parse(bytes).is_ok_and(|bundle| {
        bundle.secrets.iter().any(|own| own_id(&own.secret).to_string() == person)
    });
    let (rule, place) = (Rule::ConsentLedger, Place::entry(index));
    if of_bundle.holds() && !is_own {
        let why = "a receipt under a secret that the ledger does not show: it is another person's, or of an erased version, or the platform used another secret for you";
        verdict.check_read::<(), _>(rule, place, Err(why), |_| true);
    } else if !of_bundle.holds() || index < until {
        verdict.check(rule, place, of_bundle.holds(), || {
            let first = of_bundle.failures.first();
            let found = first.map(|one| format!("{}: {}", one.rule, one.found));
            (found.unwrap_or_default(), Rule::ConsentLedger.says().to_owned())
        });
    }
    for notice in of_bundle.notices.into_iter().filter(|notice| notice.entry == Some(index)) {
        verdict.notice(notice.entry, notice.says);
    }
}
