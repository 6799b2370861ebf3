//! Files of periods from another time than the stream: what is whole stays, what is missing is made again, and what
//! the stream does not have is refused.

use countersign_log::about_people::{Extent, about_people};
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::{Keep, Memory};
use countersign_log::period::PeriodError;
use countersign_protocol::entry::PreviousClose;

use crate::period_support::{ALL, All, assert_true, close, closes, live, periods, person};
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
fn periods_that_lost_a_file_or_its_end_have_it_made_again() {
    let setup = Setup::lazy();
    for name in ["lists", "leaves", "nodes", "places", "head"] {
        for is_cut in [false, true] {
            let memory = lived(&setup);
            let file = format!("stream/periods/1/{name}");
            let before = memory.read(&file).unwrap().unwrap();
            if is_cut {
                memory.tamper(&file, |bytes| bytes.truncate(bytes.len() - 1));
            } else {
                memory.forget(&file);
            }
            let missing = open_missing(&memory).unwrap();
            assert_eq!(missing, Some(1), "{file}, cut off: {is_cut}");
            let (log, _) = setup.open(&memory).unwrap();
            let mut open = periods(&memory).unwrap();
            open.catch_up(&log, &ALL).unwrap();
            log.shutdown();
            assert_eq!(memory.read(&file).unwrap(), Some(before), "{file}");
            assert_true(&open, &pairs(&memory));
        }
    }
}

/// The number of the first period whose files are not whole.
fn open_missing(memory: &Memory) -> Result<Option<u64>, PeriodError> {
    let missing = periods(memory)?.missing()?;
    let period = |place: PreviousClose| {
        let (entry, _) = &pairs(memory)[place.index as usize];
        closes(&[(entry.clone(), Vec::new())])[0].period
    };
    Ok(missing.map(period))
}

/// Nobody can tell the label of who was erased: what is left of the files stays.
#[test]
fn periods_that_cannot_be_made_again_stay_as_they_are() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    memory.forget("stream/periods/0/nodes");
    let files = || {
        let names = ["head", "lists", "leaves", "nodes", "places"];
        let periods = ["0", "1", "again"].map(|folder| format!("stream/periods/{folder}"));
        let paths = periods.iter().flat_map(|folder| names.map(|name| format!("{folder}/{name}")));
        paths.map(|path| memory.read(&path).unwrap()).collect::<Vec<_>>()
    };
    let before = files();
    let (log, _) = setup.open(&memory).unwrap();
    let but_one = All { but: Some(person(3)) };
    let mut rehearsed = periods(&memory).unwrap();
    let refused = rehearsed.rehearse(&Memory::new(), &but_one).unwrap_err();
    assert!(matches!(refused, PeriodError::OtherIndex { .. }), "{refused}");
    let mut open = periods(&memory).unwrap();
    let refused = open.catch_up(&log, &but_one).unwrap_err();
    assert!(matches!(refused, PeriodError::OtherIndex { .. }), "{refused}");
    assert_eq!(files(), before);
    log.shutdown();
}

#[test]
fn periods_that_are_rehearsed_are_as_they_would_be_made_and_nothing_is_changed() {
    let setup = Setup::lazy();
    let memory = lived(&setup);
    memory.remove_folder("stream/periods").unwrap();
    let calls = memory.calls().len();
    let mut rehearsed = periods(&memory).unwrap();
    assert_eq!(rehearsed.last(), None);
    assert_eq!(rehearsed.rehearse(&Memory::new(), &ALL).unwrap(), [0, 1]);
    assert_eq!(memory.calls().len(), calls, "the files are written to");
    let (log, _) = setup.open(&memory).unwrap();
    let mut open = periods(&memory).unwrap();
    open.catch_up(&log, &ALL).unwrap();
    log.shutdown();
    assert_eq!(rehearsed.last(), open.last());
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
