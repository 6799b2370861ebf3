//! The account of a bundle: that the directory has these secrets of it, in these periods, and no others.

use super::bundle::{Bundle, VersionedSecret};
use super::closes::Closes;
use crate::directory::{GONE, Version, secret_commitment, verify_history};
use crate::verdict::{Place, Rule, Verdict};

/// When each of an account's secrets was in force, by the directory's epochs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// By the secrets' places; `None` for one that the directory does not have.
    terms: Vec<Option<Term>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Term {
    since: u64,
    /// The epoch in which another version took its place; `None` while it is in force.
    until: Option<u64>,
}

impl Terms {
    /// The terms of these secrets in an account's history.
    #[must_use]
    pub fn of(secrets: &[VersionedSecret], versions: &[Version]) -> Self {
        let term = |shown: &VersionedSecret| {
            let at = versions.iter().position(|version| version.version == shown.version)?;
            let version = versions.get(at)?;
            let until = versions.get(at + 1).map(|next| next.epoch);
            let is_its = version.value == secret_commitment(&shown.secret);
            is_its.then_some(Term { since: version.epoch, until })
        };
        Self { terms: secrets.iter().map(term).collect() }
    }

    /// The places of the secrets that were the account's at some time in a period: from after the directory's
    /// epoch at the end of the period before to that at its own.
    pub fn secrets_in(&self, epochs: (u64, u64)) -> impl Iterator<Item = u16> {
        let was_in = move |term: &Term| {
            term.since <= epochs.1 && term.until.is_none_or(|until| until > epochs.0)
        };
        let places = (0..).zip(&self.terms);
        places.filter(move |(_, term)| term.as_ref().is_some_and(was_in)).map(|(place, _)| place)
    }
}

/// Checks the account's history against the newest close, and the secrets against it.
pub(super) fn check(bundle: &Bundle, closes: &Closes, verdict: &mut Verdict) -> Terms {
    let Some(newest) = closes.closes.last() else { return Terms::of(&bundle.secrets, &[]) };
    let history = verify_history(&bundle.account, &bundle.history, &newest.directory);
    let history = verdict.check_ok(Rule::LedgerDirectory, Place::WHOLE, history);
    let versions = history.unwrap_or_default();
    let terms = Terms::of(&bundle.secrets, &versions);
    let rise = bundle.secrets.array_windows().all(|[one, next]| one.version < next.version);
    let hold = rise && terms.terms.iter().all(Option::is_some);
    verdict.check(Rule::LedgerSecrets, Place::WHOLE, hold, || {
        let found = "secrets that the directory does not have for the account".to_owned();
        (found, "those of its versions, each once".to_owned())
    });
    check_none_missing(bundle, &versions, verdict);
    check_replaced(&versions, closes, verdict);
    terms
}

/// Every version has its secret in the bundle, but what was erased: a version after which there is nothing.
fn check_none_missing(bundle: &Bundle, versions: &[Version], verdict: &mut Verdict) {
    for (place, version) in versions.iter().enumerate().filter(|(_, one)| one.value != GONE) {
        let number = version.version;
        let is_erased = versions.get(place + 1).is_some_and(|next| next.value == GONE);
        let is_shown = bundle.secrets.iter().any(|shown| shown.version == number);
        if is_erased && !is_shown {
            let says = format!(
                "version {number} of the account was erased, and nothing is shown of what the log holds under it"
            );
            verdict.notice(None, says);
            continue;
        }
        verdict.check(Rule::LedgerSecrets, Place::WHOLE, is_shown, || {
            (format!("no secret of the account's version {number}"), "that secret".to_owned())
        });
    }
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
