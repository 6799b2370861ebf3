//! Crashes around a close: it stands in the log once, and its files are those of what the log says.

use countersign_log::backend::memory::{Fault, Keep, Memory};
use countersign_log::check::check;
use countersign_log::period::{PeriodError, Periods};

use crate::memory_site::verified;
use crate::period_support::{ALL, assert_true, close, closes, live, periods};
use crate::support::{ORIGIN, Setup, pairs};

/// Lives and closes three times, as far as the machine goes; how many closes were acknowledged.
fn work(setup: &Setup, memory: &Memory) -> usize {
    let mut acknowledged = 0;
    let Ok((log, _)) = setup.open(memory) else { return 0 };
    if let Ok(mut periods) = periods(memory) {
        for _ in 0..3 {
            live(&log);
            acknowledged += usize::from(close(&mut periods, &log).is_ok());
        }
    }
    log.shutdown();
    acknowledged
}

/// A log that was founded before anything happens.
fn founded(setup: &Setup) -> Memory {
    let memory = Memory::new();
    setup.found(&memory).shutdown();
    memory.crash(Keep::Everything)
}

fn crash_at(call: usize, fault: Fault, keep: Keep) {
    let setup = Setup::lazy();
    let memory = founded(&setup);
    memory.plan(call, fault);
    let acknowledged = work(&setup, &memory);
    let memory = memory.crash(keep);
    let (log, _) = setup.open(&memory).unwrap();
    let before = closes(&pairs(&memory)).len();
    assert!(before >= acknowledged, "call {call}: an acknowledged close is lost");
    let mut periods: Periods = periods(&memory).unwrap();
    periods.catch_up(&log, &ALL).unwrap_or_else(|error| panic!("call {call}, {keep:?}: {error}"));
    assert_eq!(closes(&pairs(&memory)).len(), before, "call {call}: closed once more");
    assert_true(&periods, &pairs(&memory));
    live(&log);
    let closed = close(&mut periods, &log).unwrap();
    assert_eq!(closed.head.number, before as u64);
    log.shutdown();
    assert_true(&periods, &pairs(&memory));
    verified(&memory, &setup.signer.note_key());
    assert_eq!(check(&memory, ORIGIN, &setup.signer.note_key()).findings, []);
}

#[test]
fn crash_at_every_call_of_a_close_closes_once() {
    let setup = Setup::lazy();
    let memory = founded(&setup);
    assert_eq!(work(&setup, &memory), 3);
    let calls = memory.calls().len();
    assert!(calls > 150, "{calls} calls are too few for a test");
    for call in 0..calls {
        crash_at(call, Fault::Crash, Keep::Nothing);
        let keep = if call % 2 == 0 { Keep::Everything } else { Keep::Torn(call as u64) };
        crash_at(call, Fault::CrashWithin, keep);
    }
}

#[test]
fn crash_of_one_write_is_made_good_by_the_next_close() {
    let setup = Setup::lazy();
    let calls = {
        let memory = founded(&setup);
        work(&setup, &memory);
        memory.calls().len()
    };
    let mut refused = 0;
    for call in 0..calls {
        let memory = founded(&setup);
        let Ok((log, _)) = setup.open(&memory) else { continue };
        live(&log);
        memory.plan(call, Fault::Fail(std::io::ErrorKind::StorageFull));
        let first = periods(&memory).and_then(|mut periods| {
            let first = close(&mut periods, &log);
            // The same, without a restart.
            let _ = close(&mut periods, &log);
            first
        });
        refused += usize::from(matches!(first, Err(PeriodError::Io { .. })));
        log.shutdown();
        // What was planned and did not come is forgotten.
        let memory = memory.crash(Keep::Everything);
        let (log, _) = setup.open(&memory).unwrap();
        let mut periods = periods(&memory).unwrap();
        close(&mut periods, &log).unwrap();
        log.shutdown();
        assert_true(&periods, &pairs(&memory));
    }
    assert!(refused > 20, "{refused} closes are too few for a test");
}
