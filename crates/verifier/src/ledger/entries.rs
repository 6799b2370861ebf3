//! The entries and documents of a bundle: that they are in the tree, and what they say.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::act::Act;
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::digest::Digest;
use countersign_domain::route::ClientKind;
use countersign_domain::schema::{FieldSchema, SchemaDocument};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::shared_proof::verify_shared;
use sha2::{Digest as _, Sha256};

use super::closes::Closes;
use crate::verdict::{Place, Rule, Verdict};

/// What a bundle's entries and documents say.
pub(super) struct Entries {
    by_index: BTreeMap<u64, Entry>,
    kinds: BTreeMap<Digest, ClientKind>,
    schema: Option<FieldSchema>,
}

impl Entries {
    /// Proves them with the newest close, and reads them.
    pub(super) fn read(
        bundle: &Bundle,
        closes: &Closes,
        checkpoint: &Checkpoint,
        verdict: &mut Verdict,
    ) -> Self {
        check_proof(bundle, closes, checkpoint, verdict);
        let mut by_index = BTreeMap::new();
        for shown in &bundle.entries {
            let entry = Entry::parse(&shown.bytes);
            let entry = verdict.check_ok(Rule::EntryForm, Place::entry(shown.index), entry);
            by_index.extend(entry.map(|entry| (shown.index, entry)));
        }
        let documents = bundle.documents.iter().map(|bytes| &bytes[..]);
        let documents: BTreeMap<Digest, &[u8]> =
            documents.map(|bytes| (Digest(Sha256::digest(bytes).into()), bytes)).collect();
        let schema = schema(&by_index, &documents, verdict);
        check_documents(&by_index, &documents, verdict);
        let kind = |(digest, bytes): (&Digest, &&[u8])| {
            let agreement: AgreementDocument = serde_json::from_slice(bytes).ok()?;
            Some((*digest, agreement.kind))
        };
        let kinds = documents.iter().filter_map(kind).collect();
        Self { by_index, kinds, schema }
    }

    pub(super) fn get(&self, index: u64) -> Option<&Entry> {
        self.by_index.get(&index)
    }

    pub(super) const fn schema(&self) -> Option<&FieldSchema> {
        self.schema.as_ref()
    }

    /// The kind of the client of a disclosure, as all agreements under which it was sent say; `None` where
    /// they are not shown, or not of one mind.
    pub(super) fn kind(&self, disclosure: &Disclosure) -> Option<ClientKind> {
        let mut kinds = disclosure.agreements.iter().map(|digest| self.kinds.get(digest));
        let first = *kinds.next()??;
        kinds.all(|kind| kind == Some(&first)).then_some(first)
    }
}

fn check_proof(bundle: &Bundle, closes: &Closes, checkpoint: &Checkpoint, verdict: &mut Verdict) {
    let shown = bundle.entries.iter().map(|entry| (entry.index, leaf_hash(&entry.bytes)));
    let mut leaves: Vec<_> = shown.collect();
    if let Some(newest) = closes.newest {
        leaves.insert(leaves.partition_point(|leaf| leaf.0 < newest.0), newest);
    }
    let proved = verify_shared(&leaves, checkpoint.size, &bundle.proof, &checkpoint.root);
    verdict.check_ok(Rule::LedgerEntries, Place::WHOLE, proved);
}

/// Nothing is shown that no entry speaks of: nobody would have looked at it.
fn check_documents(
    entries: &BTreeMap<u64, Entry>,
    documents: &BTreeMap<Digest, &[u8]>,
    verdict: &mut Verdict,
) {
    let mut spoken_of = BTreeSet::new();
    for entry in entries.values() {
        match entry {
            Entry::Disclosure(disclosure) => spoken_of.extend(&disclosure.agreements),
            Entry::Act(signed) => spoken_of.extend(signed.act.document()),
            Entry::Consents(_) | Entry::Close(_) => {}
        }
    }
    for digest in documents.keys() {
        let is_spoken_of = spoken_of.contains(digest);
        verdict.check(Rule::LedgerDocuments, Place::WHOLE, is_spoken_of, || {
            (format!("a document {digest}"), "those that the entries shown speak of".to_owned())
        });
    }
}

/// The newest field schema that is shown. An older one names the same fields the same, since a schema only grows.
fn schema(
    entries: &BTreeMap<u64, Entry>,
    documents: &BTreeMap<Digest, &[u8]>,
    verdict: &mut Verdict,
) -> Option<FieldSchema> {
    let newest = entries.iter().rev().find_map(|(index, entry)| match entry {
        Entry::Act(signed) => match &signed.act {
            Act::FieldSchema(published) => Some((*index, published.digest)),
            _ => None,
        },
        _ => None,
    });
    let read = |digest: &Digest| {
        let document: SchemaDocument = serde_json::from_slice(documents.get(digest)?).ok()?;
        FieldSchema::from_document(document).ok()
    };
    let place = newest.map_or(Place::WHOLE, |(index, _)| Place::entry(index));
    let schema = newest.and_then(|(_, digest)| read(&digest));
    verdict.check(Rule::LedgerDocuments, place, schema.is_some(), || {
        let found = "no field schema that can be read".to_owned();
        (found, "the act that put it in force, and its document".to_owned())
    });
    schema
}
