//! Lists of a period that an operator makes up, with the close that signs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::person::Secret;
use countersign_domain::relation::Relation;
use countersign_domain::rounding::rounded_up;
use countersign_protocol::blinded_lists;
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::consent::commitments_root;
use countersign_protocol::entry::{Close, Entry, PreviousClose};
use countersign_protocol::ledger_bundle::Opening;
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::person_index::{IndexBuilder, Item, Label, Leaf, list_commitment};
use countersign_protocol::record::{Record, Seed, pairwise_id, salt};

use super::closes::next_close;
use super::pen::Pen;

const SEED: Seed = Seed([8; 32]);

/// The period after the last one of a log that is written anew.
pub(super) struct ForgedPeriod {
    number: u64,
    lists: BTreeMap<Label, Vec<Item>>,
}

/// Somebody whom nobody is.
pub(super) fn invented(number: u8) -> Secret {
    Secret([number; 32])
}

/// What is committed to about each of them.
pub(super) fn opening(position: u32) -> (Opening, [u8; 32]) {
    let relation = if position == 0 { Relation::Viewer } else { Relation::Friend };
    (Opening::Record { relation, fields: FieldSet::from_bits(0b111) }, salt(&SEED, position))
}

impl ForgedPeriod {
    pub(super) fn after(pen: &Pen<'_>) -> Self {
        Self { number: next_close(pen).period, lists: BTreeMap::new() }
    }

    /// An answer about these, whose entry says that they are so many; its index. In the lists are the first `listed`.
    pub(super) fn disclose(
        &mut self,
        pen: &mut Pen<'_>,
        (people, listed, said): (u8, usize, u64),
    ) -> u64 {
        let (index, partner) = (pen.size(), pen.last_disclosure().partner.clone());
        let items = (0..people).zip(0..).map(|(person, position)| {
            let (secret, (opening, _)) = (invented(person), opening(position));
            let Opening::Record { relation, fields } = opening else { panic!("a choice") };
            let record = Record { pairwise: pairwise_id(&secret, &partner), relation, fields };
            let commitment = record.commitment(&SEED, position);
            (Label::of(&secret, self.number), Item { index, position, commitment })
        });
        let items: Vec<_> = items.collect();
        for (label, item) in &items[..listed] {
            self.lists.entry(*label).or_default().push(*item);
        }
        let records = commitments_root(items.iter().map(|(_, item)| item.commitment));
        pen.disclose(|entry| (entry.records, entry.people) = (records, said))
    }

    /// Closes the period with these lists, publishes all, and writes the lists for an auditor.
    pub(super) fn close(&self, pen: &mut Pen<'_>, folder: &Path) -> (u64, PathBuf) {
        let mut index = IndexBuilder::new();
        for (label, items) in &self.lists {
            index.push(Leaf { label: *label, list: list_commitment(items) }).unwrap();
        }
        let people = self.lists.len() as u64;
        let close = Close {
            people: rounded_up(people),
            person_index: Digest(index.root()),
            ..next_close(pen)
        };
        let entry = Entry::Close(close.clone());
        let leaf = Digest(leaf_hash(&entry.to_bytes().unwrap()));
        let place = PreviousClose { index: pen.push(entry), leaf };
        pen.publish();
        let (origin, Close { from, until, .. }) = (pen.origin().to_owned(), close);
        let period = ClosedPeriod { origin, number: self.number, from, until, close: place };
        let mut file = blinded_lists::head(&period, people);
        for (label, items) in &self.lists {
            file.extend(label.0);
            file.extend((items.len() as u32).to_be_bytes());
            for item in items {
                file.extend(item.index.to_be_bytes());
                file.extend(item.position.to_be_bytes());
                file.extend(item.commitment);
            }
        }
        let path = folder.join(format!("period-{}.lists", self.number));
        fs::write(&path, file).unwrap();
        (place.index, path)
    }

    /// The items in the order of the lists, each with the invented person's number, which is its position.
    pub(super) fn items(&self) -> Vec<Item> {
        self.lists.values().flatten().copied().collect()
    }
}
