//! Entries that the platform itself makes: consents are durable with their annex, dated by the log's
//! clock, taken when disclosures are not, and found again after a restart.

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, PairwiseId};
use countersign_domain::time::Timestamp;
use countersign_log::ConsentsError;
use countersign_log::annex::{AnnexConsent, CONSENT_BYTES_MAX, CONSENTS_MAX, ConsentsAnnex};
use countersign_log::backend::memory::Memory;
use countersign_protocol::entry::{Close, CloseKind, DirectoryRoot, ENTRY_VERSION, Entry};
use countersign_protocol::record::Seed;

use crate::memory_site::verified;
use crate::support::{NOW, Setup, assert_together, block_on, disclose, pairs};

const HOUR_S: u64 = 3_600;

fn consents(count: usize) -> ConsentsAnnex {
    let consent = |number: usize| AnnexConsent {
        handle: Handle([number as u8; 16]),
        person: PairwiseId([!number as u8; 16]),
        record: format!("record {number}").into_bytes(),
    };
    ConsentsAnnex { seed: Seed([9; 32]), records: (0..count).map(consent).collect() }
}

#[test]
fn consents_stand_between_disclosures_and_are_found_after_a_restart() {
    let memory = Memory::new();
    let setup = Setup::eager();
    let log = setup.found(&memory);
    drop(block_on(disclose(&log, 2)).unwrap());
    setup.clock.set(NOW + 5);
    let placed = block_on(log.append_consents(consents(3))).unwrap();
    drop(block_on(disclose(&log, 2)).unwrap());
    assert_eq!((placed.index, placed.time.seconds()), (4, NOW + 5));
    drop(log);
    let pairs = pairs(&memory);
    assert_together(&pairs);
    let entry = Entry::parse(&pairs[4].0).unwrap();
    let Entry::Consents(entry) = &entry else { panic!("an entry of kind {}", entry.kind()) };
    assert_eq!(entry.records, consents(3).records_root());
    let log = setup.open(&memory).unwrap().0;
    assert_eq!(log.head(), 6);
    drop(log);
    assert_eq!(verified(&memory, &setup.signer.note_key()).len(), 6);
}

#[test]
fn consents_are_taken_while_the_clock_is_not_believed() {
    let memory = Memory::new();
    let setup = Setup::lazy();
    let log = setup.found(&memory);
    setup.clock.jump(24 * HOUR_S as i64);
    assert!(block_on(disclose(&log, 1)).is_err());
    let placed = block_on(log.append_consents(consents(1))).unwrap();
    assert_eq!(placed.time.seconds(), NOW, "dated by a clock that jumped");
}

#[test]
fn nothing_too_much_and_too_long_are_refused_and_nothing_is_written() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    let refused = |consents| block_on(log.append_consents(consents)).unwrap_err();
    assert_eq!(refused(consents(0)), ConsentsError::Count { found: 0 });
    let found = CONSENTS_MAX + 1;
    assert_eq!(refused(consents(found)), ConsentsError::Count { found });
    let mut long = consents(2);
    let found_bytes = CONSENT_BYTES_MAX + 1;
    long.records[1].record = vec![b'x'; found_bytes];
    assert_eq!(refused(long), ConsentsError::TooLong { found_bytes });
    assert_eq!(log.head(), 3);
    let mut most = consents(CONSENTS_MAX);
    most.records.iter_mut().for_each(|consent| consent.record = vec![b'x'; CONSENT_BYTES_MAX]);
    block_on(log.append_consents(most)).unwrap();
}

#[test]
fn a_close_is_dated_when_it_is_appended() {
    let memory = Memory::new();
    let setup = Setup::lazy();
    let log = setup.found(&memory);
    let close = Close {
        directory: DirectoryRoot::EMPTY,
        from: 0,
        kind: CloseKind::Close,
        people: 0,
        period: 0,
        person_index: Digest([1; 32]),
        previous: None,
        time: Timestamp::from_seconds(0),
        until: 3,
        v: ENTRY_VERSION,
    };
    let placed = block_on(log.append_close(close.clone())).unwrap();
    let entry = Entry::parse(&pairs(&memory)[placed.index as usize].0).unwrap();
    assert_eq!(entry, Entry::Close(Close { time: placed.time, ..close }));
    assert_eq!(placed.time.seconds(), NOW);
    drop(log);
    assert_eq!(setup.open(&memory).unwrap().0.head(), 4);
}
