//! What the directory of accounts costs, beside the person index of the same people in the same run: inserting
//! them, the memory and the disk that takes, one account's proof, and that it only grew. `cargo xtask bench close`
//! runs it optimised.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::time::{Duration, Instant};

use countersign_domain::person::Secret;
use countersign_domain::settings::Settings;
use countersign_people::account_directory::AccountDirectory;
use countersign_people::keys::SecretKey;
use countersign_people::store::{People, StoreOptions};
use countersign_protocol::directory::verify_history;
use countersign_protocol::person_index::{IndexBuilder, Item, Label, Leaf, list_commitment};

/// A tenth of what the close is measured over: the library needs minutes for the rest.
const PEOPLE: u32 = 100_000;
const PROVED: u32 = 200;

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

/// The index of these people with four items each, from their secrets on.
fn index(secrets: &[Secret]) -> [u8; 32] {
    let items = [1, 2, 3, 4].map(|index| Item { index, position: 0, commitment: [7; 32] });
    let leaf = |secret| Leaf { label: Label::of(secret, 0), list: list_commitment(&items) };
    let mut leaves: Vec<Leaf> = secrets.iter().map(leaf).collect();
    leaves.sort_unstable_by_key(|leaf| leaf.label);
    let mut builder = IndexBuilder::new();
    leaves.into_iter().for_each(|leaf| builder.push(leaf).unwrap());
    builder.root()
}

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(&folder.path().join("people"), StoreOptions::default()).unwrap();
    let accounts: Vec<String> = (0..PEOPLE).map(|number| format!("person-{number}")).collect();
    people.enrol(accounts.iter().map(String::as_str), Settings::DEFAULT).unwrap();
    let secrets: Vec<Secret> =
        (0..PEOPLE).map(|n| Secret([n.to_be_bytes(); 8].concat().try_into().unwrap())).collect();
    let (root, of_index) = timed(|| index(&secrets));
    assert_ne!(root, [0; 32]);

    let place = folder.path().join("directory");
    let directory = AccountDirectory::open(&place, &SecretKey::generate().unwrap()).unwrap();
    let before_mib = peak_mib();
    let view = people.view();
    let (root, of_directory) = timed(|| directory.publish(&view, 0).unwrap());
    let after_mib = peak_mib();
    let (_, nothing_new) = timed(|| directory.publish(&view, 0).unwrap());
    let bytes = std::fs::metadata(place.join("data.mdb")).unwrap().len();

    let some = accounts.iter().step_by((PEOPLE / PROVED) as usize);
    let prove =
        || some.clone().map(|one| (one, directory.history(one).unwrap().unwrap().proof)).collect();
    let (proofs, proving): (Vec<_>, _) = timed(prove);
    let verify =
        || proofs.iter().for_each(|(one, proof)| drop(verify_history(one, proof, &root).unwrap()));
    let ((), verifying) = timed(verify);
    let proof_bytes = proofs.iter().map(|(_, proof)| proof.len()).sum::<usize>() / proofs.len();

    let (growth, growing) = timed(|| directory.growth(0).unwrap().unwrap());
    let (last, since_last) = timed(|| directory.growth(root.epoch - 1).unwrap().unwrap());
    let (roots, checking) = timed(|| growth.roots().unwrap());
    assert_eq!(roots.last(), Some(&root.root));
    let [growth_bytes, last_bytes] = [growth, last].map(|growth| growth.to_bytes().len());

    println!("The directory of {PEOPLE} accounts, in {} epochs", root.epoch);
    println!(
        "{:.1} s, {:.0} accounts/s; the person index of the same people {:.3} s; ratio {:.0}",
        of_directory.as_secs_f64(),
        f64::from(PEOPLE) / of_directory.as_secs_f64(),
        of_index.as_secs_f64(),
        of_directory.as_secs_f64() / of_index.as_secs_f64()
    );
    println!("a close with nobody new: {:.0} ms", nothing_new.as_secs_f64() * 1e3);
    println!(
        "memory at most: {before_mib} MiB before, {after_mib} MiB with it; {} bytes on disk for each",
        bytes / u64::from(PEOPLE)
    );
    println!(
        "an account's history: {proof_bytes} bytes, proved in {:.0} µs, verified in {:.0} µs",
        proving.as_secs_f64() * 1e6 / f64::from(PROVED),
        verifying.as_secs_f64() * 1e6 / f64::from(PROVED)
    );
    println!(
        "its growth: {:.1} MB, proved in {:.1} s and checked in {:.1} s; of the last epoch {:.1} MB in {:.1} s",
        growth_bytes as f64 / 1e6,
        growing.as_secs_f64(),
        checking.as_secs_f64(),
        last_bytes as f64 / 1e6,
        since_last.as_secs_f64()
    );
}
