//! What a person's ledger costs after ten years: its size, and the time to verify it. Every day was closed
//! over a million people, the log has 27 entries a second, and 500 of them, each about 339 people, are about
//! this one. `cargo xtask bench ledger` runs it optimised.
//!
//! Nothing of the log is there but what the bundle shows: all other hashes are made up, which costs a
//! verifier the same.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::time::Instant;

use countersign_domain::act::{Act, Published};
use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_fixtures::accounts::Accounts;
use countersign_fixtures::at;
use countersign_fixtures::documents::{BEGINNING_S, schema};
use countersign_fixtures::keys::sign;
use countersign_fixtures::world::{World, log_key};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::consent::{Choice, ConsentRecord, commitments_root, consent_commitment};
use countersign_protocol::consent_receipt::CommitmentTree;
use countersign_protocol::directory::secret_commitment;
use countersign_protocol::entry::{
    Close, CloseKind, Consents, ConsentsKind, ENTRY_VERSION, Entry, PreviousClose, SignedAct,
};
use countersign_protocol::ledger_bundle::{
    Bundle, Opening, ShownClose, ShownEntry, ShownItem, ShownProof, VersionedSecret,
};
use countersign_protocol::merkle::{Hash, leaf_hash, node_hash, root};
use countersign_protocol::person_index::{End, Item, Label, Leaf, Proof, Step, list_commitment};
use countersign_protocol::record::{Record, Seed, own_id, pairwise_id, salt};
use countersign_protocol::shared_proof::prove_shared;
use countersign_verifier::ledger::{Question, check};
use sha2::{Digest as _, Sha256};

use self::sparse::Sparse;

mod sparse;

const DAYS: u64 = 3_650;
const ENTRIES_A_DAY: u64 = 27 * 86_400;
const DISCLOSURES: u64 = 500;
const PEOPLE_OF_ONE: u32 = 339;
/// The depth of the index of a million people.
const DEPTH: u8 = 20;
const RUNS: usize = 15;

fn made_up(what: &str, number: u64) -> Hash {
    Sha256::new().chain_update(what).chain_update(number.to_be_bytes()).finalize().into()
}

/// The person, and what the log has of them.
struct Person {
    world: World,
    secret: Secret,
    entries: Vec<ShownEntry>,
    items: Vec<ShownItem>,
    in_lists: Vec<Item>,
}

impl Person {
    fn push(&mut self, index: u64, entry: &Entry) {
        self.entries.push(ShownEntry { index, bytes: entry.to_bytes().unwrap() });
    }

    fn hold(
        &mut self,
        index: u64,
        position: u32,
        seed: &Seed,
        opening: Opening,
        commitments: &[Hash],
    ) -> Digest {
        let tree = CommitmentTree::new(commitments.iter().copied());
        let path = tree.path(position).into_iter().map(|hash| hash.0).collect();
        let (count, salt) = (tree.count(), salt(seed, position));
        self.items.push(ShownItem { secret: 0, index, position, count, salt, opening, path });
        let commitment = commitments[position as usize];
        self.in_lists.push(Item { index, position, commitment });
        commitments_root(commitments.iter().copied())
    }

    /// What the person opened on the first day.
    fn choose(&mut self, index: u64) {
        let settings =
            Settings::DEFAULT.with(Route::FriendsDevice, Settings::DEFAULT.open(Route::MyApp));
        let choice = Choice::Settings(settings.into());
        let record = ConsentRecord { number: 1, time: at(BEGINNING_S), choice }.to_bytes().unwrap();
        let seed = Seed([3; 32]);
        let commitment = consent_commitment(&salt(&seed, 0), own_id(&self.secret), &record);
        let records = self.hold(index, 0, &seed, Opening::Consent(record), &[commitment]);
        let (kind, time) = (ConsentsKind::Consents, at(BEGINNING_S));
        self.push(index, &Entry::Consents(Consents { kind, records, time, v: ENTRY_VERSION }));
    }

    /// One answer to a friend's device, which they are in.
    fn disclose(&mut self, index: u64, time_s: u64) {
        let (seed, position) = (Seed(made_up("seed", index)), 17);
        let mut disclosure = self.world.disclosure();
        let fields = countersign_domain::field::FieldSet::from_bits(0b1101);
        let pairwise = pairwise_id(&self.secret, &disclosure.partner);
        let relation = Relation::Friend;
        let record = Record { pairwise, relation, fields };
        let mut commitments: Vec<_> =
            (0..PEOPLE_OF_ONE).map(|n| made_up("record", index * 1_000 + u64::from(n))).collect();
        commitments[position as usize] = record.commitment(&seed, position);
        let opening = Opening::Record { relation, fields };
        disclosure.records = self.hold(index, position, &seed, opening, &commitments);
        (disclosure.as_of, disclosure.time, disclosure.people) = (index, at(time_s), 512);
        self.push(index, &Entry::Disclosure(disclosure));
    }
}

fn main() {
    let mut world = World::governed();
    let digest = world.document(&schema());
    let secret = Secret([1; 32]);
    let mut person =
        Person { world, secret, entries: Vec::new(), items: Vec::new(), in_lists: Vec::new() };
    let act = SignedAct::unsigned(Act::FieldSchema(Published { digest }), at(BEGINNING_S));
    person.push(1, &Entry::Act(act));
    person.choose(9);
    for number in 0..DISCLOSURES {
        let day = number * DAYS / DISCLOSURES;
        person.disclose(day * ENTRIES_A_DAY + 1_000, BEGINNING_S + day * 86_400 + 50);
    }
    let accounts = Accounts::new();
    let others = (0..1_000).map(|n| (format!("other-{n}"), Digest(made_up("other", n))));
    let own = ("person-0".to_owned(), secret_commitment(&person.secret));
    let directory = accounts.publish(others.chain([own]));
    let (closes, newest) = closes(&person, directory);
    let bundle = bundle(person, &accounts, closes, newest);
    measure(&bundle);
}

