//! What is put on the site of what witnesses cosigned, while the log goes on publishing.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::time::Timestamp;
use countersign_log::Log;
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::Memory;
use countersign_log::signer::{Signer as _, SoftwareSigner};
use countersign_log::witness::front::{FrontError, Published, WITNESSED_CHECKPOINT};
use countersign_protocol::archive;
use countersign_protocol::cosignature::cosign;
use countersign_protocol::cosigned::Cosigned;
use countersign_protocol::merkle::verify_consistency;
use countersign_protocol::witness_policy::{Policy, Quorum, QuorumTimes};

use crate::memory_site::verified;
use crate::support::{Setup, block_on, disclose};
use crate::witness::{TIME, witness_key};

const CHECKPOINT: &str = "log/checkpoint";
const ARCHIVE: &str = "log/witnessed/2027-01-15T08";

fn policy() -> Policy {
    let (one, two) = (witness_key(1), witness_key(2));
    let text = format!("witness a {one}\nwitness b {two}\ngroup g all a b\nquorum g\n");
    Policy::parse(text.as_bytes()).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn line(seed: u8, published: &Published, time_s: u64) -> Vec<u8> {
    let signer = SoftwareSigner::from_seed(&[seed; 32]);
    let sign = |message: &[u8]| signer.sign(message);
    cosign(&published.checkpoint, time_s, &witness_key(seed), sign).unwrap().into_bytes()
}

/// The note with the lines of these witnesses.
fn note(published: &Published, by: &[u8], time_s: u64) -> Vec<u8> {
    let lines = by.iter().map(|seed| line(*seed, published, time_s));
    lines.fold(published.note.clone(), |note, line| [note, line].concat())
}

/// The newest published checkpoint, once it has the whole log.
fn newest(log: &Log) -> Arc<Published> {
    let head = log.head();
    let mut published = log.published();
    block_on(async move {
        let is_newest = |shown: &Option<Arc<Published>>| {
            shown.as_ref().is_some_and(|s| s.checkpoint.size == head)
        };
        published.wait_for(is_newest).await.unwrap().clone().unwrap()
    })
}

fn read(memory: &Memory, file: &str) -> Option<Vec<u8>> {
    memory.read(file).unwrap()
}

fn met_at(seconds: u64) -> Quorum {
    Quorum::Met(QuorumTimes { earliest: at(seconds), latest: at(seconds) })
}

#[test]
fn cosignatures_stand_beside_the_checkpoint_that_they_are_of_and_no_other() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let key = setup.signer.note_key();
    let first = newest(&log);
    assert_eq!(
        log.cosigned(&note(&first, &[1], TIME), &policy(), at(TIME)).unwrap(),
        Quorum::NotMet
    );
    assert_eq!(read(&memory, CHECKPOINT), Some(note(&first, &[1], TIME)));
    assert_eq!(read(&memory, WITNESSED_CHECKPOINT), None);
    assert_eq!(log.witnessed_size(), 0);
    drop(block_on(disclose(&log, 2)).unwrap());
    let second = newest(&log);
    assert_eq!(read(&memory, CHECKPOINT), Some(second.note.clone()));
    // The quorum of the first is met when the second is out.
    let met = log.cosigned(&note(&first, &[1, 2], TIME), &policy(), at(TIME)).unwrap();
    assert_eq!(met, met_at(TIME));
    assert_eq!(read(&memory, CHECKPOINT), Some(second.note.clone()), "an older one was put back");
    let witnessed = read(&memory, WITNESSED_CHECKPOINT).unwrap();
    let opened = Cosigned::open(&witnessed, &key, &policy()).unwrap();
    assert_eq!((&opened.checkpoint, opened.quorum.is_met()), (&first.checkpoint, true));
    assert_eq!(log.witnessed_size(), first.checkpoint.size);
    log.cosigned(&note(&second, &[2, 1], TIME + 1), &policy(), at(TIME + 1)).unwrap();
    assert_eq!(read(&memory, CHECKPOINT), Some(note(&second, &[2, 1], TIME + 1)));
    // One that comes late does not take the place of a newer one.
    log.cosigned(&note(&first, &[1, 2], TIME), &policy(), at(TIME)).unwrap();
    assert_eq!(read(&memory, WITNESSED_CHECKPOINT), Some(note(&second, &[2, 1], TIME + 1)));
    assert_eq!(log.witnessed_size(), second.checkpoint.size);
    log.shutdown();
    verified(&memory, &key);
    let (log, _) = setup.open(&memory).unwrap();
    log.shutdown();
}

#[test]
fn a_quiet_log_that_is_cosigned_anew_shows_the_newest_times_whatever_comes_late() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let published = newest(&log);
    let [old, new] = [TIME, TIME + 60].map(|time| note(&published, &[1, 2], time));
    for (given, shown) in [(&old, &old), (&new, &new), (&old, &new)] {
        assert!(log.cosigned(given, &policy(), at(TIME + 60)).unwrap().is_met());
        assert_eq!(read(&memory, WITNESSED_CHECKPOINT).as_ref(), Some(shown));
    }
    log.shutdown();
}

#[test]
fn what_does_not_hold_is_written_nowhere() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let published = newest(&log);
    let before = read(&memory, CHECKPOINT);
    let mut forged = published.as_ref().clone();
    forged.checkpoint.size += 1;
    let forged_line = [published.note.clone(), line(1, &forged, TIME)].concat();
    let foreign = String::from_utf8(note(&published, &[1, 2], TIME)).unwrap();
    let foreign = foreign.replacen(&published.checkpoint.origin, "log.example/other", 1);
    for bytes in [forged_line, foreign.into_bytes(), line(1, &published, TIME)] {
        let refused = log.cosigned(&bytes, &policy(), at(TIME));
        assert!(matches!(refused, Err(FrontError::Cosigned(_))), "{refused:?}");
    }
    assert_eq!(read(&memory, CHECKPOINT), before);
    assert_eq!(read(&memory, WITNESSED_CHECKPOINT), None);
}

