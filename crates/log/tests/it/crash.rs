//! Crashes: whatever is acknowledged is there afterwards, and what was signed stays true.

use std::collections::BTreeMap;

use countersign_log::annex::Circumstances;
use countersign_log::backend::memory::{Fault, Keep, Memory};
use countersign_log::check::check;
use countersign_log::{Log, OpenError};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::root_of_leaves;
use proptest::prelude::*;

use crate::support::{
    Acknowledged, ORIGIN, REQUEST, Setup, assert_kept, block_on, disclose, founding_acts, leaves,
    pairs, reinstatement, suspension,
};

/// Founds a log and works with it until the machine stops. Says what was acknowledged.
fn work(setup: &Setup, memory: &Memory) -> Result<Vec<Acknowledged>, OpenError> {
    let mut acknowledged = Vec::new();
    let (log, _) = setup.open(memory)?;
    let act = |placed| Acknowledged { placed, seed: None, people: 0 };
    for (signed, document) in founding_acts() {
        if let Ok(placed) = block_on(log.append_act(signed, document, None)) {
            acknowledged.push(act(placed));
        }
    }
    for round in 0..4 {
        acknowledged.extend(together(&log, round));
        let signed = if round % 2 == 0 { suspension() } else { reinstatement() };
        if let Ok(placed) = block_on(log.append_act(signed, None, Some("ann".to_owned()))) {
            acknowledged.push(act(placed));
        }
    }
    log.shutdown();
    Ok(acknowledged)
}

/// Three disclosures at once.
fn together(log: &Log, friends: usize) -> Vec<Acknowledged> {
    let released = block_on(async {
        tokio::join!(
            disclose(log, friends),
            disclose(log, friends + 1),
            disclose(log, friends + 30)
        )
    });
    let each = [released.0, released.1, released.2];
    each.iter().flatten().map(Acknowledged::of).collect()
}

/// Every checkpoint that was ever signed is one of this stream.
pub(crate) fn assert_signed_stays_true(setup: &Setup, memory: &Memory) {
    let leaves = leaves(&pairs(memory));
    let mut roots = BTreeMap::new();
    for text in setup.signer.signed.lock().unwrap().iter() {
        let checkpoint = Checkpoint::parse(text).unwrap();
        let size = checkpoint.size as usize;
        let beginning = leaves.get(..size).unwrap_or_else(|| panic!("{size} entries were signed"));
        assert_eq!(checkpoint.root, root_of_leaves(beginning.iter().copied()), "size {size}");
        let before = roots.insert(size, checkpoint.root);
        assert!(before.is_none_or(|before| before == checkpoint.root), "two roots at {size}");
    }
}

/// Crashes a working log at one call, and starts it again.
fn crash_at(call: usize, fault: Fault, keep: Keep) {
    let (setup, memory) = (Setup::eager(), Memory::new());
    memory.plan(call, fault);
    let acknowledged = work(&setup, &memory).unwrap_or_default();
    let memory = memory.crash(keep);
    let (log, recovered) = setup
        .open(&memory)
        .unwrap_or_else(|error| panic!("call {call}, {fault:?}, {keep:?}: {error}"));
    let found = pairs(&memory);
    assert_eq!(recovered.entries, found.len() as u64);
    assert_kept(&acknowledged, &found);
    if log.register().schema().is_some() {
        drop(block_on(disclose(&log, 2)).unwrap());
    }
    log.shutdown();
    assert_signed_stays_true(&setup, &memory);
    let report = check(&memory, ORIGIN, &setup.signer.note_key());
    assert_eq!(report.findings, [], "call {call}, {fault:?}, {keep:?}");
}

#[test]
fn crash_at_every_call_loses_nothing_acknowledged() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    work(&setup, &memory).unwrap();
    let calls = memory.calls().len();
    assert!(calls > 60, "{calls} calls are too few for a test");
    for call in 0..calls {
        crash_at(call, Fault::Crash, Keep::Nothing);
        crash_at(call, Fault::CrashWithin, Keep::Everything);
        for seed in 0..4 {
            crash_at(call, Fault::CrashWithin, Keep::Torn(seed * 1_000 + call as u64));
        }
    }
}

