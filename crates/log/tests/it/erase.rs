//! People who are erased from the stream: gone from every file, while everything else stays as it was and
//! can be proved.

use std::collections::HashMap;

use countersign_domain::person::{Handle, Secret};
use countersign_log::annex::Annex;
use countersign_log::backend::memory::{Fault, Keep, Memory};
use countersign_log::check::check;
use countersign_log::period::{Overwritten, PeriodError};
use countersign_protocol::consent::commitments_root;
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::Hash;
use countersign_protocol::person_index::{Item, Label};

use crate::memory_site::verified;
use crate::period_support::{close, live, periods, person};
use crate::support::{ORIGIN, Pair, Setup, disclose, pairs, secret_of};

/// Who is erased: the viewer, a friend who chose things too, and the last friend of the largest answer.
const ERASED: [u8; 3] = [0, 2, 11];

fn erased() -> Vec<(Handle, Secret)> {
    ERASED.map(person).into_iter().map(|handle| (handle, secret_of(handle))).collect()
}

/// Two periods that are closed, and one that is open.
fn lived(setup: &Setup) -> Memory {
    let memory = Memory::new();
    let log = setup.found(&memory);
    let mut open = periods(&memory).unwrap();
    for _ in 0..2 {
        live(&log);
        close(&mut open, &log).unwrap();
    }
    let _ = crate::support::block_on(disclose(&log, 1));
    log.shutdown();
    memory.crash(Keep::Everything)
}

fn erase(memory: &Memory) -> Result<Overwritten, PeriodError> {
    periods(memory)?.erase(&erased())
}

/// The commitments of everybody in the closed periods, as their own lists have them.
fn listed(memory: &Memory) -> HashMap<(u64, u32), Hash> {
    let open = periods(memory).unwrap();
    let mut listed = HashMap::new();
    for number in 0..2 {
        let period = open.period(number).unwrap();
        for about in (0..50).map(person) {
            let shown = period.show(&Label::of(&secret_of(about), number)).unwrap();
            let items = shown.items.unwrap_or_default();
            listed.extend(
                items
                    .iter()
                    .map(|Item { index, position, commitment }| ((*index, *position), *commitment)),
            );
        }
    }
    listed
}

/// What the annexes of closed periods name: whose each record is, and whether it says anything.
fn named(pairs: &[Pair], until: u64) -> Vec<(u64, u32, Handle, bool)> {
    let mut named = Vec::new();
    for ((_, annex), index) in pairs.iter().zip(0..until) {
        let mut add = |at: (usize, Handle), says| named.push((index, at.0 as u32, at.1, says));
        match Annex::parse(annex).unwrap() {
            Annex::Disclosure(annex) => annex
                .records
                .iter()
                .enumerate()
                .for_each(|(at, one)| add((at, one.handle), !one.is_erased())),
            Annex::Consents(annex) => annex
                .records
                .iter()
                .enumerate()
                .for_each(|(at, one)| add((at, one.handle), !one.is_erased())),
            Annex::Act(_) | Annex::Close => {}
        }
    }
    named
}

fn first_open_entry(memory: &Memory) -> u64 {
    periods(memory).unwrap().last().unwrap().until
}

/// Nothing of the closed periods says anything of those who are erased, and everybody else is as before.
fn assert_erased(before: &[Pair], memory: &Memory) {
    let (after, until) = (pairs(memory), first_open_entry(memory));
    let entries = |pairs: &[Pair]| pairs.iter().map(|pair| pair.0.clone()).collect::<Vec<_>>();
    assert_eq!(entries(before), entries(&after));
    let erased = ERASED.map(person);
    for (was, is) in named(before, until).into_iter().zip(named(&after, until)) {
        if erased.contains(&was.2) {
            let number =
                u64::from(is.0 >= periods(memory).unwrap().period(0).unwrap().head().until);
            let label = Label::of(&secret_of(was.2), number);
            assert_eq!((is.2.0.as_slice(), is.3), (&label.0[..16], false), "{is:?}");
        } else {
            assert_eq!(was, is);
        }
    }
    for ((entry, annex), index) in after.iter().zip(0..until) {
        if let (Entry::Disclosure(_), Annex::Disclosure(annex)) =
            (Entry::parse(entry).unwrap(), Annex::parse(annex).unwrap())
        {
            assert_eq!(annex.circumstances.network, None, "entry {index}: where a viewer was");
        }
    }
}

