//! The static site: complete, checkable, and made again from the stream.

use std::time::{Duration, Instant};

use countersign_log::Log;
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::{Keep, Memory};
use countersign_log::backend::posix::Posix;
use countersign_log::check::check;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::{
    leaf_hash, prove_consistency, prove_inclusion, root, verify_consistency, verify_inclusion,
};
use countersign_protocol::tile::{TilePath, TileReader, TileSource};

use crate::support::{ORIGIN, Setup, block_on, disclose};

/// The site as an outsider reads it.
struct Site<'a>(&'a Memory);

impl TileSource for Site<'_> {
    type Error = String;

    fn tile(&self, path: &TilePath) -> Result<Vec<u8>, String> {
        let bytes = self.0.read(&format!("log/{path}")).map_err(|error| error.to_string())?;
        bytes.ok_or_else(|| "no such file".to_owned())
    }
}

fn published(setup: &Setup, memory: &Memory) -> Checkpoint {
    let bytes = memory.read("log/checkpoint").unwrap().unwrap();
    Checkpoint::open(&bytes, ORIGIN, &setup.signer.note_key()).unwrap()
}

/// Disclosures until the log has so many entries.
fn fill(log: &Log, size: u64) {
    block_on(async {
        while log.head() < size {
            let left = size - log.head();
            let all = (0..left.min(50)).map(|_| {
                let log = log.clone();
                async move { disclose(&log, 1).await.unwrap() }
            });
            let local = tokio::task::LocalSet::new();
            let tasks: Vec<_> = all.map(|task| local.spawn_local(task)).collect();
            local.await;
            drop(tasks);
        }
    });
}

fn assert_site_is_whole(setup: &Setup, memory: &Memory, size: u64) {
    let checkpoint = published(setup, memory);
    assert_eq!(checkpoint.size, size);
    let reader = TileReader::new(Site(memory), size);
    assert_eq!(root(&reader, size), Ok(checkpoint.root));
    for index in [0, size / 2, size - 1] {
        let leaf = leaf_hash(&reader.entry(index).unwrap());
        let proof = prove_inclusion(&reader, index, size).unwrap();
        assert_eq!(verify_inclusion(&leaf, index, size, &proof, &checkpoint.root), Ok(()));
        let proof = prove_consistency(&reader, index + 1, size).unwrap();
        let earlier = root(&reader, index + 1).unwrap();
        let verified = verify_consistency(index + 1, size, &earlier, &checkpoint.root, &proof);
        assert_eq!(verified, Ok(()));
    }
}

#[test]
fn the_site_has_the_tree_at_every_checkpoint() {
    let (setup, memory) = (Setup::lazy(), Memory::new());
    setup.found(&memory).shutdown();
    for size in [4, 255, 256, 257, 511, 520] {
        let (log, _) = setup.open(&memory).unwrap();
        fill(&log, size);
        log.shutdown();
        assert_site_is_whole(&setup, &memory, size);
    }
    let files = memory.files();
    let under = |folder: &str| files.iter().filter(|file| file.starts_with(folder)).count();
    assert_eq!(under("log/tile/0/000.p/") + under("log/tile/entries/001.p/"), 0);
    assert_eq!(under("log/documents/"), 1);
}

#[test]
fn the_first_checkpoint_is_signed_at_once() {
    let (setup, memory) = (Setup::lazy(), Memory::new());
    let (log, _) = setup.open(&memory).unwrap();
    let patience = Instant::now() + Duration::from_secs(10);
    while log.metrics().checkpoint_seconds == 0 && Instant::now() < patience {
        std::thread::yield_now();
    }
    assert_eq!(published(&setup, &memory).size, 0);
}

#[test]
fn a_site_that_is_gone_is_made_again() {
    let (setup, memory) = (Setup::lazy(), Memory::new());
    let log = setup.found(&memory);
    fill(&log, 600);
    log.shutdown();
    let before: Vec<_> = memory.files();
    memory.forget("log");
    let (log, _) = setup.open(&memory).unwrap();
    log.shutdown();
    assert_site_is_whole(&setup, &memory, 600);
    let left: Vec<_> = before.iter().filter(|file| !memory.files().contains(file)).collect();
    // Partial tiles of earlier checkpoints, whose full ones are there, do not come back.
    assert!(left.iter().all(|file| file.contains(".p/")), "{left:?}");
    assert_eq!(check(&memory, ORIGIN, &setup.signer.note_key()).findings, []);
}

#[test]
fn a_tile_that_is_lost_or_cut_off_is_written_again() {
    let (setup, memory) = (Setup::lazy(), Memory::new());
    let log = setup.found(&memory);
    fill(&log, 600);
    log.shutdown();
    let key = setup.signer.note_key();
    for file in ["log/tile/0/000", "log/tile/entries/001", "log/tile/1/000.p/2"] {
        memory.forget(file);
        let report = check(&memory, ORIGIN, &key);
        let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert!(finding.file == file && finding.what.contains("restart"), "{finding}");
        assert!(report.is_stream_sound());
        setup.open(&memory).unwrap().0.shutdown();
        assert_eq!(check(&memory, ORIGIN, &key).findings, [], "{file}");
    }
    memory.tamper("log/tile/0/001", |bytes| bytes.truncate(100));
    setup.open(&memory).unwrap().0.shutdown();
    assert_eq!(check(&memory, ORIGIN, &key).findings, []);
    assert_site_is_whole(&setup, &memory, 600);
    // One that is whole is left as it is: opening does not write the site again.
    let before = memory.calls().len();
    setup.open(&memory).unwrap().0.shutdown();
    let full = memory
        .calls()
        .split_off(before)
        .into_iter()
        .filter(|call| call.path.starts_with("log/tile/") && !call.path.contains(".p"));
    assert_eq!(full.collect::<Vec<_>>(), []);
}

#[test]
fn a_changed_byte_of_any_file_is_found_and_named() {
    let (setup, memory) = (Setup::lazy(), Memory::new());
    let log = setup.found(&memory);
    fill(&log, 300);
    log.shutdown();
    let key = setup.signer.note_key();
    let report = check(&memory, ORIGIN, &key);
    assert_eq!((report.acts, report.disclosures, report.checkpoint_size), (3, 297, 300));
    assert_eq!(report.findings, []);
    let files = memory.files();
    assert!(files.len() > 8, "{files:?}");
    for file in files {
        // What is left of earlier checkpoints is not part of this tree.
        if file.ends_with(".p/3") || file.ends_with("lock") {
            continue;
        }
        let copy = memory.crash(Keep::Everything);
        copy.tamper(&file, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
        let findings = check(&copy, ORIGIN, &key).findings;
        assert!(findings.iter().any(|finding| finding.file == file), "{file}: {findings:?}");
    }
}

#[test]
fn the_posix_backend_keeps_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, posix) = (Setup::eager(), Posix::new(folder.path()));
    let log = setup.found(&posix);
    fill(&log, 260);
    log.shutdown();
    let (log, recovered) = setup.open(&posix).unwrap();
    assert_eq!((recovered.entries, recovered.torn_bytes), (260, 0));
    assert_eq!(recovered.checkpoint_size, 260);
    fill(&log, 270);
    log.shutdown();
    let report = check(&posix, ORIGIN, &setup.signer.note_key());
    assert_eq!((report.findings, report.checkpoint_size), (vec![], 270));
    assert!(folder.path().join("log/tile/0/000").exists());
    assert!(folder.path().join("log/tile/1/000.p/1").exists());
}
