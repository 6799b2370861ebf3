//! A log with people in it: disclosures and choices that are about somebody, closes with a real person
//! index, and a real directory, from which anybody's ledger bundle is made. Tests change it, and it lies.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::person::Secret;
use countersign_domain::relation::Relation;
use countersign_domain::rounding::rounded_up;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::{Choice, ConsentRecord, consent_commitment};
use countersign_protocol::consent_receipt::{
    CONSENT_RECEIPT_VERSION, CommitmentTree, ConsentReceipt,
};
use countersign_protocol::directory::{GONE, secret_commitment};
use countersign_protocol::entry::{
    Close, CloseKind, Consents, ConsentsKind, DirectoryRoot, Disclosure, ENTRY_VERSION, Entry,
    PreviousClose,
};
use countersign_protocol::ledger_bundle::{
    Bundle, Opening, ShownClose, ShownEntry, ShownItem, ShownProof, VersionedSecret,
};
use countersign_protocol::merkle::{Hash, leaf_hash};
use countersign_protocol::person_index::{IndexBuilder, Item, Label, Leaf, list_commitment, prove};
use countersign_protocol::record::{Record, Seed, own_id, pairwise_id, salt};
use countersign_protocol::shared_proof::prove_shared;
use countersign_verifier::ledger::{Ledger, Question, check};
use countersign_verifier::verdict::Verdict;

use crate::verify_world::{World, at, log_key, sign};
use countersign_fixtures::accounts::Accounts;

/// The field schema's act in a governed log.
const SCHEMA_INDEX: u64 = 1;

/// What the log holds about somebody.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) person: usize,
    pub(crate) item: ShownItem,
    pub(crate) commitment: Hash,
}

#[derive(Clone)]
pub(crate) struct Closed {
    pub(crate) close: Close,
    pub(crate) index: u64,
    pub(crate) leaves: Vec<Leaf>,
}

/// What the directory has of somebody's secret.
#[derive(Clone, Copy)]
struct Life {
    /// The account's version that has it.
    version: u64,
    is_erased: bool,
}

/// A log with people.
pub(crate) struct LedgerWorld {
    pub(crate) world: World,
    /// Each person's secret now, or the last one.
    pub(crate) secrets: Vec<Secret>,
    lives: Vec<Life>,
    /// Accounts that the operator keeps out of the directory.
    pub(crate) withheld: BTreeSet<usize>,
    pub(crate) held: Vec<Held>,
    pub(crate) closes: Vec<Closed>,
    pub(crate) accounts: Accounts,
    seeds: u8,
}

pub(crate) fn account(person: usize) -> String {
    format!("person-{person}")
}

pub(crate) fn fields(numbers: &[u8]) -> FieldSet {
    FieldSet::from_bits(numbers.iter().map(|number| 1 << number).sum())
}

impl LedgerWorld {
    /// A governed log with so many people, in no directory yet.
    pub(crate) fn of(people: u8) -> Self {
        Self {
            world: World::governed(),
            secrets: (0..people).map(|person| Secret([person + 1; 32])).collect(),
            lives: vec![Life { version: 1, is_erased: false }; people.into()],
            withheld: BTreeSet::new(),
            held: Vec::new(),
            closes: Vec::new(),
            accounts: Accounts::new(),
            seeds: 0,
        }
    }

    fn seed(&mut self) -> Seed {
        self.seeds += 1;
        Seed([self.seeds; 32])
    }

    /// Appends a disclosure about these people; `change` is of the entry, after its root is there.
    pub(crate) fn disclose(
        &mut self,
        about: &[(usize, Relation, FieldSet)],
        change: impl FnOnce(&mut Disclosure),
    ) -> u64 {
        let seed = self.seed();
        let mut disclosure = self.world.disclosure();
        let record = |(person, relation, fields): &(usize, Relation, FieldSet)| Record {
            pairwise: pairwise_id(&self.secrets[*person], &disclosure.partner),
            relation: *relation,
            fields: *fields,
        };
        let records: Vec<Record> = about.iter().map(record).collect();
        let commitments =
            records.iter().zip(0..).map(|(record, i)| record.commitment(&seed, i)).collect();
        let openings = about.iter().map(|(person, relation, fields)| {
            (*person, Opening::Record { relation: *relation, fields: *fields })
        });
        let openings = openings.collect();
        disclosure.records = self.hold(&seed, commitments, openings);
        change(&mut disclosure);
        self.world.push(&Entry::Disclosure(disclosure))
    }

    /// Appends a consents entry with what these people chose.
    pub(crate) fn choose(&mut self, chosen: &[(usize, u64, Choice)]) -> u64 {
        let seed = self.seed();
        let time = at(self.world.clock_s);
        let record = |number: u64, choice: &Choice| {
            ConsentRecord { number, time, choice: choice.clone() }.to_bytes().unwrap()
        };
        let records: Vec<_> = chosen
            .iter()
            .map(|(person, number, choice)| (*person, record(*number, choice)))
            .collect();
        let commitments = records.iter().zip(0..).map(|((person, record), i)| {
            consent_commitment(&salt(&seed, i), own_id(&self.secrets[*person]), record)
        });
        let commitments = commitments.collect();
        let openings = records
            .into_iter()
            .map(|(person, record)| (person, Opening::Consent(record)))
            .collect();
        let records = self.hold(&seed, commitments, openings);
        let kind = ConsentsKind::Consents;
        self.world.push(&Entry::Consents(Consents { kind, records, time, v: ENTRY_VERSION }))
    }