#[test]
fn who_is_erased_is_in_no_annex_of_a_closed_period_and_nobody_else_is_touched() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    let (before, lists) = (pairs(&memory), listed(&memory));
    let done = erase(&memory).unwrap();
    assert_erased(&before, &memory);
    // 3 disclosures in each period have the viewer; 2 of them friend 2, 1 friend 11; friend 2 chose twice.
    assert_eq!(done.items, 2 * (3 + 2 + 1 + 2));
    assert!(done.batches >= 2);
    assert_eq!(listed(&memory), lists);
    assert!(!memory.files().iter().any(|file| file.contains("rewriting")));

    // What the entries commit to, the lists of everybody still come to, those of the erased included.
    for ((entry, annex), index) in pairs(&memory).iter().zip(0..first_open_entry(&memory)) {
        let (root, count) = match (Entry::parse(entry).unwrap(), Annex::parse(annex).unwrap()) {
            (Entry::Disclosure(entry), Annex::Disclosure(annex)) => {
                (entry.records, annex.records.len())
            }
            (Entry::Consents(entry), Annex::Consents(annex)) => {
                (entry.records, annex.records.len())
            }
            _ => continue,
        };
        let commitments = (0..count as u32).map(|position| lists[&(index, position)]);
        assert_eq!(commitments_root(commitments), root, "entry {index}");
    }

    // The log opens, goes on and verifies; a second time there is nothing left to do.
    assert_eq!(erase(&memory).unwrap(), Overwritten::default());
    let (log, recovered) = setup.open(&memory).unwrap();
    assert_eq!((recovered.entries, recovered.torn_bytes), (before.len() as u64, 0));
    live(&log);
    close(&mut periods(&memory).unwrap(), &log).unwrap();
    log.shutdown();
    verified(&memory, &setup.signer.note_key());
    assert_eq!(check(&memory, ORIGIN, &setup.signer.note_key()).findings, []);
}

#[test]
fn the_open_period_is_not_looked_into() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    erase(&memory).unwrap();
    let (_, annex) = pairs(&memory).pop().unwrap();
    let Annex::Disclosure(annex) = Annex::parse(&annex).unwrap() else { panic!("no disclosure") };
    assert_eq!(annex.records[0].handle, person(0));
}

#[test]
fn crash_at_every_call_of_an_erasure_loses_nothing_and_can_be_gone_on_with() {
    let setup = Setup::lazy();
    let calls = {
        let memory = lived(&setup);
        erase(&memory).unwrap();
        memory.calls().len()
    };
    assert!(calls > 6, "{calls} calls are too few for a test");
    for call in 0..calls {
        for (fault, keep) in [
            (Fault::Crash, Keep::Nothing),
            (Fault::CrashWithin, Keep::Everything),
            (Fault::CrashWithin, Keep::Torn(call as u64)),
        ] {
            let memory = lived(&setup);
            let before = pairs(&memory);
            memory.plan(call, fault);
            assert!(erase(&memory).is_err(), "call {call} did not come");
            let memory = memory.crash(keep);
            let (log, recovered) = setup
                .open(&memory)
                .unwrap_or_else(|error| panic!("call {call}, {fault:?}, {keep:?}: {error}"));
            assert_eq!(recovered.entries, before.len() as u64, "call {call}, {keep:?}");
            log.shutdown();
            erase(&memory).unwrap();
            assert_erased(&before, &memory);
            assert_eq!(check(&memory, ORIGIN, &setup.signer.note_key()).findings, []);
        }
    }
}

#[test]
fn a_journal_that_is_damaged_or_of_another_stream_is_refused() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    // Up to the first write over the stream, the journal is whole.
    let calls = memory.calls().len();
    erase(&memory).unwrap();
    let is_write = |call: &countersign_log::backend::memory::Call| call.path == "stream/stream";
    let at = memory.calls()[calls..].iter().position(is_write).unwrap();
    let memory = lived(&setup);
    memory.plan(at, Fault::Crash);
    assert!(erase(&memory).is_err());
    let memory = memory.crash(Keep::Everything);
    let findings = check(&memory, ORIGIN, &setup.signer.note_key()).findings;
    assert!(findings[0].what.starts_with("an erasure is under way"), "{findings:?}");
    memory.tamper("stream/rewriting/batches", |bytes| bytes[40] ^= 1);
    let error = setup.open(&memory).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("stream/rewriting/batches: not a journal"), "{error}");
}
