//! Whether the replica of the people store earns its place: what one answer reads, from the replica (a mapped image
//! and the people changed since, in memory) and from the tables of LMDB alone, about the same people in the same run.
//! Numbers of people are arguments; without any, they are 10,000 and 1,000,000. `cargo xtask bench store` runs it
//! optimised.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

// How a record lies in LMDB is the store's own affair; a measurement reads it by the same code.
#[allow(dead_code, unreachable_pub, reason = "a measurement reads, and changes nothing")]
#[path = "../../people/src/store/record.rs"]
mod record;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use countersign_demo::choices::mixed;
use countersign_demo::generate::{GenerateOptions, run};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{Handle, PairwiseId, Secret};
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_people::store::{People, Place, StoreOptions, View, open_environment};
use countersign_protocol::record::pairwise_id;
use countersign_service::people::progress::Progress;
use countersign_service::people::schema::{DEFAULT_SCHEMA, parse};
use heed::byteorder::BE;
use heed::types::{Bytes, Str, U32};
use heed::{CommitOrAbort, Env, RoTxn, WithTls};
use record::Record;

const SIZES: [u32; 2] = [10_000, 1_000_000];
const VIEWERS: u32 = 4_000;
const ROUNDS: usize = 5;
const FIELDS: [&str; 6] = ["name", "birthday", "hometown", "location", "work", "education"];

/// What is read of everybody in an answer.
struct Wanted {
    fields: FieldSet,
    /// Toward whom people are named and put in order, as an answer does; nobody: they are read alone.
    partner: Option<Identifier>,
}

/// What an answer read, to be compared and so that none of it is optimised away.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
struct Sum {
    people: u64,
    minors: u64,
    open_fields: u64,
    present_fields: u64,
    value_bytes: u64,
    secret_bits: u64,
}

impl Sum {
    fn add(&mut self, settings: Settings, present: FieldSet, is_minor: bool) {
        self.people += 1;
        self.minors += u64::from(is_minor);
        self.open_fields += settings.sets().iter().map(|set| set.len() as u64).sum::<u64>();
        self.present_fields += present.len() as u64;
    }
}

/// Who is in an answer, by place `P`, in the order of their ids.
fn named<P: Copy>(
    people: impl Iterator<Item = P>,
    wanted: &Wanted,
    sum: &mut Sum,
    secret_into: impl Fn(P, &mut Secret),
) -> Vec<(PairwiseId, P)> {
    let mut secret = Secret([0; 32]);
    let name = |person: P| {
        secret_into(person, &mut secret);
        sum.secret_bits += secret.0.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
        let id = wanted.partner.as_ref().map(|partner| pairwise_id(&secret, partner));
        (id.unwrap_or(PairwiseId([0; 16])), person)
    };
    let mut named: Vec<_> = people.map(name).collect();
    if wanted.partner.is_some() {
        named.sort_unstable_by_key(|(id, _)| *id);
    }
    named
}

/// One answer from the replica, as the source of stored people reads it.
fn from_replica(view: &View, viewer: Handle, wanted: &Wanted, body: &mut Vec<u8>) -> Sum {
    let mut sum = Sum::default();
    let viewer = view.place(view.number_of(viewer).unwrap()).unwrap();
    let friends = view.person_at(viewer).unwrap().friends().unwrap();
    let mut places = vec![viewer];
    places.extend(friends.map(|friend| view.place(friend).unwrap()));
    view.touch(places.iter().copied());
    let secret_into =
        |place: Place, secret: &mut Secret| view.person_at(place).unwrap().secret_into(secret);
    let named = named(places.into_iter(), wanted, &mut sum, secret_into);
    for (_, place) in &named {
        let person = view.person_at(*place).unwrap();
        sum.add(person.settings(), person.present(), person.is_minor());
    }
    for (_, place) in &named {
        let show = |_, value: &[u8]| body.extend_from_slice(value);
        view.person_at(*place).unwrap().values(wanted.fields, show);
    }
    sum.value_bytes = body.len() as u64;
    sum
}

/// The tables that an answer needs.
#[derive(Clone, Copy)]
struct Tables {
    accounts: heed::Database<'static, Str, U32<BE>>,
    people: heed::Database<'static, U32<BE>, Bytes>,
    friends: heed::Database<'static, U32<BE>, Bytes>,
}

impl Tables {
    fn open(env: &Env<WithTls>) -> Self {
        let opened = env.create_databases_and_commit(env.write_txn().unwrap(), |opener, txn| {
            let tables = (
                opener.create_database(txn, Some("accounts"))?,
                opener.create_database(txn, Some("people"))?,
                opener.create_database(txn, Some("friends"))?,
            );
            Ok::<_, heed::Error>(CommitOrAbort::Commit::<_, ()>(tables))
        });
        match opened.unwrap() {
            CommitOrAbort::Commit((accounts, people, friends)) => {
                Self { accounts, people, friends }
            }
            CommitOrAbort::Abort(()) => unreachable!("it commits"),
        }
    }
}

