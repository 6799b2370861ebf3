//! Completeness: that in every period, under each secret that was the account's then, the index has what the
//! bundle shows, and no more.

use super::account::Terms;
use super::bundle::{Bundle, ShownClose, ShownProof};
use super::closes::Closes;
use super::items::Opened;
use crate::entry::Close;
use crate::person_index::{Item, Label, Proof, list_commitment};
use crate::verdict::{Place, Rule, Verdict};

/// Checks every period. `opened` are in the order of the log.
pub(super) fn check(
    bundle: &Bundle,
    closes: &Closes,
    terms: &Terms,
    opened: &[Opened<'_>],
    verdict: &mut Verdict,
) {
    for (number, (close, shown)) in closes.closes.iter().zip(&bundle.closes).enumerate() {
        let epochs = (closes.epoch_before(number), close.directory.epoch);
        let expected = terms.secrets_in(epochs);
        let is_each = expected.eq(shown.shown.iter().map(|proof| proof.secret));
        verdict.check(Rule::LedgerComplete, Place::entry(shown.index), is_each, || {
            let found = format!("period {} not proved for each secret of its time", close.period);
            (found, "one proof for each of them".to_owned())
        });
        let begin = opened.partition_point(|opened| opened.item.index < close.from);
        let end = opened.partition_point(|opened| opened.item.index < close.until);
        let items = opened.get(begin..end).unwrap_or_default();
        for proof in &shown.shown {
            check_list((close, shown), proof, bundle, items, verdict);
        }
        check_others(shown, items, verdict);
    }
}

/// Checks that the index has exactly these items under one of the secrets.
fn check_list(
    (close, shown): (&Close, &ShownClose),
    proof: &ShownProof,
    bundle: &Bundle,
    items: &[Opened<'_>],
    verdict: &mut Verdict,
) {
    let Some(secret) = bundle.secrets.get(usize::from(proof.secret)) else { return };
    let items: Vec<Item> = items
        .iter()
        .filter(|opened| opened.secret == proof.secret)
        .map(|opened| opened.item)
        .collect();
    let expected = (!items.is_empty()).then(|| list_commitment(&items));
    let label = Label::of(&secret.secret, close.period);
    let found = Proof::parse(&proof.proof)
        .and_then(|proof| proof.verify(&close.person_index.0, &label))
        .map_err(|error| error.to_string());
    let holds = found.as_ref() == Ok(&expected);
    verdict.check(Rule::LedgerComplete, Place::entry(shown.index), holds, || {
        let found = match found {
            Err(error) => error,
            Ok(None) => "nobody of this label in the index".to_owned(),
            Ok(Some(_)) => "another list in the index".to_owned(),
        };
        (found, format!("the {} items shown of period {}", items.len(), close.period))
    });
}

/// An item under a secret that was not the account's in its period is in no list that was proved.
fn check_others(shown: &ShownClose, items: &[Opened<'_>], verdict: &mut Verdict) {
    let is_proved =
        |opened: &Opened<'_>| shown.shown.iter().any(|proof| proof.secret == opened.secret);
    for opened in items.iter().filter(|opened| !is_proved(opened)) {
        verdict.check(Rule::LedgerComplete, Place::entry(opened.item.index), false, || {
            let found = "an item under a secret of another time".to_owned();
            (found, "one that is in a list of its period".to_owned())
        });
    }
}
