//! Closes computed from the stream: whole, under labels, sorted on the disk, made again from the stream.

use countersign_domain::person::Secret;
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::Memory;
use countersign_log::period::{PeriodError, Periods, Secrets, SecretsError};
use countersign_protocol::person_index::Label;

use crate::memory_site::verified;
use crate::period_support::{
    ALL, All, DIRECTORY, assert_true, close, closes, consents, live, periods, person,
};
use crate::support::{NOW, Setup, block_on, pairs, secret_of};

#[test]
fn closes_hold_what_the_log_holds_about_everybody() {
    let (memory, setup) = (Memory::new(), Setup::eager());
    let log = setup.found(&memory);
    live(&log);
    let mut periods = periods(&memory).unwrap();
    let first = close(&mut periods, &log).unwrap();
    assert_eq!((first.head.number, first.head.from, first.head.until), (0, 0, 7));
    assert_eq!((first.head.people, first.head.items, first.forgotten), (13, 21, 0));
    setup.clock.set(NOW + 5);
    live(&log);
    let second = close(&mut periods, &log).unwrap();
    let third = close(&mut periods, &log).unwrap();
    assert_eq!((second.head.from, second.head.until, second.placed.index), (7, 12, 12));
    assert_eq!((third.head.people, third.head.from, third.head.until), (0, 12, 13));
    assert_eq!(second.placed.time.seconds(), NOW + 5);
    log.shutdown();
    assert_true(&periods, &pairs(&memory));
    assert_eq!(verified(&memory, &setup.signer.note_key()).len(), 14);
    assert!(!memory.files().iter().any(|file| file.contains("runs")), "{:?}", memory.files());
}

#[test]
fn one_person_alone_is_an_index() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    block_on(log.append_consents(consents(&[7]))).unwrap();
    let mut periods = periods(&memory).unwrap();
    assert_eq!(close(&mut periods, &log).unwrap().head.people, 1);
    assert_true(&periods, &pairs(&memory));
}

#[test]
fn who_was_forgotten_is_in_no_list_and_everybody_else_is() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    live(&log);
    let mut periods = periods(&memory).unwrap();
    let closed = periods.close(&log, log.head(), &All { but: Some(person(2)) }, DIRECTORY).unwrap();
    // In two disclosures, and twice in the choices.
    assert_eq!((closed.forgotten, closed.head.people, closed.head.items), (4, 12, 17));
    let period = periods.period(0).unwrap();
    let shown = |number| period.show(&Label::of(&secret_of(person(number)), 0)).unwrap().items;
    assert_eq!(shown(2), None);
    assert_eq!(shown(3).unwrap().len(), 2);
}

/// Somebody's secret, changed in place.
struct Changed;

impl Secrets for Changed {
    fn secret(
        &self,
        about: countersign_domain::person::Handle,
    ) -> Result<Option<Secret>, SecretsError> {
        if about == person(3) { Ok(Some(Secret([1; 32]))) } else { ALL.secret(about) }
    }
}

/// Secrets that cannot be read.
struct Broken;

impl Secrets for Broken {
    fn secret(
        &self,
        _: countersign_domain::person::Handle,
    ) -> Result<Option<Secret>, SecretsError> {
        Err(SecretsError { reason: "the disk is gone".to_owned() })
    }
}

#[test]
fn a_close_that_says_other_than_the_entries_is_not_made() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    let mut periods = periods(&memory).unwrap();
    live(&log);
    let found = periods.close(&log, log.head(), &Changed, DIRECTORY).unwrap_err();
    assert!(matches!(found, PeriodError::OtherRecords { index: 3 }), "{found}");
    let found = periods.close(&log, log.head(), &Broken, DIRECTORY).unwrap_err();
    assert!(matches!(found, PeriodError::Secrets(_)), "{found}");
    assert_eq!(closes(&pairs(&memory)), []);
    close(&mut periods, &log).unwrap();
    assert_true(&periods, &pairs(&memory));
}

#[test]
fn nothing_is_not_closed() {
    let memory = Memory::new();
    let (log, _) = Setup::lazy().open(&memory).unwrap();
    let mut periods = periods(&memory).unwrap();
    let found = close(&mut periods, &log).unwrap_err();
    assert!(matches!(found, PeriodError::Nothing { from: 0 }), "{found}");
}

/// The files of all periods.
fn files(memory: &Memory) -> Vec<(String, Option<Vec<u8>>)> {
    let files = memory.files().into_iter().filter(|file| file.starts_with("stream/periods/"));
    files.map(|file| (file.clone(), memory.read(&file).unwrap())).collect()
}

#[test]
fn files_that_were_lost_are_made_again_and_come_to_the_same() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    let mut before = periods(&memory).unwrap();
    for _ in 0..3 {
        live(&log);
        close(&mut before, &log).unwrap();
    }
    live(&log);
    let kept = files(&memory);
    assert_eq!(kept.len(), 16, "three periods of five files each, and the last one's head");
    memory.remove_folder("stream/periods").unwrap();
    let mut again = periods(&memory).unwrap();
    assert_eq!(again.last(), None);
    let other = again.catch_up(&log, &All { but: Some(person(3)) }).unwrap_err();
    assert!(matches!(other, PeriodError::OtherIndex { index: 7 }), "{other}");
    again.catch_up(&log, &ALL).unwrap();
    assert_eq!(files(&memory), kept);
    assert_eq!(again.last(), before.last());
    assert_eq!(close(&mut again, &log).unwrap().head.number, 3);
    assert_true(&again, &pairs(&memory));
}

#[test]
fn a_changed_file_shows_nobody_anything_else() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    live(&log);
    close(&mut periods(&memory).unwrap(), &log).unwrap();
    let labels: Vec<_> = (0..50).map(|number| Label::of(&secret_of(person(number)), 0)).collect();
    let shown = |memory: &Memory| {
        let period = periods(memory)?.period(0)?;
        labels.iter().map(|label| period.show(label)).collect::<Result<Vec<_>, _>>()
    };
    let before = shown(&memory).unwrap();
    for name in ["lists", "leaves", "nodes", "head"] {
        let path = format!("stream/periods/0/{name}");
        let length = memory.read(&path).unwrap().unwrap().len();
        let mut found = 0;
        for at in 0..length {
            memory.tamper(&path, |bytes| bytes[at] ^= 0x41);
            match shown(&memory) {
                Ok(shown) => assert_eq!(shown, before, "byte {at} of {name}"),
                Err(_) => found += 1,
            }
            memory.tamper(&path, |bytes| bytes[at] ^= 0x41);
        }
        // Of the lists, only those of the fifty labels, and no label of another, are looked at.
        assert!(found > length * 9 / 10 || name == "lists", "{found} of {length} bytes of {name}");
        memory.tamper(&path, |bytes| {
            bytes.pop();
        });
        let is_refused = shown(&memory).is_err();
        assert!(is_refused, "{name} is cut off");
        memory.tamper(&path, |bytes| bytes.push(0));
    }
    let version = |bytes: &mut Vec<u8>| bytes[8..12].copy_from_slice(&9_u32.to_le_bytes());
    memory.tamper("stream/periods/last", version);
    let found = Periods::open(std::sync::Arc::new(memory.clone()), Default::default()).err();
    assert!(matches!(found, Some(PeriodError::UnknownVersion { found: 9, .. })));
}