    /// Appends a consents entry with one person's new settings.
    pub(crate) fn set(&mut self, person: usize, number: u64, settings: Settings) -> u64 {
        self.choose(&[(person, number, Choice::Settings(settings.into()))])
    }

    /// Keeps what the next entry holds about people; returns the root over it.
    fn hold(
        &mut self,
        seed: &Seed,
        commitments: Vec<Hash>,
        openings: Vec<(usize, Opening)>,
    ) -> Digest {
        let tree = CommitmentTree::new(commitments.iter().copied());
        let index = self.world.size();
        for (((person, opening), commitment), position) in
            openings.into_iter().zip(&commitments).zip(0..)
        {
            let path = tree.path(position).into_iter().map(|hash| hash.0).collect();
            let (count, salt) = (tree.count(), salt(seed, position));
            let item = ShownItem { secret: 0, index, position, count, salt, opening, path };
            self.held.push(Held { person, item, commitment: *commitment });
        }
        countersign_protocol::consent::commitments_root(commitments)
    }

    /// Appends a close whose directory says that the secrets of these people were erased.
    pub(crate) fn close_erasing(&mut self, people: &[usize]) -> u64 {
        // Who came and goes in one period is in the directory before.
        self.publish();
        for person in people {
            self.lives[*person].is_erased = true;
        }
        self.close(|_, _| {})
    }

    /// The account of somebody who was erased comes back, with this secret: nothing of theirs is held.
    pub(crate) fn come_back(&mut self, person: usize, secret: Secret) {
        self.lives[person] = Life { version: self.lives[person].version + 2, is_erased: false };
        self.begin_anew(person, secret);
    }

    /// From now on the operator uses this secret for an account, as if there had been no other.
    pub(crate) fn begin_anew(&mut self, person: usize, secret: Secret) {
        self.secrets[person] = secret;
        self.held.retain(|held| held.person != person);
    }

    /// Puts everybody's secret into the directory, or that it was erased.
    fn publish(&self) -> DirectoryRoot {
        let values = self.secrets.iter().zip(&self.lives).enumerate();
        let values = values.filter(|(person, _)| !self.withheld.contains(person));
        self.accounts.publish(values.map(|(person, (secret, life))| {
            let value = if life.is_erased { GONE } else { secret_commitment(secret) };
            (account(person), value)
        }))
    }

    /// Brings the directory up to date, and appends a close that is right but for this change.
    pub(crate) fn close(&mut self, change: impl FnOnce(&mut Close, &mut Vec<Leaf>)) -> u64 {
        let directory = self.publish();
        let last = self.closes.last();
        let period = last.map_or(0, |last| last.close.period + 1);
        let from = last.map_or(0, |last| last.close.until);
        let until = self.world.size();
        let mut leaves = self.leaves(period, from..until);
        let mut close = Close {
            directory,
            from,
            kind: CloseKind::Close,
            people: rounded_up(leaves.len() as u64),
            period,
            person_index: Digest([0; 32]),
            previous: last.map(|last| PreviousClose {
                index: last.index,
                leaf: Digest(leaf_hash(&self.world.entries[last.index as usize])),
            }),
            time: at(self.world.clock_s),
            until,
            v: ENTRY_VERSION,
        };
        change(&mut close, &mut leaves);
        let mut builder = IndexBuilder::new();
        for leaf in &leaves {
            builder.push(*leaf).unwrap();
        }
        if close.person_index == Digest([0; 32]) {
            close.person_index = Digest(builder.root());
        }
        let index = self.world.push(&Entry::Close(close.clone()));
        self.closes.push(Closed { close, index, leaves });
        index
    }

    /// The receipt that somebody got for what they chose in this entry; `change` is of a lie.
    pub(crate) fn receipt(
        &self,
        person: usize,
        index: u64,
        change: impl FnOnce(&mut ConsentReceipt),
    ) -> String {
        let is_it = |held: &&Held| (held.person, held.item.index) == (person, index);
        let ShownItem { position, count, salt, opening, path, .. } =
            self.held.iter().find(is_it).unwrap().item.clone();
        let Opening::Consent(record) = opening else { panic!("it is a choice") };
        let entry = Entry::parse(&self.world.entries[index as usize]).unwrap();
        let Entry::Consents(Consents { records, time, .. }) = entry else {
            panic!("it is consents")
        };
        let mut receipt = ConsentReceipt {
            count,
            deadline: time.plus_seconds(60),
            index,
            origin: log_key().name().to_owned(),
            path: path.into_iter().map(Digest).collect(),
            person: own_id(&self.secrets[person]).to_string(),
            position,
            record: ConsentRecord::parse(&record).unwrap(),
            records,
            salt: Digest(salt),
            time,
            v: CONSENT_RECEIPT_VERSION,
        };
        change(&mut receipt);
        receipt.to_text(&sign("receipts", &receipt.message().unwrap())).unwrap()
    }

