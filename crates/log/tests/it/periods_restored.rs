//! Files of periods from another time than the stream: what is whole stays, what is missing is made again, and what
//! the stream does not have is refused.

use countersign_log::about_people::{Extent, about_people};
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::{Keep, Memory};
use countersign_log::period::PeriodError;

use crate::period_support::{ALL, All, assert_true, close, live, periods, person};
use crate::support::{Setup, pairs};

/// Two periods that are closed, and an open one.
fn lived(setup: &Setup) -> Memory {
    let memory = Memory::new();
    let log = setup.found(&memory);
    let mut open = periods(&memory).unwrap();
    for _ in 0..2 {
        live(&log);
        close(&mut open, &log).unwrap();
    }
    live(&log);
    log.shutdown();
    memory.crash(Keep::Everything)
}

#[test]
fn periods_that_are_whole_are_not_computed_again() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    memory.forget("stream/periods/last");
    let (log, _) = setup.open(&memory).unwrap();
    let mut open = periods(&memory).unwrap();
    assert_eq!(open.missing().unwrap().map(|close| close.index), Some(7));
    // Computed without somebody's secret, they would not come to the root of their closes.
    open.catch_up(&log, &All { but: Some(person(3)) }).unwrap();
    assert_eq!(open.last().map(|last| last.number), Some(1));
    assert_eq!(open.missing().unwrap(), None);
    log.shutdown();
    assert_true(&open, &pairs(&memory));
}

#[test]
fn periods_that_lost_one_of_them_have_it_made_again() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    memory.remove_folder("stream/periods/0").unwrap();
    let (log, _) = setup.open(&memory).unwrap();
    let mut open = periods(&memory).unwrap();
    assert_eq!(open.last().map(|last| last.number), Some(1), "as the copy of its head says");
    open.catch_up(&log, &ALL).unwrap();
    assert_eq!(open.last().map(|last| last.number), Some(1));
    assert_eq!(close(&mut open, &log).unwrap().head.number, 2);
    log.shutdown();
    assert_true(&open, &pairs(&memory));
}

#[test]
fn periods_of_closes_that_the_stream_does_not_have_are_refused() {
    let setup = Setup::lazy();
    let memory = Memory::new();
    let log = setup.found(&memory);
    let mut open = periods(&memory).unwrap();
    live(&log);
    close(&mut open, &log).unwrap();
    log.shutdown();
    let older = memory.read("stream/stream").unwrap().unwrap();
    let (log, _) = setup.open(&memory).unwrap();
    live(&log);
    close(&mut open, &log).unwrap();
    log.shutdown();
    for checkpoint in ["stream/checkpoint", "log/checkpoint"] {
        memory.forget(checkpoint);
    }
    memory.tamper("stream/stream", |bytes| *bytes = older.clone());
    let (log, _) = setup.open(&memory).unwrap();
    let mut open = periods(&memory).unwrap();
    let refused = open.catch_up(&log, &ALL).unwrap_err();
    assert!(matches!(refused, PeriodError::OtherStream { number: 1, .. }), "{refused}");
    assert!(matches!(open.missing(), Err(PeriodError::OtherStream { number: 1, .. })));
}

#[test]
fn about_people_is_the_same_from_wherever_it_is_read() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    let from = |from: u64| {
        let mut shown = Vec::new();
        let extent = about_people(&memory, from, |entry| shown.push(entry)).unwrap();
        (extent, shown)
    };
    let (extent, all) = from(0);
    assert_eq!(extent.entries, pairs(&memory).len() as u64);
    assert_eq!(all.len(), 12, "three disclosures and one entry of choices, three times");
    for first in 0..=extent.entries {
        let later: Vec<_> = all.iter().filter(|entry| entry.index >= first).cloned().collect();
        assert_eq!(from(first), (extent, later), "from {first}");
    }
    assert_eq!(from(extent.entries + 5), (Extent { ..extent }, Vec::new()));
    // Files of periods from another time do not mislead it.
    memory.remove_folder("stream/periods/0").unwrap();
    assert_eq!(from(8).1.len(), 8);
}
