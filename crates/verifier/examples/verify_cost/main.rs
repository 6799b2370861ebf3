//! What it costs to verify a million entries, from the start and with what an earlier check kept, beside what no
//! check can do without: reading the files, hashing leaves and nodes, and verifying the signatures under acts,
//! timed alone in the same run. And how fast a log grows. `cargo xtask bench verify` runs it optimised; an argument
//! is another number of entries.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![expect(clippy::indexing_slicing, reason = "the same: an index that is not there ends it")]

mod growth;
mod site;
mod world;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign_domain::time::Timestamp;
use countersign_fixtures::documents::BEGINNING_S;
use countersign_fixtures::keys::{public_key, sign};
use countersign_fixtures::world::log_key;
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::{leaf_hash, root_of_leaves};
use countersign_protocol::replay::verify;
use countersign_protocol::site_path::{BUNDLE_BYTES_MAX, HASHES_BYTES_MAX};
use countersign_protocol::tile::{TileKind, parse_entries, paths};
use countersign_verifier::log_check::{LogCheck, Question, check_log};
use countersign_verifier::site::{FolderSite, Site as _};
use countersign_verifier::state::State;
use world::{ANSWERS_PER_S, PARTNERS, World};

const ENTRIES: u64 = 1_000_000;
/// The part of the log that is new to the check with state: one in so many.
const NEW_PART: u64 = 100;

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

fn check(folder: &Path, size: u64, state: Option<&State>) -> LogCheck {
    let key = log_key();
    let now = Timestamp::from_seconds(BEGINNING_S + size / ANSWERS_PER_S);
    let question = Question { state, ..Question::new(&key, now) };
    let check = check_log(&FolderSite::new(folder), &question, |_| ()).unwrap();
    assert_eq!(check.verdict.failures, [], "it measures the check of a log that holds");
    assert_eq!((check.verdict.size, check.state.size()), (size, size));
    check
}

/// The parts of a check, each alone.
struct Floor {
    read: Duration,
    hash: Duration,
    signatures: Duration,
    parse: Duration,
}

fn floor(folder: &Path, size: u64, signatures: u64) -> Floor {
    let site = FolderSite::new(folder);
    let read_all = || {
        let read = |path: &countersign_protocol::tile::TilePath| {
            site.read(&path.to_string(), BUNDLE_BYTES_MAX.max(HASHES_BYTES_MAX)).unwrap().unwrap()
        };
        paths(size)
            .filter_map(|path| {
                let bytes = read(&path);
                (path.kind == TileKind::Entries).then_some((path.width, bytes))
            })
            .collect::<Vec<_>>()
    };
    let (bundles, read) = timed(read_all);
    let entries =
        || bundles.iter().flat_map(|(width, bytes)| parse_entries(bytes, *width).unwrap());
    let (_, hash) = timed(|| black_box(root_of_leaves(entries().map(leaf_hash))));
    let ((), parse) = timed(|| entries().for_each(|entry| drop(black_box(Entry::parse(entry)))));
    let (key, message) = (public_key("root"), [7; 300]);
    let signature = sign("root", &message);
    let ((), signatures) = timed(|| {
        (0..signatures).for_each(|_| assert!(black_box(verify(&key, &message, &signature))))
    });
    Floor { read, hash, signatures, parse }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn row(what: &str, time: Duration, per: u64) {
    println!(
        "{what:52} {:>9.0} ms {:>8.2} µs/entry",
        ms(time),
        time.as_secs_f64() * 1e6 / per as f64
    );
}

fn main() {
    let entries = std::env::args().nth(1).map_or(ENTRIES, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::governed(folder.path());
    let before = entries - entries / NEW_PART;
    while world.site.size() < before {
        world.go_on();
    }
    world.site.publish();
    let before = world.site.size();
    let (kept, _) = timed(|| check(folder.path(), before, None).state);
    while world.site.size() < entries {
        world.go_on();
    }
    world.site.publish();
    let size = world.site.size();
    let floor = floor(folder.path(), size, world.signatures);
    let (from_start, whole) = timed(|| check(folder.path(), size, None));
    let key = log_key();
    let bytes = kept.to_bytes().unwrap();
    let (kept, loaded) = timed(|| State::from_bytes(&bytes, &key).unwrap());
    let (with_state, rest) = timed(|| check(folder.path(), size, Some(&kept)));
    let found = |check: &LogCheck| (check.verdict.acts, check.verdict.disclosures);
    assert_eq!(found(&with_state), found(&from_start));
    let (_, nothing) = timed(|| check(folder.path(), size, Some(&with_state.state)));

    let (acts, disclosures) = found(&from_start);
    let act_bytes = world.act_bytes as f64 / world.acts as f64;
    let disclosure_bytes = (world.site.entry_bytes - world.act_bytes) as f64 / disclosures as f64;
    println!(
        "A log of {size} entries: {acts} acts under {} signatures, {PARTNERS} partners, {disclosures} disclosures; one thread",
        world.signatures
    );
    println!("an act has {act_bytes:.0} bytes, a disclosure {disclosure_bytes:.0}, on average\n");
    let sum = floor.read + floor.hash + floor.signatures;
    row("floor: read every file", floor.read, size);
    row("floor: hash leaves and nodes", floor.hash, size);
    row("floor: verify the signatures under acts", floor.signatures, size);
    row("floor, together", sum, size);
    row("for comparison: read every entry in its one spelling", floor.parse, size);
    row("the check, from the start", whole, size);
    println!("{:52} {:>9.2}\n", "ratio to the floor", ms(whole) / ms(sum));
    let new = size - before;
    row(
        &format!("state: read {} KiB and make the register again", bytes.len() / 1024),
        loaded,
        new,
    );
    row(&format!("the check of the {new} entries that are new"), rest, new);
    println!(
        "{:52} {:>9.1}",
        "from the start / with state, reading it included",
        ms(whole) / ms(loaded + rest)
    );
    row("the check when nothing is new", nothing, 1);
    println!(
        "\nThe site of a log, a day (one checkpoint a second, every partial file with each; the annex is not public)"
    );
    for answers_per_s in [100, 2_000] {
        let day = growth::day(answers_per_s, disclosure_bytes);
        let gib = |bytes: f64| bytes / f64::from(1 << 30);
        println!(
            "{answers_per_s:>5} answers/s: {:>6.2} GiB of entries, {:>5.2} GiB of hash tiles, {:>7.2} GiB written in all",
            gib(day.entries),
            gib(day.hashes),
            gib(day.written),
        );
    }
}
