//! The items of a bundle: what the log holds about the person, each opened.

use countersign_domain::digest::Digest;
use countersign_protocol::consent::{ConsentRecord, consent_commitment};
use countersign_protocol::entry::{Consents, Disclosure, Entry};
use countersign_protocol::ledger_bundle::{Bundle, Opening, ShownItem};
use countersign_protocol::merkle::{Hash, leaf_hash, verify_inclusion};
use countersign_protocol::person_index::Item;
use countersign_protocol::record::{Record, own_id, pairwise_id, record_commitment};

use super::entries::Entries;
use crate::verdict::{Place, Rule, Verdict};

/// An item whose entry commits to it.
pub(super) struct Opened<'a> {
    pub(super) secret: u16,
    pub(super) item: Item,
    pub(super) what: What<'a>,
}

/// What an item is.
pub(super) enum What<'a> {
    /// Something about the person left in this answer.
    Record(&'a Disclosure, Record),
    /// The person chose something.
    Consent(&'a Consents, ConsentRecord),
}

/// Opens all items. One that does not hold is left out, so that whatever it is in does not hold either.
pub(super) fn open<'a>(
    bundle: &Bundle,
    entries: &'a Entries,
    verdict: &mut Verdict,
) -> Vec<Opened<'a>> {
    let rise = bundle.items.array_windows().all(|[one, next]| place(one) < place(next));
    verdict.check(Rule::LedgerOpening, Place::WHOLE, rise, || {
        ("items in another order".to_owned(), "the log's, each once".to_owned())
    });
    let mut opened = Vec::with_capacity(bundle.items.len());
    for item in &bundle.items {
        let outcome = open_one(bundle, item, entries);
        let outcome = outcome.ok_or("what no entry that is shown commits to");
        opened.extend(verdict.check_ok(Rule::LedgerOpening, Place::entry(item.index), outcome));
    }
    opened
}

const fn place(item: &ShownItem) -> (u64, u32) {
    (item.index, item.position)
}

fn open_one<'a>(bundle: &Bundle, item: &ShownItem, entries: &'a Entries) -> Option<Opened<'a>> {
    let secret = &bundle.secrets.get(usize::from(item.secret))?.secret;
    let (commitment, root, what) = match (&item.opening, entries.get(item.index)?) {
        (Opening::Record { relation, fields }, Entry::Disclosure(disclosure)) => {
            let pairwise = pairwise_id(secret, &disclosure.partner);
            let record = Record { pairwise, relation: *relation, fields: *fields };
            let commitment = record_commitment(&item.salt, &record);
            (commitment, disclosure.records, What::Record(disclosure, record))
        }
        (Opening::Consent(bytes), Entry::Consents(consents)) => {
            let commitment = consent_commitment(&item.salt, own_id(secret), bytes);
            let record = ConsentRecord::parse(bytes).ok()?;
            (commitment, consents.records, What::Consent(consents, record))
        }
        _ => return None,
    };
    is_under(item, &commitment, root).then_some(Opened {
        secret: item.secret,
        item: Item { index: item.index, position: item.position, commitment },
        what,
    })
}

fn is_under(item: &ShownItem, commitment: &Hash, root: Digest) -> bool {
    let (position, count) = (u64::from(item.position), u64::from(item.count));
    verify_inclusion(&leaf_hash(commitment), position, count, &item.path, &root.0).is_ok()
}
