//! The lists of a period as an auditor is given them: what is written comes to the close, and holds what the
//! entries hold.

use std::io::{self, Cursor, Write};

use countersign_domain::rounding::rounded_up;
use countersign_domain::time::Timestamp;
use countersign_log::backend::memory::Memory;
use countersign_log::period::{PeriodError, Periods};
use countersign_protocol::blinded_lists::BlindedLists;
use countersign_verifier::index_check::{IndexCheck, IndexCounts, IndexQuestion, check_index};
use countersign_verifier::verdict::Rule;

use crate::memory_site::MemorySite;
use crate::period_support::{All, DIRECTORY, close, live, periods, person};
use crate::support::{NOW, ORIGIN, Setup};

fn lists(periods: &Periods, number: u64) -> Vec<u8> {
    let (mut written, mut told) = (Vec::new(), None);
    let period = periods.period(number).unwrap();
    period.write_lists(ORIGIN, &mut written, &mut |done| told = Some(done)).unwrap();
    assert!(told.is_some() || period.head().people == 0, "no progress was told");
    written
}

/// What an auditor says who bears so many entries of people who were forgotten.
fn audited(memory: &Memory, setup: &Setup, lists: Vec<u8>, unaccounted_max: u64) -> IndexCheck {
    let key = setup.signer.note_key();
    let question = IndexQuestion {
        unaccounted_max,
        ..IndexQuestion::new(&key, Timestamp::from_seconds(NOW + 86_400))
    };
    check_index(&MemorySite(memory), &mut Cursor::new(lists), &question, &mut |_| {}).unwrap()
}

#[test]
fn an_auditor_rebuilds_what_was_closed() {
    let (memory, setup) = (Memory::new(), Setup::eager());
    let log = setup.found(&memory);
    let mut periods = periods(&memory).unwrap();
    for _ in 0..2 {
        live(&log);
        close(&mut periods, &log).unwrap();
    }
    close(&mut periods, &log).unwrap();
    log.shutdown();
    for (number, people, items) in [(0, 13, 21), (1, 13, 21), (2, 0, 0)] {
        let checked = audited(&memory, &setup, lists(&periods, number), 0);
        assert_eq!(checked.verdict.failures, [], "period {number}");
        let head = periods.period(number).unwrap().head().clone();
        let audit = &checked.audit;
        assert_eq!((audit.period.close, audit.person_index.0), (head.close, head.root));
        let counts = IndexCounts { people, items, unaccounted: 0 };
        assert_eq!(checked.counts, counts);
        let stated = (audit.people, audit.items, audit.unaccounted);
        assert_eq!(stated, (rounded_up(people), rounded_up(items), 0));
    }
}

#[test]
fn entries_about_whom_was_forgotten_are_told_to_an_auditor() {
    let (memory, setup) = (Memory::new(), Setup::eager());
    let log = setup.found(&memory);
    live(&log);
    let mut periods = periods(&memory).unwrap();
    periods.close(&log, log.head(), &All { but: Some(person(2)) }, DIRECTORY).unwrap();
    log.shutdown();
    // Two answers, and choices.
    let checked = audited(&memory, &setup, lists(&periods, 0), 3);
    assert_eq!(checked.verdict.failures, []);
    assert_eq!((checked.counts.unaccounted, checked.audit.unaccounted), (3, 4));
    let checked = audited(&memory, &setup, lists(&periods, 0), 2);
    assert_eq!(checked.verdict.failed(Rule::IndexComplete), 1);
}

/// A disk that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lists_that_were_changed_are_not_given_away() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    live(&log);
    let mut periods = periods(&memory).unwrap();
    close(&mut periods, &log).unwrap();
    let path = "stream/periods/0/lists";
    let write = |out: &mut dyn Write| {
        periods.period(0).and_then(|period| period.write_lists(ORIGIN, out, &mut |_| {}))
    };
    let good = lists(&periods, 0);
    assert!(BlindedLists::open(good.as_slice()).is_ok());
    let found = write(&mut Full).unwrap_err();
    assert!(matches!(found, PeriodError::Lists { .. }), "{found}");
    memory.tamper(path, |bytes| bytes[60] ^= 1);
    let found = write(&mut Vec::new()).unwrap_err();
    assert!(matches!(found, PeriodError::Damaged { .. }), "{found}");
    memory.tamper(path, |bytes| bytes[60] ^= 1);
    memory.tamper(path, |bytes| bytes.push(0));
    let found = write(&mut Vec::new()).unwrap_err();
    let is_named = matches!(found, PeriodError::Lists { .. } | PeriodError::Damaged { .. });
    assert!(is_named, "{found}");
    let none = periods.period(1).err();
    assert!(matches!(none, Some(PeriodError::NotClosed { number: 1 })));
}