fn closes(
    person: &Person,
    directory: countersign_protocol::entry::DirectoryRoot,
) -> (Vec<ShownClose>, (u64, Hash)) {
    let mut closes = Vec::new();
    let mut newest: Option<(u64, Hash)> = None;
    for period in 0..DAYS {
        let (from, until) = (period * ENTRIES_A_DAY, (period + 1) * ENTRIES_A_DAY);
        let items: Vec<Item> = person
            .in_lists
            .iter()
            .filter(|item| (from..until).contains(&item.index))
            .copied()
            .collect();
        let label = Label::of(&person.secret, period);
        let proof = proof(&label, &items, period);
        let (root, _) = proof.leads_to(&label).unwrap();
        let close = Close {
            directory,
            from,
            kind: CloseKind::Close,
            people: 1 << DEPTH,
            period,
            person_index: Digest(root),
            previous: newest.map(|(index, leaf)| PreviousClose { index, leaf: Digest(leaf) }),
            time: at(BEGINNING_S + (period + 1) * 86_400),
            until,
            v: ENTRY_VERSION,
        };
        let bytes = Entry::Close(close.clone()).to_bytes().unwrap();
        newest = Some((until, leaf_hash(&bytes)));
        closes.push(ShownClose {
            index: until,
            epoch: directory.epoch,
            directory: directory.root,
            people: close.people,
            person_index: close.person_index,
            time: close.time,
            until,
            shown: vec![ShownProof { secret: 0, proof: proof.to_bytes() }],
        });
    }
    (closes, newest.unwrap())
}

/// As deep as that of a million people, of presence or of absence.
fn proof(label: &Label, items: &[Item], period: u64) -> Proof {
    let sibling = |depth: u8| made_up("sibling", period * 256 + u64::from(depth));
    let steps = (0..DEPTH).map(|depth| Step { depth, sibling: sibling(depth) }).collect();
    let mut other = *label;
    other.0[31] ^= 1;
    let end = match items {
        [] => End::OtherLeaf(Leaf { label: other, list: made_up("list", period) }),
        items => End::Own { list: list_commitment(items) },
    };
    Proof { steps, end }
}

fn bundle(
    person: Person,
    accounts: &Accounts,
    closes: Vec<ShownClose>,
    newest: (u64, Hash),
) -> Bundle {
    let size = newest.0 + 1;
    let leaves = person.entries.iter().map(|entry| (entry.index, leaf_hash(&entry.bytes)));
    let leaves: Vec<(u64, Hash)> = leaves.chain([newest]).collect();
    let places: Vec<u64> = leaves.iter().map(|leaf| leaf.0).collect();
    let tree = Sparse { leaves };
    let root = root(&tree, size).unwrap();
    let checkpoint = Checkpoint { origin: log_key().name().to_owned(), size, root };
    let checkpoint = checkpoint.sign(&log_key(), |message| sign("log", message)).unwrap();
    let spoken_of = |bytes: &&Vec<u8>| {
        let digest = Digest(Sha256::digest(bytes).into()).to_string();
        person.entries.iter().any(|entry| String::from_utf8_lossy(&entry.bytes).contains(&digest))
    };
    Bundle {
        checkpoint: checkpoint.into_bytes(),
        account: "person-0".to_owned(),
        history: accounts.history("person-0"),
        vrf: accounts.publish(std::iter::empty()).vrf,
        secrets: vec![VersionedSecret { version: 1, secret: person.secret.clone() }],
        closes,
        searched: size,
        documents: person.world.documents.values().filter(spoken_of).cloned().collect(),
        proof: prove_shared(&tree, &places, size).unwrap(),
        entries: person.entries,
        items: person.items,
    }
}

fn measure(bundle: &Bundle) {
    let bytes = bundle.to_bytes();
    let key = log_key();
    let at = at(BEGINNING_S + DAYS * 86_400);
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            let (verdict, ledger) = check(&bytes, &Question::new(&key, at));
            let took = began.elapsed().as_secs_f64() * 1e3;
            assert!(verdict.holds(), "{:?}", verdict.failures);
            assert_eq!(ledger.unwrap().lines.len() as u64, DISCLOSURES + 1);
            took
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let floor = floor_ms();
    let median = times[RUNS / 2];
    println!("A ledger of {DAYS} closes over {} people, {} items", 1u64 << DEPTH, DISCLOSURES + 1);
    println!(
        "verified in {median:.1} ms; the hashes of its paths alone {floor:.1} ms; ratio {:.2}",
        median / floor
    );
    let shown: usize = bundle.closes.iter().map(|close| close.shown[0].proof.len() + 118).sum();
    let entries: usize = bundle.entries.iter().map(|entry| entry.bytes.len() + 12).sum();
    let items: usize = bundle.items.iter().map(|item| 76 + item.path.len() * 32).sum();
    println!(
        "{} bytes, {} a year: closes with their proofs {shown}, entries {entries}, items {items}, the shared proof {}",
        bytes.len(),
        bytes.len() as u64 * 365 / DAYS,
        bundle.proof.len() * 32
    );
}

/// The nodes of all index paths, hashed and nothing else.
fn floor_ms() -> f64 {
    let began = Instant::now();
    let mut hash = [0; 32];
    for _ in 0..DAYS * u64::from(DEPTH) {
        hash = node_hash(&hash, &[1; 32]);
        hash = Sha256::digest(hash).into();
    }
    assert_ne!(hash, [0; 32]);
    began.elapsed().as_secs_f64() * 1e3
}
