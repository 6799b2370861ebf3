//! One byte of one public file is changed: the check finds it and names the file, and no other one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_verifier::verdict::{Rule, Verdict};
use proptest::prelude::*;

use crate::verify_world::{World, verdict};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

fn named(verdict: &Verdict) -> BTreeSet<String> {
    verdict.failures.iter().filter_map(|failure| failure.file.clone()).collect()
}

/// Flips bits at these places of one file, one place after the other.
fn check_flips(folder: &Path, path: &Path, places: &[usize]) {
    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    let bytes = fs::read(path).unwrap();
    for place in places.iter().filter(|place| **place < bytes.len()) {
        for bit in [0, 5, 7] {
            let mut changed = bytes.clone();
            changed[*place] ^= 1 << bit;
            fs::write(path, &changed).unwrap();
            let verdict = verdict(folder);
            assert!(!verdict.holds(), "{name}: byte {place}, bit {bit}");
            assert_eq!(named(&verdict), BTreeSet::from([name.clone()]), "byte {place}, bit {bit}");
        }
    }
    fs::write(path, bytes).unwrap();
}

fn world_of(size: u64) -> World {
    let mut world = World::governed();
    while world.size() < size {
        world.disclose(|_| {});
    }
    world
}

fn check_every_file(size: u64) {
    let folder = tempfile::tempdir().unwrap();
    world_of(size).publish(folder.path());
    assert_eq!(verdict(folder.path()).failures, []);
    let mut all = Vec::new();
    files(folder.path(), &mut all);
    for path in all {
        let length = fs::metadata(&path).unwrap().len() as usize;
        check_flips(folder.path(), &path, &[0, 1, 2, length / 2, length - 2, length - 1]);
    }
    assert_eq!(verdict(folder.path()).failures, []);
}

#[test]
fn a_changed_byte_is_found_in_every_file_of_a_small_log() {
    check_every_file(9);
}

#[test]
fn a_changed_byte_is_found_in_every_file_of_a_log_with_full_and_partial_tiles() {
    check_every_file(256 + 30);
}

#[test]
fn a_changed_byte_is_found_in_every_file_of_a_log_with_full_tiles_only() {
    check_every_file(256);
}

#[test]
fn older_partial_tiles_that_are_still_there_are_compared_too() {
    let folder = tempfile::tempdir().unwrap();
    for size in [9, 200, 256, 280, 300] {
        world_of(size).publish(folder.path());
    }
    assert_eq!(verdict(folder.path()).failures, []);
    let mut all = Vec::new();
    files(folder.path(), &mut all);
    let partial = |path: &PathBuf| path.to_str().unwrap().contains(".p/");
    assert!(all.iter().filter(|path| partial(path)).count() > 8);
    for path in all.iter().filter(|path| partial(path)) {
        check_flips(folder.path(), path, &[3, 40]);
    }
}

#[test]
fn a_full_tile_serves_where_the_partial_one_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let world = world_of(256);
    world.publish(folder.path());
    let mut shorter = world;
    shorter.entries.truncate(200);
    fs::write(folder.path().join("checkpoint"), shorter.checkpoint()).unwrap();
    let verdict = verdict(folder.path());
    assert_eq!((verdict.failures.len(), verdict.size), (0, 200), "{:#?}", verdict.failures);
}

/// Tiles on three levels. What the entries say does not matter here, so they say nothing.
#[test]
fn a_changed_byte_is_found_on_every_level_of_a_large_tree() {
    let mut world = World::empty();
    world.entries = (0..65_536_u32 + 256 + 7).map(|n| n.to_be_bytes().to_vec()).collect();
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    assert_eq!(named(&verdict(folder.path())), BTreeSet::new());
    for file in [
        "tile/0/003",
        "tile/0/256",
        "tile/0/257.p/7",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
        "tile/entries/256",
    ] {
        let path = folder.path().join(file);
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() - 1] ^= 1;
        fs::write(&path, changed).unwrap();
        let verdict = verdict(folder.path());
        let tree = |rule: Rule| matches!(rule, Rule::HashTile | Rule::EntryBundle);
        let blamed: BTreeSet<_> = verdict
            .failures
            .iter()
            .filter(|f| tree(f.rule))
            .filter_map(|f| f.file.clone())
            .collect();
        let failed: u64 = verdict
            .rules
            .iter()
            .filter(|(rule, _)| tree(**rule))
            .map(|(_, tally)| tally.failed)
            .sum();
        assert_eq!(failed, 1, "{file}");
        assert!(blamed.is_empty() || blamed == BTreeSet::from([file.to_owned()]), "{blamed:?}");
        fs::write(&path, bytes).unwrap();
    }
}

/// Entries, hash tiles and all above them rebuilt over other entries, under the old checkpoint.
#[test]
fn a_whole_tree_under_another_root_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world_of(300);
    let checkpoint = world.checkpoint();
    world.entries[20] = world.entries[0].clone();
    world.publish(folder.path());
    fs::write(folder.path().join("checkpoint"), checkpoint).unwrap();
    let verdict = verdict(folder.path());
    assert_eq!(verdict.rules[&Rule::Root].failed, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn property_any_changed_byte_of_any_file_is_found(
        size in 8_u64..40, which: prop::sample::Index, at: prop::sample::Index, bit in 0_u8..8,
    ) {
        let folder = tempfile::tempdir().unwrap();
        world_of(size).publish(folder.path());
        let mut all = Vec::new();
        files(folder.path(), &mut all);
        let path = which.get(&all);
        let mut bytes = fs::read(path).unwrap();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        fs::write(path, bytes).unwrap();
        let name = path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
        // A digest in an act that was changed names a document that never was; it is missing, and named too.
        let mut named = named(&verdict(folder.path()));
        named.retain(|file| folder.path().join(file).exists());
        prop_assert_eq!(named, BTreeSet::from([name]));
    }
}
