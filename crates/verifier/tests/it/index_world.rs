//! A log whose entries say something of numbered people, closed once, with the lists that an operator gives
//! to auditors: true ones, or changed before the close is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::person::Secret;
use countersign_domain::relation::Relation;
use countersign_domain::rounding::rounded_up;
use countersign_protocol::blinded_lists;
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::consent::{Choice, ConsentRecord, commitments_root, consent_commitment};
use countersign_protocol::directory::secret_commitment;
use countersign_protocol::entry::{
    Close, CloseKind, Consents, ConsentsKind, DirectoryRoot, ENTRY_VERSION, Entry, PreviousClose,
};
use countersign_protocol::index_sample::{Draw, OpenedItem, Sample, SampledAccount, SampledItem};
use countersign_protocol::ledger_bundle::Opening;
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::person_index::{IndexBuilder, Item, Label, Leaf, list_commitment};
use countersign_protocol::record::{Record, Seed, own_id, pairwise_id, record_commitment, salt};
use countersign_verifier::index_check::{
    IndexCheck, IndexCheckError, IndexQuestion, SampleQuestion, check_index,
};
use countersign_verifier::site::FolderSite;

use crate::verify_world::{BEGINNING_S, ORIGIN, World, at, log_key};
use countersign_fixtures::accounts::Accounts;

pub(crate) const PERIOD: u64 = 3;

/// Lists by label, as a file has them.
pub(crate) type Lists = BTreeMap<Label, Vec<Item>>;

#[derive(Clone)]
pub(crate) struct Indexed {
    pub(crate) world: World,
    pub(crate) accounts: Accounts,
    pub(crate) lists: Lists,
    /// What each item is, and whose.
    opened: BTreeMap<(u64, u32), (u8, Opening)>,
    pub(crate) from: u64,
    pub(crate) until: u64,
    /// Where the close stands, once there is one.
    pub(crate) close: u64,
}

pub(crate) fn secret(person: u8) -> Secret {
    Secret([person; 32])
}

pub(crate) fn account(person: u8) -> String {
    format!("person-{person}")
}

pub(crate) fn label(person: u8) -> Label {
    Label::of(&secret(person), PERIOD)
}

/// The seed of an entry's salts.
fn seed(index: u64) -> Seed {
    Seed([index as u8; 32])
}