/// One answer from LMDB alone: a read transaction, and records where they lie in its map.
fn from_lmdb(
    tables: &Tables,
    txn: &RoTxn<'_>,
    viewer: &str,
    wanted: &Wanted,
    body: &mut Vec<u8>,
) -> Sum {
    let mut sum = Sum::default();
    let record = |number: u32| Record::parse(tables.people.get(txn, &number).unwrap().unwrap());
    let viewer = tables.accounts.get(txn, viewer).unwrap().unwrap();
    let friends = tables.friends.get(txn, &viewer).unwrap().unwrap_or_default();
    let (friends, _) = friends.as_chunks();
    let friends = friends.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let people = std::iter::once(viewer).chain(friends).map(|number| record(number).unwrap());
    let named = named(people, wanted, &mut sum, |record, secret| record.secret_into(secret));
    for (_, person) in &named {
        // Everybody has an id and a list of friends, which a record does not say.
        let present = person.present().with(FieldId::ID);
        let present = present.with(FieldId::FRIENDS);
        sum.add(person.settings(), present, person.is_minor());
    }
    for (_, person) in &named {
        person.values(wanted.fields, |_, value| body.extend_from_slice(value));
    }
    sum.value_bytes = body.len() as u64;
    sum
}

/// Microseconds an answer: all viewers once for the caches, and once more.
fn timed(count: usize, mut answer: impl FnMut(usize, &mut Vec<u8>) -> Sum) -> (f64, Vec<Sum>) {
    let mut body = Vec::with_capacity(1 << 20);
    let mut all = |sums: &mut Vec<Sum>| {
        for at in 0..count {
            body.clear();
            sums.push(answer(at, &mut body));
        }
    };
    all(&mut Vec::with_capacity(count));
    let mut sums = Vec::with_capacity(count);
    let began = Instant::now();
    all(&mut sums);
    (began.elapsed().as_secs_f64() * 1e6 / count as f64, sums)
}

/// Resident memory: anonymous and of files, in MiB.
fn resident() -> [u64; 2] {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    ["RssAnon:", "RssFile:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Makes a world; its friendships.
fn make(folder: &Path, people: u32) -> u64 {
    let store = People::open(folder, StoreOptions::default()).unwrap();
    let schema = parse(DEFAULT_SCHEMA).unwrap();
    let options = GenerateOptions {
        people,
        seed: 1,
        beginning: mixed(1),
        schema: &schema,
        now: Timestamp::from_seconds(1_000),
        progress: Progress::Hidden,
    };
    run(&store, &options).unwrap().friendships
}

/// Who asks: spread over everybody.
fn viewers(people: &People, count: u32) -> Vec<(Handle, String)> {
    let view = people.view();
    let asked =
        (0..VIEWERS.min(count)).map(|n| (u64::from(n) * 2_654_435_761 % u64::from(count)) as u32);
    let person = |number| view.person(number).unwrap();
    asked.map(|n| (person(n).handle(), person(n).account().unwrap().to_owned())).collect()
}

fn measure(folder: &Path, people: u32, wanted: &Wanted) -> usize {
    let (mut replica_us, mut lmdb_us, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let [mut replica_memory, mut lmdb_memory] = [[0; 2]; 2];
    let mut read = 0;
    for _ in 0..ROUNDS {
        let store = People::open(folder, StoreOptions::default()).unwrap();
        let viewers = viewers(&store, people);
        let (replica, expected) = timed(viewers.len(), |at, body| {
            let view: Arc<View> = store.view();
            from_replica(&view, viewers[at].0, wanted, body)
        });
        replica_memory = resident();
        drop(store);
        let env = open_environment(folder, 256 << 30).unwrap();
        let tables = Tables::open(&env);
        let (lmdb, found) = timed(viewers.len(), |at, body| {
            let txn = env.clone().static_read_txn().unwrap();
            from_lmdb(&tables, &txn, &viewers[at].1, wanted, body)
        });
        lmdb_memory = resident();
        assert_eq!(expected, found, "both ways read the same");
        read = expected.iter().map(|sum| sum.people as usize).sum::<usize>() / viewers.len();
        replica_us.push(replica);
        lmdb_us.push(lmdb);
        ratios.push(lmdb / replica);
    }
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = ratios.iter().copied().fold(0.0, f64::max);
    println!(
        "| {people} | {} | {read} | {:.0} | {:.0} | {:.2} ({least:.2}–{greatest:.2}) | {} + {} | {} + {} |",
        if wanted.partner.is_some() { "named and in order" } else { "read" },
        median(replica_us),
        median(lmdb_us),
        median(ratios),
        replica_memory[0],
        replica_memory[1],
        lmdb_memory[0],
        lmdb_memory[1],
    );
    read
}

fn main() {
    let sizes: Vec<u32> = std::env::args().skip(1).map(|size| size.parse().unwrap()).collect();
    let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    let schema = parse(DEFAULT_SCHEMA).unwrap();
    let fields: FieldSet = FIELDS.iter().map(|name| schema.by_name(name).unwrap()).collect();
    println!(
        "| people | an answer's people are | people/answer | replica, µs | LMDB alone, µs | ratio | memory, anonymous + of files, MiB: replica | LMDB |"
    );
    println!("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for people in sizes {
        let folder = tempfile::tempdir().unwrap();
        let friendships = make(folder.path(), people);
        for partner in [None, Some(Identifier::parse("aurora").unwrap())] {
            measure(folder.path(), people, &Wanted { fields, partner });
        }
        let bytes = fs::metadata(folder.path().join("data.mdb")).unwrap().len();
        println!("{people} people, {friendships} friendships, {} MiB in LMDB", bytes >> 20);
    }
}