#[test]
fn about_one_a_minute_is_archived_across_restarts_and_hours() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let mut log = setup.found(&memory);
    let mut expected = Vec::new();
    for second in [0, 10, 49, 50, 60, 110] {
        drop(block_on(disclose(&log, 1)).unwrap());
        let note = note(&newest(&log), &[1, 2], TIME + second);
        log.cosigned(&note, &policy(), at(TIME + second)).unwrap();
        if [0, 50, 110].contains(&second) {
            expected.push(note);
        }
    }
    log.shutdown();
    (log, _) = setup.open(&memory).unwrap();
    let again = note(&newest(&log), &[1, 2], TIME + 170);
    log.cosigned(&again, &policy(), at(TIME + 170)).unwrap();
    expected.push(again);
    let file = read(&memory, ARCHIVE).unwrap();
    assert_eq!(archive::notes(&file).unwrap(), expected);
    let read_back = archive::parse(&file, &setup.signer.note_key(), &policy()).unwrap();
    let times: Vec<_> = read_back.iter().map(|one| one.quorum).collect();
    assert_eq!(times, [0, 50, 110, 170].map(|second| met_at(TIME + second)));
    let next = note(&newest(&log), &[1, 2], TIME + 3_600);
    log.cosigned(&next, &policy(), at(TIME + 3_600)).unwrap();
    assert_eq!(read(&memory, "log/witnessed/2027-01-15T09"), Some([&next[..], b"\n"].concat()));
    assert_eq!(read(&memory, ARCHIVE), Some(file));
}

#[test]
fn an_archive_that_somebody_broke_is_left_as_it_is_and_named() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let published = newest(&log);
    log.cosigned(&note(&published, &[1, 2], TIME), &policy(), at(TIME)).unwrap();
    log.shutdown();
    memory.tamper(ARCHIVE, |bytes| bytes.truncate(30));
    let broken = read(&memory, ARCHIVE);
    let (log, _) = setup.open(&memory).unwrap();
    let refused = log.cosigned(&note(&published, &[1, 2], TIME), &policy(), at(TIME));
    assert!(matches!(refused, Err(FrontError::Archive { .. })), "{refused:?}");
    assert_eq!(read(&memory, ARCHIVE), broken);
    // The answers that wait do not wait for the archive.
    assert_eq!(log.witnessed_size(), published.checkpoint.size);
}

#[test]
fn a_disk_that_fails_is_named_and_what_is_not_on_the_site_is_not_witnessed() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let published = newest(&log);
    let cosigned = || log.cosigned(&note(&published, &[1, 2], TIME), &policy(), at(TIME));
    memory.set_broken(Some("log"));
    let refused = cosigned();
    assert!(matches!(refused, Err(FrontError::Io { .. })), "{refused:?}");
    assert_eq!(log.witnessed_size(), 0);
    memory.set_broken(Some("log/witnessed"));
    let refused = cosigned();
    let named = |file: &str| file == ARCHIVE;
    assert!(matches!(&refused, Err(FrontError::Io { file, .. }) if named(file)), "{refused:?}");
    assert_eq!(log.witnessed_size(), published.checkpoint.size);
    memory.set_broken(None);
    // What could not be archived is not tried at once again, and is later.
    cosigned().unwrap();
    assert_eq!(read(&memory, ARCHIVE), None);
    log.cosigned(&note(&published, &[1, 2], TIME), &policy(), at(TIME + 60)).unwrap();
    assert_eq!(
        read(&memory, ARCHIVE),
        Some([&note(&published, &[1, 2], TIME)[..], b"\n"].concat())
    );
}

#[test]
fn whoever_waits_for_witnesses_is_counted_and_goes_on_when_they_have_spoken() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let released = block_on(disclose(&log, 2)).unwrap();
    let index = released.placed().index;
    let (published, waiting) = (newest(&log), log.waiting_for_witnesses());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let pause = Duration::from_millis(20);
        assert!(tokio::time::timeout(pause, log.wait_witnessed(index)).await.is_err());
        assert_eq!(*waiting.borrow(), 0, "whoever gave up still counts");
        let wait = log.wait_witnessed(index);
        let cosigned = async {
            tokio::time::sleep(pause).await;
            assert_eq!(*waiting.borrow(), 1);
            log.cosigned(&note(&published, &[1], TIME), &policy(), at(TIME)).unwrap();
            tokio::time::sleep(pause).await;
            assert_eq!(*waiting.borrow(), 1, "one witness is no quorum");
            log.cosigned(&note(&published, &[1, 2], TIME), &policy(), at(TIME)).unwrap();
        };
        tokio::join!(wait, cosigned);
        assert_eq!(*waiting.borrow(), 0);
    });
}

#[test]
fn proofs_are_made_from_the_published_tiles_between_any_two_sizes() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let mut seen = vec![newest(&log)];
    for _ in 0..12 {
        drop(block_on(disclose(&log, 1)).unwrap());
        seen.push(newest(&log));
    }
    for (place, later) in seen.iter().enumerate() {
        for earlier in &seen[..=place] {
            let (from, size) = (earlier.checkpoint.size, later.checkpoint.size);
            let proof = log.consistency(from, size).unwrap();
            let roots = (&earlier.checkpoint.root, &later.checkpoint.root);
            verify_consistency(from, size, roots.0, roots.1, &proof).unwrap();
        }
    }
    assert!(log.consistency(0, 3).is_err());
    assert!(log.consistency(4, 3).is_err());
}