impl Indexed {
    /// A log with acts, before which the period begins; nobody is in it yet.
    pub(crate) fn new() -> Self {
        let world = World::governed();
        let from = world.size() - 2;
        let (accounts, lists, opened) = (Accounts::new(), Lists::new(), BTreeMap::new());
        Self { world, accounts, lists, opened, from, until: 0, close: 0 }
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

    fn hold(&mut self, people: &[u8], open: impl Fn(u32) -> Opening) -> Digest {
        let index = self.world.size();
        let partner = self.world.disclosure().partner;
        let items = people.iter().zip(0..).map(|(person, position)| {
            let (secret, salt, opening) =
                (secret(*person), salt(&seed(index), position), open(position));
            let commitment = match &opening {
                Opening::Record { relation, fields } => {
                    let pairwise = pairwise_id(&secret, &partner);
                    let record = Record { pairwise, relation: *relation, fields: *fields };
                    record_commitment(&salt, &record)
                }
                Opening::Consent(record) => consent_commitment(&salt, own_id(&secret), record),
            };
            self.opened.insert((index, position), (*person, opening));
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
        self.disclose_as(people, rounded_up(people.len() as u64))
    }

    /// An answer about these people, whose entry says that they are so many.
    pub(crate) fn disclose_as(&mut self, people: &[u8], said: u64) -> u64 {
        let records = self.hold(people, |position| {
            let relation = if position == 0 { Relation::Viewer } else { Relation::Friend };
            Opening::Record { relation, fields: FieldSet::from_bits(0b101) }
        });
        self.world.disclose(|disclosure| {
            (disclosure.records, disclosure.people) = (records, said);
        })
    }

    /// Choices of these people.
    pub(crate) fn consent(&mut self, people: &[u8]) -> u64 {
        let time = at(self.world.clock_s);
        let records = self.hold(people, |position| {
            let number = u64::from(position) + 1;
            let record = ConsentRecord { number, time, choice: Choice::Erased {} };
            Opening::Consent(record.to_bytes().unwrap())
        });
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
            directory: self.publish(),
            from: self.from,
            kind: CloseKind::Close,
            people: rounded_up(index.count()),
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

    /// Brings everybody of whom the log says something into the directory.
    fn publish(&self) -> DirectoryRoot {
        let people: BTreeSet<u8> = self.opened.values().map(|(person, _)| *person).collect();
        let new =
            people.iter().filter(|person| self.accounts.history(&account(**person)).is_empty());
        let new = new.map(|person| (account(*person), secret_commitment(&secret(*person))));
        // Before anything is published: the directory is asked while this goes on.
        let new: Vec<_> = new.collect();
        match people.is_empty() {
            true => DirectoryRoot::EMPTY,
            false => self.accounts.publish(new.into_iter()),
        }
    }

    /// Appends a later close, with this directory; where it stands.
    pub(crate) fn close_with(&mut self, directory: DirectoryRoot) -> u64 {
        let (from, until) = (self.until, self.world.size());
        self.world.push(&Entry::Close(Close {
            directory,
            from,
            kind: CloseKind::Close,
            people: 0,
            period: PERIOD + 1,
            person_index: Digest(IndexBuilder::new().root()),
            previous: None,
            time: at(self.world.clock_s),
            until,
            v: ENTRY_VERSION,
        }))
    }

    /// What an honest operator opens, under the directory as it is now, which the close at `directory_close` has.
    pub(crate) fn sample(&self, drawn: u32, directory_close: u64) -> Sample {
        let close = self.period().close.leaf;
        self.sample_of(Draw { close, challenge: Digest([0; 32]), drawn }, directory_close)
    }

    /// The same of another draw.
    pub(crate) fn sample_of(&self, draw: Draw, directory_close: u64) -> Sample {
        let items: Vec<&Item> = self.lists.values().flatten().collect();
        let (mut accounts, mut places) = (Vec::new(), BTreeMap::new());
        let numbers = draw.numbers(items.len() as u64);
        let items = numbers.into_iter().map(|number| {
            let Item { index, position, .. } = *items[number as usize];
            let opened = self.opened.get(&(index, position)).map(|(person, opening)| {
                let place = *places.entry(*person).or_insert_with(|| {
                    accounts.push(self.sampled(*person));
                    accounts.len() as u32 - 1
                });
                let salt = salt(&seed(index), position);
                OpenedItem { account: place, salt, opening: opening.clone() }
            });
            SampledItem { number, opened }
        });
        let items = items.collect();
        Sample { draw, directory_close, accounts, items }
    }

    fn sampled(&self, person: u8) -> SampledAccount {
        let account = account(person);
        let history = self.accounts.history(&account);
        SampledAccount { account, history, version: 1, secret: secret(person) }
    }

    pub(crate) fn period(&self) -> ClosedPeriod {
        let leaf = Digest(leaf_hash(&self.world.entries[self.close as usize]));
        ClosedPeriod {
            origin: ORIGIN.to_owned(),
            number: PERIOD,
            from: self.from,
            until: self.until,
            close: PreviousClose { index: self.close, leaf },
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

    /// What an auditor says who was given a sample.
    pub(crate) fn asked_of_sample(&self, sample: SampleQuestion<'_>) -> IndexCheck {
        let (folder, key) = (tempfile::tempdir().unwrap(), log_key());
        self.world.publish(folder.path());
        let question = IndexQuestion {
            sample: Some(sample),
            ..IndexQuestion::new(&key, at(BEGINNING_S + 86_400))
        };
        let (site, lists) = (FolderSite::new(folder.path()), &mut Cursor::new(self.file()));
        check_index(&site, lists, &question, &mut |_| {}).unwrap()
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
    let mut file = blinded_lists::head(period, lists.len() as u64);
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