#[test]
fn crash_again_and_again_on_one_disk() {
    let setup = Setup::eager();
    let mut memory = Memory::new();
    let mut acknowledged = Vec::new();
    for round in 0..60_usize {
        memory.plan(10 + round * 7 % 90, Fault::CrashWithin);
        if let Ok((log, _)) = setup.open(&memory) {
            if log.register().keys().is_none() || log.register().partners().is_empty() {
                let done = log.head() as usize;
                for (signed, document) in founding_acts().split_off(done) {
                    let _ = block_on(log.append_act(signed, document, None));
                }
            }
            for friends in 0..5 {
                acknowledged.extend(together(&log, friends));
            }
        }
        memory = memory.crash(Keep::Torn(round as u64));
    }
    let (log, _) = setup.open(&memory).unwrap();
    log.shutdown();
    assert!(acknowledged.len() > 50, "{} disclosures are too few", acknowledged.len());
    assert_kept(&acknowledged, &pairs(&memory));
    assert_signed_stays_true(&setup, &memory);
}

#[test]
fn a_stream_that_lost_what_was_signed_is_refused() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    work(&setup, &memory).unwrap();
    let whole = memory.crash(Keep::Everything);
    whole.tamper("stream/stream", |bytes| bytes.truncate(bytes.len() - 1));
    assert!(matches!(setup.open(&whole), Err(OpenError::Lost { found: 18, signed: 19, .. })));
    whole.tamper("stream/stream", |bytes| bytes.truncate(32));
    assert!(matches!(setup.open(&whole), Err(OpenError::Lost { found: 0, .. })));
    let none = whole.crash(Keep::Everything);
    none.tamper("stream/stream", Vec::clear);
    assert!(matches!(setup.open(&none), Err(OpenError::Stream(_))));
}

#[test]
fn a_stream_with_another_history_is_refused() {
    let (setup, memory, other) = (Setup::eager(), Memory::new(), Memory::new());
    work(&setup, &memory).unwrap();
    work(&setup, &other).unwrap();
    let mut stolen = Vec::new();
    other.tamper("stream/stream", |bytes| stolen.clone_from(bytes));
    let memory = memory.crash(Keep::Everything);
    memory.tamper("stream/stream", |bytes| *bytes = stolen);
    let findings = check(&memory, ORIGIN, &setup.signer.note_key()).findings;
    let is_named =
        |file: &str| findings.iter().any(|found| found.file == file && found.what.contains("root"));
    assert!(is_named("stream/checkpoint") && is_named("log/checkpoint"), "{findings:?}");
    assert!(matches!(setup.open(&memory), Err(OpenError::OtherRoot { .. })));
}

#[test]
fn a_checkpoint_changed_by_somebody_else_stops_signing() {
    let (setup, memory) = (Setup::lazy(), Memory::new());
    let log = setup.found(&memory);
    while log.metrics().checkpoint_seconds == 0 {
        std::thread::yield_now();
    }
    memory.tamper("stream/checkpoint", |bytes| bytes.push(b'x'));
    let signed = setup.signer.signed.lock().unwrap().len();
    drop(block_on(disclose(&log, 1)).unwrap());
    log.shutdown();
    assert_eq!(setup.signer.signed.lock().unwrap().len(), signed);
    assert_eq!(log.metrics().publish_errors, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn property_a_log_is_recovered_as_it_was(
        rounds in prop::collection::vec((0_u8..4, 0_usize..60), 1..12), keep_all: bool,
    ) {
        let setup = Setup::eager();
        let mut memory = Memory::new();
        let mut log = setup.found(&memory);
        let mut is_suspended = false;
        let mut acknowledged = Vec::new();
        for (what, friends) in rounds {
            match what {
                0 => {
                    let act = if is_suspended { reinstatement() } else { suspension() };
                    block_on(log.append_act(act, None, None)).unwrap();
                    is_suspended = !is_suspended;
                }
                1 => {
                    let head = log.head();
                    memory = memory.crash(if keep_all { Keep::Everything } else { Keep::Nothing });
                    let opened = setup.open(&memory).unwrap();
                    log = opened.0;
                    prop_assert_eq!(opened.1.entries, head);
                    prop_assert_eq!(log.head(), head);
                }
                _ => acknowledged.extend(together(&log, friends)),
            }
            prop_assert_eq!(log.register().suspended().len(), usize::from(is_suspended));
        }
        log.shutdown();
        assert_kept(&acknowledged, &pairs(&memory));
        assert_signed_stays_true(&setup, &memory);
    }
}

#[test]
fn texts_that_are_too_long_are_cut_and_not_refused() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    let circumstances = Circumstances { zone: Some("ö".repeat(300)), ..Circumstances::default() };
    let permitted = crate::support::permitted(&log, 1);
    assert!(block_on(log.append(permitted, REQUEST, circumstances)).is_ok());
}
