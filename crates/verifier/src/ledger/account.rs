//! The account of a bundle: that the directory has these secrets of it, which of its versions are missing, and since
//! when what is shown can be complete.

use countersign_protocol::directory::{GONE, Version, secret_commitment, verify_history};
use countersign_protocol::ledger_bundle::{Bundle, VersionedSecret};

use super::closes::Closes;
use crate::verdict::{Place, Rule, Verdict};

/// What the directory says of a bundle's account.
#[derive(Default)]
pub(super) struct Account {
    /// Its versions, the first one first; none where the history does not hold.
    pub(super) versions: Vec<Version>,
    /// The versions that were erased and are not shown.
    pub(super) erased: Vec<u64>,
    /// The first entry at which nothing is under the secret of any of these: none is under a secret behind the
    /// period whose directory has zeros in its place.
    pub(super) erased_until: u64,
    /// The first period whose close has the account's newest secret, if that is shown. In an earlier one, also between
    /// an erasure and the next secret, the operator may have used a secret that no directory has.
    pub(super) complete_since: Option<usize>,
}

/// Checks the account's history against the newest close, and the secrets against it.
pub(super) fn check(bundle: &Bundle, closes: &Closes, verdict: &mut Verdict) -> Account {
    verdict.check(Rule::LedgerSecrets, Place::WHOLE, !bundle.secrets.is_empty(), || {
        ("no secret, so nothing about anybody".to_owned(), "a secret of the account's".to_owned())
    });
    let Some(newest) = closes.closes.last() else { return Account::default() };
    let history = verify_history(&bundle.account, &bundle.history, &newest.directory);
    let history = verdict.check_ok(Rule::LedgerDirectory, Place::WHOLE, history);
    let versions = history.unwrap_or_default();
    let rise = bundle.secrets.array_windows().all(|[one, next]| one.version < next.version);
    let are_its = bundle.secrets.iter().all(|shown| is_of(shown, &versions));
    verdict.check(Rule::LedgerSecrets, Place::WHOLE, rise && are_its, || {
        let found = "secrets that the directory does not have for the account".to_owned();
        (found, "those of its versions, each once".to_owned())
    });
    let erased = check_none_missing(bundle, &versions, verdict);
    let erased_until = erased.iter().map(|version| erased_until(*version, &versions, closes));
    let erased_until = erased_until.max().unwrap_or_default();
    check_replaced(&versions, closes, verdict);
    if let Some(last) = versions.last().filter(|last| last.value == GONE) {
        let says = format!(
            "the account was erased in version {}: what is under a secret that comes after it is not shown",
            last.version
        );
        verdict.notice(None, says);
    }
    let complete_since = complete_since(bundle, &versions, closes);
    Account { versions, erased, erased_until, complete_since }
}

/// Where the first period ends whose directory says that this version was erased.
fn erased_until(version: u64, versions: &[Version], closes: &Closes) -> u64 {
    let zeros = versions.iter().find(|next| next.version == version + 1);
    let has_zeros = |epoch: u64| zeros.is_some_and(|zeros| epoch >= zeros.epoch);
    let close = closes.closes.iter().find(|close| has_zeros(close.directory.epoch));
    close.map_or(0, |close| close.until)
}

fn is_of(shown: &VersionedSecret, versions: &[Version]) -> bool {
    let value = secret_commitment(&shown.secret);
    versions.iter().any(|version| version.version == shown.version && version.value == value)
}

fn is_shown(version: &Version, bundle: &Bundle) -> bool {
    bundle.secrets.iter().any(|shown| shown.version == version.version)
}

/// Every version has its secret in the bundle, but what was erased: a version after which there is nothing. Returns
/// the versions that were erased and are not shown.
fn check_none_missing(bundle: &Bundle, versions: &[Version], verdict: &mut Verdict) -> Vec<u64> {
    let mut erased = Vec::new();
    for (place, version) in versions.iter().enumerate().filter(|(_, one)| one.value != GONE) {
        let number = version.version;
        let is_shown = is_shown(version, bundle);
        if !is_shown && versions.get(place + 1).is_some_and(|next| next.value == GONE) {
            let says = format!(
                "version {number} of the account was erased, and nothing is shown of what the log holds under it"
            );
            verdict.notice(None, says);
            erased.push(number);
            continue;
        }
        verdict.check(Rule::LedgerSecrets, Place::WHOLE, is_shown, || {
            (format!("no secret of the account's version {number}"), "that secret".to_owned())
        });
    }
    erased
}

/// A secret takes another's place only behind a close that says that the other was erased: else an account could
/// have two at once, and each be shown to whom it suits.
fn check_replaced(versions: &[Version], closes: &Closes, verdict: &mut Verdict) {
    let pairs = versions.array_windows().filter(|[_, next]| next.value != GONE);
    for [before, next] in pairs {
        let holds = before.value == GONE && closes.has_one_between(before.epoch, next.epoch);
        verdict.check(Rule::LedgerSecrets, Place::WHOLE, holds, || {
            let found = format!("a secret of version {}, in place of another", next.version);
            (found, "one behind a close that says that the other was erased".to_owned())
        });
    }
}

fn complete_since(bundle: &Bundle, versions: &[Version], closes: &Closes) -> Option<usize> {
    let newest = versions.iter().rfind(|version| version.value != GONE)?;
    let has_it =
        |closed: &countersign_protocol::entry::Close| closed.directory.epoch >= newest.epoch;
    is_shown(newest, bundle).then(|| closes.closes.iter().position(has_it)).flatten()
}
