//! A log whose entries say something of numbered people, closed once, with the lists that an operator gives
//! to auditors: true ones, or changed before the close is made of them.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use countersign_verifier::blinded_lists;
use countersign_verifier::closed_period::ClosedPeriod;
use countersign_verifier::consent::commitments_root;
use countersign_verifier::entry::{
    Close, CloseKind, Consents, ConsentsKind, DirectoryRoot, ENTRY_VERSION, Entry, PreviousClose,
};
use countersign_verifier::index_check::{IndexCheck, IndexCheckError, IndexQuestion, check_index};
use countersign_verifier::merkle::{Hash, leaf_hash};
use countersign_verifier::person_index::{IndexBuilder, Item, Label, Leaf, list_commitment};
use countersign_verifier::site::FolderSite;
use sha2::{Digest as _, Sha256};

use crate::verify_world::{BEGINNING_S, ORIGIN, World, at, log_key};

pub(crate) const PERIOD: u64 = 3;

/// Lists by label, as a file has them.
pub(crate) type Lists = BTreeMap<Label, Vec<Item>>;

#[derive(Clone)]
pub(crate) struct Indexed {
    pub(crate) world: World,
    pub(crate) lists: Lists,
    pub(crate) from: u64,
    pub(crate) until: u64,
    /// Where the close stands, once there is one.
    pub(crate) close: u64,
}

pub(crate) fn label(person: u8) -> Label {
    Label::of(&Secret([person; 32]), PERIOD)
}

impl Indexed {
    /// A log with acts, before which the period begins; nobody is in it yet.
    pub(crate) fn new() -> Self {
        let world = World::governed();
        let from = world.size() - 2;
        Self { world, lists: Lists::new(), from, until: 0, close: 0 }
    }

    /// A period with answers about three people and more, and choices of some.
    pub(crate) fn lived() -> Self {
        let mut log = Self::new();
        log.disclose(&[1, 2, 3]);
        log.disclose(&[2, 1, 4, 5]);
        log.consent(&[3, 9, 3]);
        log.disclose(&[6]);
        log
    }

    /// The period of [`Self::lived`], closed two entries after its end, and once that was published.
    pub(crate) fn closed(lie: impl FnOnce(&mut Lists)) -> Self {
        let mut log = Self::lived();
        lie(&mut log.lists);
        log.close(|_| {});
        log
    }

    fn hold(&mut self, people: &[u8]) -> Digest {
        let index = self.world.size();
        let items = people.iter().zip(0..).map(|(person, position)| {
            let commitment: Hash = Sha256::digest([index as u8, position as u8, *person]).into();
            (*person, Item { index, position, commitment })
        });
        let items: Vec<_> = items.collect();
        for (person, item) in &items {
            self.lists.entry(label(*person)).or_default().push(*item);
        }
        commitments_root(items.iter().map(|(_, item)| item.commitment))
    }

    /// An answer about these people.
    pub(crate) fn disclose(&mut self, people: &[u8]) -> u64 {
        let records = self.hold(people);
        self.world.disclose(|disclosure| {
            disclosure.records = records;
            disclosure.people = (people.len() as u64).next_power_of_two();
        })
    }

    /// Choices of these people.
    pub(crate) fn consent(&mut self, people: &[u8]) -> u64 {
        let (records, time) = (self.hold(people), at(self.world.clock_s));
        let kind = ConsentsKind::Consents;
        self.world.push(&Entry::Consents(Consents { kind, records, time, v: ENTRY_VERSION }))
    }

    /// Ends the period with what the lists say now, but for this change.
    pub(crate) fn close(&mut self, change: impl FnOnce(&mut Close)) {
        self.until = self.world.size();
        for _ in 0..2 {
            self.world.disclose(|_| {});
        }
        let mut index = IndexBuilder::new();
        for (label, items) in &self.lists {
            index.push(Leaf { label: *label, list: list_commitment(items) }).unwrap();
        }
        let mut close = Close {
            directory: DirectoryRoot::EMPTY,
            from: self.from,
            kind: CloseKind::Close,
            people: index.count(),
            period: PERIOD,
            person_index: Digest(index.root()),
            previous: None,
            time: at(self.world.clock_s),
            until: self.until,
            v: ENTRY_VERSION,
        };
        change(&mut close);
        self.close = self.world.push(&Entry::Close(close));
        self.world.disclose(|_| {});
    }

    pub(crate) fn period(&self) -> ClosedPeriod {
        let leaf = Digest(leaf_hash(&self.world.entries[self.close as usize]));
        ClosedPeriod {
            origin: ORIGIN.to_owned(),
            number: PERIOD,
            from: self.from,
            until: self.until,
            close: PreviousClose { index: self.close, leaf },
            people: self.lists.len() as u64,
        }
    }

    /// The file that an auditor is given.
    pub(crate) fn file(&self) -> Vec<u8> {
        file(&self.period(), &self.lists)
    }

    /// What an auditor says who has this file, and asks with this change.
    pub(crate) fn asked(
        &self,
        file: Vec<u8>,
        change: impl FnOnce(&mut IndexQuestion<'_>),
    ) -> Result<IndexCheck, IndexCheckError> {
        let folder = tempfile::tempdir().unwrap();
        self.world.publish(folder.path());
        asked(folder.path(), file, change)
    }

    pub(crate) fn checked(&self) -> IndexCheck {
        self.asked(self.file(), |_| {}).unwrap()
    }
}

pub(crate) fn asked(
    folder: &Path,
    file: Vec<u8>,
    change: impl FnOnce(&mut IndexQuestion<'_>),
) -> Result<IndexCheck, IndexCheckError> {
    asked_of(folder, &mut Cursor::new(file), change)
}

pub(crate) fn asked_of(
    folder: &Path,
    lists: &mut (impl Read + Seek),
    change: impl FnOnce(&mut IndexQuestion<'_>),
) -> Result<IndexCheck, IndexCheckError> {
    let key = log_key();
    let mut question = IndexQuestion::new(&key, at(BEGINNING_S + 86_400));
    change(&mut question);
    check_index(&FolderSite::new(folder), lists, &question, &mut |_| {})
}

pub(crate) fn file(period: &ClosedPeriod, lists: &Lists) -> Vec<u8> {
    let mut file = blinded_lists::head(period);
    for (label, items) in lists {
        file.extend(label.0);
        file.extend((items.len() as u32).to_be_bytes());
        for item in items {
            file.extend(item.index.to_be_bytes());
            file.extend(item.position.to_be_bytes());
            file.extend(item.commitment);
        }
    }
    file
}
