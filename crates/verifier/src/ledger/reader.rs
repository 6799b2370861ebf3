//! What a ledger is held against that only its reader knows: which account is theirs, and since when. Everything
//! else in a bundle comes from the operator, who may have published the account late, or may show another one's.

use countersign_domain::text::quoted;
use countersign_protocol::ledger_bundle::Bundle;

use super::Question;
use super::account::Account;
use super::closes::Closes;
use crate::verdict::{Place, Rule, Verdict};

pub(super) fn check(
    bundle: &Bundle,
    closes: &Closes,
    account: &Account,
    question: &Question<'_>,
    verdict: &mut Verdict,
) {
    check_account(bundle, question, verdict);
    check_since(closes, account, question, verdict);
}

/// Letters that look alike are not the same account, so this is compared byte by byte.
fn check_account(bundle: &Bundle, question: &Question<'_>, verdict: &mut Verdict) {
    let Some(account) = question.account else {
        let says = "the account was not compared with the reader's own, so it may be another one that looks alike";
        return verdict.notice(None, says.to_owned());
    };
    let of = |account: &str| format!("the account {}", quoted(account));
    let is_own = bundle.account == account;
    let otherwise = || (of(&bundle.account), of(account));
    let why =
        || format!("this is the ledger of {}, and yours is {}", of(&bundle.account), of(account));
    verdict.check_brought(Rule::LedgerAccount, Place::WHOLE, is_own, otherwise, why);
}

/// Whoever had an account when a period was closed is in the directory of that close.
fn check_since(closes: &Closes, account: &Account, question: &Question<'_>, verdict: &mut Verdict) {
    let Some(since) = question.account_since else { return };
    let Some(close) = closes.closes.iter().find(|close| close.time >= since) else {
        let says = format!("no close is of {since} or later, so none has to have the account yet");
        return verdict.notice(None, says);
    };
    let Some(first) = account.versions.first() else { return };
    let holds = first.epoch <= close.directory.epoch;
    let has = closes.closes.iter().find(|close| first.epoch <= close.directory.epoch);
    // Since when somebody has had an account is signed by nobody.
    let why = || {
        let has =
            has.map_or_else(|| "never".to_owned(), |close| format!("the close of {}", close.time));
        format!(
            "the directory has this account since {has}, and you have had it since {since}: if that is so, what came before is left out"
        )
    };
    let otherwise = || {
        let found = format!("an account published in epoch {} of the directory", first.epoch);
        let expected = format!(
            "one published by epoch {}, which the close of period {} has, the first one from {since} on",
            close.directory.epoch, close.period
        );
        (found, expected)
    };
    verdict.check_brought(Rule::LedgerSince, Place::WHOLE, holds, otherwise, why);
}
