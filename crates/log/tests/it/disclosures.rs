//! The disclosures that one person is in, of some seconds: exactly those, wherever closes stand.

use countersign_domain::person::Handle;
use countersign_domain::time::Timestamp;
use countersign_log::annex::Annex;
use countersign_log::backend::memory::Memory;
use countersign_log::disclosures::{Wanted, disclosures_of};
use countersign_protocol::entry::Entry;

use crate::period_support::{close, live, periods, person};
use crate::support::{NOW, Setup, block_on, disclose, pairs};

/// What is found, by looking at everything.
fn expected(memory: &Memory, wanted: &Wanted) -> Vec<u64> {
    let is_wanted = |(entry, annex): &(Vec<u8>, Vec<u8>)| {
        let Annex::Disclosure(annex) = Annex::parse(annex).unwrap() else { return false };
        let time = Entry::parse(entry).unwrap().time();
        let is_in = annex.records.iter().any(|record| record.handle == wanted.handle);
        is_in && wanted.from <= time && wanted.until.is_none_or(|until| time < until)
    };
    let all = pairs(memory);
    (0..).zip(&all).filter(|(_, pair)| is_wanted(pair)).map(|(index, _)| index).collect()
}

fn found(memory: &Memory, wanted: &Wanted) -> Vec<u64> {
    let (mut indexes, mut read) = (Vec::new(), 0);
    let progress = |done, total| {
        assert!(read < done && done <= total);
        read = done;
    };
    disclosures_of(memory, wanted, progress, |one| {
        assert!(!one.fields.is_empty() && one.entry.time >= wanted.from);
        indexes.push(one.index);
    })
    .unwrap();
    indexes
}

#[test]
fn exactly_the_disclosures_of_these_seconds_are_found_wherever_closes_stand() {
    let (memory, setup) = (Memory::new(), Setup::eager());
    let log = setup.found(&memory);
    let mut periods = periods(&memory).unwrap();
    for second in 0..6 {
        setup.clock.set(NOW + 10 * second);
        live(&log);
        // Some closes come in the second of the disclosures before and behind them.
        if second % 2 == 0 {
            close(&mut periods, &log).unwrap();
            let _ = block_on(disclose(&log, 1)).unwrap();
        }
    }
    log.shutdown();
    let second = |seconds: u64| Timestamp::from_seconds(NOW + seconds);
    let mut most = 0;
    for handle in [person(0), person(1), person(3), Handle([0xee; 16])] {
        for from in [0, 1, 10, 20, 21, 39, 40, 50, 51] {
            for until in [None, Some(0), Some(10), Some(11), Some(40), Some(60)] {
                let wanted = Wanted { handle, from: second(from), until: until.map(second) };
                let found = found(&memory, &wanted);
                assert_eq!(found, expected(&memory, &wanted), "{wanted:?}");
                most = most.max(found.len());
            }
        }
    }
    assert!(most > 10, "{most}");
}

#[test]
fn an_act_that_is_dated_ahead_ends_no_search() {
    let (memory, setup) = (Memory::new(), Setup::eager());
    let log = setup.found(&memory);
    setup.clock.set(NOW - 1);
    let _ = block_on(disclose(&log, 1)).unwrap();
    log.shutdown();
    let second = Timestamp::from_seconds;
    let wanted = Wanted { handle: person(0), from: second(NOW - 1), until: Some(second(NOW)) };
    assert_eq!(found(&memory, &wanted).len(), 1);
}
