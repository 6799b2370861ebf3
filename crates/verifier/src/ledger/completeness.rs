//! Completeness: that in every period, under each secret of the bundle, the index has what the bundle shows, and no
//! more. Also before the directory had the secret: whoever publishes an account late leaves out what stood before.

use countersign_protocol::entry::Close;
use countersign_protocol::ledger_bundle::{Bundle, ShownClose, ShownProof};
use countersign_protocol::person_index::{Item, Label, Proof, list_commitment};

use super::closes::Closes;
use super::items::Opened;
use crate::verdict::{Place, Rule, Verdict};

/// Checks every period. `opened` are in the order of the log.
pub(super) fn check(
    bundle: &Bundle,
    closes: &Closes,
    opened: &[Opened<'_>],
    verdict: &mut Verdict,
) {
    for (close, shown) in closes.closes.iter().zip(&bundle.closes) {
        let places = shown.shown.iter().map(|proof| usize::from(proof.secret));
        let is_each = places.eq(0..bundle.secrets.len());
        verdict.check(Rule::LedgerComplete, Place::entry(shown.index), is_each, || {
            let found = format!("period {} not proved for each secret", close.period);
            (found, "one proof for each of them".to_owned())
        });
        let begin = opened.partition_point(|opened| opened.item.index < close.from);
        let end = opened.partition_point(|opened| opened.item.index < close.until);
        let items = opened.get(begin..end).unwrap_or_default();
        for proof in &shown.shown {
            check_list((close, shown), proof, bundle, items, verdict);
        }
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