    fn leaves(&self, period: u64, range: std::ops::Range<u64>) -> Vec<Leaf> {
        let mut lists: BTreeMap<usize, Vec<Item>> = BTreeMap::new();
        for held in self.held.iter().filter(|held| range.contains(&held.item.index)) {
            let ShownItem { index, position, .. } = held.item;
            let item = Item { index, position, commitment: held.commitment };
            lists.entry(held.person).or_default().push(item);
        }
        let leaf = |(person, items): (usize, Vec<Item>)| Leaf {
            label: Label::of(&self.secrets[person], period),
            list: list_commitment(&items),
        };
        let mut leaves: Vec<Leaf> = lists.into_iter().map(leaf).collect();
        leaves.sort_unstable_by_key(|leaf| leaf.label);
        leaves
    }

    /// The bundle of somebody, with the secret that they have, or had last.
    pub(crate) fn bundle(&self, person: usize) -> Bundle {
        let newest = self.closes.last();
        let held: Vec<&Held> = self.held.iter().filter(|held| held.person == person).collect();
        let shown = |closed: &Closed| ShownClose {
            index: closed.index,
            epoch: closed.close.directory.epoch,
            directory: closed.close.directory.root,
            people: closed.close.people,
            person_index: closed.close.person_index,
            time: closed.close.time,
            until: closed.close.until,
            shown: vec![closed.shown(0, &self.secrets[person])],
        };
        let mut places: Vec<u64> = held.iter().map(|held| held.item.index).collect();
        places.push(SCHEMA_INDEX);
        places.sort_unstable();
        places.dedup();
        let entries: Vec<ShownEntry> = places.iter().map(|index| self.entry(*index)).collect();
        places.extend(newest.map(|newest| newest.index));
        places.sort_unstable();
        let tree = CommitmentTree::of_leaves(self.world.hashes());
        Bundle {
            checkpoint: self.world.checkpoint().into_bytes(),
            account: account(person),
            history: self.accounts.history(&account(person)),
            vrf: newest.map_or(Digest([0; 32]), |newest| newest.close.directory.vrf),
            secrets: vec![VersionedSecret {
                version: self.lives[person].version,
                secret: self.secrets[person].clone(),
            }],
            closes: self.closes.iter().map(shown).collect(),
            searched: self.world.size(),
            documents: self.documents(&entries),
            entries,
            items: held.iter().map(|held| held.item.clone()).collect(),
            proof: prove_shared(&tree, &places, self.world.size()).unwrap(),
        }
    }

    /// The documents that these entries speak of.
    fn documents(&self, entries: &[ShownEntry]) -> Vec<Vec<u8>> {
        let is_spoken_of = |digest: &Digest| {
            let digest = digest.to_string();
            let speaks =
                |entry: &ShownEntry| String::from_utf8_lossy(&entry.bytes).contains(&digest);
            entries.iter().any(speaks)
        };
        let documents = self.world.documents.iter();
        documents.filter(|(digest, _)| is_spoken_of(digest)).map(|(_, one)| one.clone()).collect()
    }

    pub(crate) fn entry(&self, index: u64) -> ShownEntry {
        ShownEntry { index, bytes: self.world.entries[index as usize].clone() }
    }
}

impl Closed {
    /// What the index has under this secret, which has this place.
    pub(crate) fn shown(&self, place: u16, secret: &Secret) -> ShownProof {
        let label = Label::of(secret, self.close.period);
        let proof = prove(&self.leaves, &label).unwrap();
        ShownProof { secret: place, proof: proof.to_bytes() }
    }
}

/// What the verifier says of a bundle that was fetched when the newest entry was appended.
pub(crate) fn checked(bundle: &Bundle, at_s: u64) -> (Verdict, Option<Ledger>) {
    Brought::default().checked(&bundle.to_bytes(), at_s)
}

/// What the reader of a ledger brings along, beside the log's key.
#[derive(Clone, Default)]
pub(crate) struct Brought {
    pub(crate) account: Option<String>,
    pub(crate) since_s: Option<u64>,
    pub(crate) receipts: Vec<String>,
}

impl Brought {
    pub(crate) fn account(account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..Self::default() }
    }

    pub(crate) fn since(since_s: u64) -> Self {
        Self { since_s: Some(since_s), ..Self::default() }
    }

    pub(crate) fn receipt(receipt: String) -> Self {
        Self { receipts: vec![receipt], ..Self::default() }
    }

    pub(crate) const fn is_nothing(&self) -> bool {
        self.account.is_none() && self.since_s.is_none() && self.receipts.is_empty()
    }

    /// What the verifier says of a bundle by this.
    pub(crate) fn checked(&self, bundle: &[u8], at_s: u64) -> (Verdict, Option<Ledger>) {
        let key = log_key();
        let question = Question {
            account: self.account.as_deref(),
            account_since: self.since_s.map(Timestamp::from_seconds),
            receipts: &self.receipts,
            ..Question::new(&key, at(at_s))
        };
        check(bundle, &question)
    }
}
