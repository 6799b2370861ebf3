//! Clocks that jump: forward, back, while disclosures wait, before and after restarts. Times in the log
//! never run back, no jump gets into it, and acts by a clock that is right are taken all the while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_domain::time::Timestamp;
use countersign_log::append::{ActError, AppendError};
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::{Fault, Keep, Memory};
use countersign_log::clock::Clock;
use countersign_log::clock_watch::ClockJump;
use countersign_log::trouble::Trouble;
use countersign_log::{Log, OpenError};
use countersign_protocol::entry::{Entry, SignedAct};

use crate::memory_site::verified;
use crate::support::{
    HandClock, NOW, Setup, block_on, disclose, leaves, pairs, reinstatement, signed_at, suspension,
};

const HOUR_S: u64 = 3_600;
const YEAR_S: u64 = 365 * 24 * HOUR_S;

const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A log that does not mind that nothing is published while its clock jumps about.
fn quiet() -> Setup {
    let mut setup = Setup::lazy();
    setup.config.merge_delay_s = 4 * YEAR_S;
    setup
}

fn disclosed_at(log: &Log) -> Result<Timestamp, AppendError> {
    block_on(disclose(log, 1)).map(|released| released.placed().time)
}

/// A suspension and a reinstatement, dated by somebody whose clock is right.
fn acts_are_taken_at(log: &Log, seconds: u64) {
    for act in [suspension(), reinstatement()] {
        block_on(log.append_act(redated(act, seconds), None, None)).unwrap();
    }
}

fn redated(act: SignedAct, seconds: u64) -> SignedAct {
    let by: Vec<_> = act.signatures.into_iter().map(|signature| signature.by).collect();
    signed_at(act.act, at(seconds), &by)
}

/// The times of all entries, in their order.
fn times(memory: &Memory) -> Vec<u64> {
    let time = |(entry, _): &(Vec<u8>, Vec<u8>)| Entry::parse(entry).unwrap().time().seconds();
    pairs(memory).iter().map(time).collect()
}

#[test]
fn crash_clock_a_small_step_forward_is_a_step_forward() {
    let (setup, memory) = (quiet(), Memory::new());
    let log = setup.found(&memory);
    for step in [1, 60] {
        let before = setup.clock.now();
        setup.clock.jump(step);
        assert_eq!(disclosed_at(&log), Ok(before.plus_seconds(step.unsigned_abs())));
    }
    acts_are_taken_at(&log, NOW);
    assert_eq!(log.trouble(), None);
}

#[test]
fn crash_clock_a_jump_forward_does_not_get_into_the_log() {
    for jump_s in [61, HOUR_S, YEAR_S] {
        let (setup, memory) = (quiet(), Memory::new());
        let log = setup.found(&memory);
        disclosed_at(&log).unwrap();
        setup.clock.set(NOW + 10);
        setup.clock.jump(jump_s as i64);
        let jump = ClockJump { expected: at(NOW + 10), found: at(NOW + 10 + jump_s) };
        for _ in 0..3 {
            assert_eq!(disclosed_at(&log), Err(AppendError::Clock(jump)));
        }
        assert_eq!(log.trouble(), Some(Trouble::Clock(jump)));
        let said = jump.to_string();
        assert!(said.contains(&at(NOW + 10).to_string()) && said.contains("--accept-clock"));
        // Whoever has to suspend somebody now, by a clock that is right, can.
        acts_are_taken_at(&log, NOW + 10);
        if jump_s > 900 {
            let act = redated(suspension(), NOW + 10 + jump_s);
            let refused = block_on(log.append_act(act, None, None));
            assert_eq!(refused, Err(ActError::Append(AppendError::Clock(jump))));
        }
        // Set right, it goes on, and nothing in the log is from the future.
        setup.clock.jump(-(jump_s as i64));
        assert_eq!(log.trouble(), None);
        assert_eq!(disclosed_at(&log), Ok(at(NOW + 10)));
        acts_are_taken_at(&log, NOW + 10);
        log.shutdown();
        assert!(times(&memory).into_iter().all(|time| time <= NOW + 10));
        assert_eq!(verified(&memory, &setup.signer.note_key()), leaves(&pairs(&memory)));
    }
}

#[test]
fn crash_clock_a_jump_back_holds_time_still() {
    for jump_s in [1, HOUR_S, YEAR_S] {
        let (setup, memory) = (quiet(), Memory::new());
        let log = setup.found(&memory);
        setup.clock.set(NOW + 100);
        assert_eq!(disclosed_at(&log), Ok(at(NOW + 100)));
        setup.clock.jump(-(jump_s as i64));
        assert_eq!(log.next_time(), Ok(at(NOW + 100)));
        assert_eq!(disclosed_at(&log), Ok(at(NOW + 100)), "time went back");
        assert_eq!(log.trouble(), None);
        acts_are_taken_at(&log, NOW + 100);
        acts_are_taken_at(&log, NOW + 100 - 900);
        // The machine's clock comes back to where it was: no jump, and time goes on.
        setup.clock.jump(jump_s as i64);
        setup.clock.set(NOW + 105);
        assert_eq!(disclosed_at(&log), Ok(at(NOW + 105)));
        log.shutdown();
        assert_eq!(verified(&memory, &setup.signer.note_key()), leaves(&pairs(&memory)));
    }
}

#[test]
fn crash_clock_a_jump_while_disclosures_wait_is_seen() {
    let (setup, memory) = (quiet(), Memory::new());
    setup.found(&memory).shutdown();
    // The clock jumps when the sequencer looks at it, so after everything was decided and queued.
    let armed = Arc::new(AtomicBool::new(false));
    struct Jumping(HandClock, Arc<AtomicBool>);
    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            let is_sequencer = std::thread::current().name() == Some("log-sequence");
            if is_sequencer && self.1.swap(false, Ordering::SeqCst) {
                self.0.jump(YEAR_S as i64);
            }
            self.0.now()
        }
        fn uptime_s(&self) -> Option<u64> {
            self.0.uptime_s()
        }
        fn boot(&self) -> Option<String> {
            self.0.boot()
        }
    }
    let clock = Jumping(setup.clock.clone(), Arc::clone(&armed));
    let (backend, signer) = (Arc::new(memory.clone()), Arc::new(setup.signer.clone()));
    let (log, _) = Log::open(&setup.config, backend, signer, Arc::new(clock)).unwrap();
    let head = log.head();
    armed.store(true, Ordering::SeqCst);
    let (one, two, act) = block_on(async {
        tokio::join!(disclose(&log, 1), disclose(&log, 2), log.append_act(suspension(), None, None))
    });
    let is_jump = |error| matches!(error, Some(AppendError::Clock(_) | AppendError::Stale(_)));
    assert!(is_jump(one.err()) && is_jump(two.err()));
    assert_eq!(act.unwrap().index, head);
    assert_eq!(log.head(), head + 1);
}

#[test]
fn crash_clock_a_restart_does_not_make_a_jump_good() {
    let (mut setup, memory) = (quiet(), Memory::new());
    let log = setup.found(&memory);
    disclosed_at(&log).unwrap();
    setup.clock.jump(YEAR_S as i64);
    assert!(matches!(disclosed_at(&log), Err(AppendError::Clock(_))));
    log.shutdown();
    let log = setup.open(&memory).unwrap().0;
    assert!(matches!(disclosed_at(&log), Err(AppendError::Clock(_))));
    assert!(matches!(log.trouble(), Some(Trouble::Clock(_))));
    acts_are_taken_at(&log, NOW);
    log.shutdown();

    // An operator has looked, and the clock is right now.
    setup.config.accept_clock = true;
    let log = setup.open(&memory).unwrap().0;
    assert_eq!(disclosed_at(&log), Ok(at(NOW + YEAR_S)));
    log.shutdown();
    setup.config.accept_clock = false;
    let log = setup.open(&memory).unwrap().0;
    assert_eq!(disclosed_at(&log), Ok(at(NOW + YEAR_S)));
    acts_are_taken_at(&log, NOW + YEAR_S);
}

#[test]
fn crash_clock_a_start_of_the_machine_is_believed_and_says_how_long_it_was() {
    let (setup, memory) = (quiet(), Memory::new());
    setup.found(&memory).shutdown();
    setup.clock.restart();
    setup.clock.jump(YEAR_S as i64);
    let (log, recovered) = setup.open(&memory).unwrap();
    assert_eq!(recovered.newest, at(NOW));
    assert_eq!(disclosed_at(&log), Ok(at(NOW + YEAR_S)));
    log.shutdown();
    // A clock that begins in 1970, as without a battery, and is set a moment later, is no jump.
    setup.clock.restart();
    setup.clock.jump(-((NOW + YEAR_S) as i64));
    let (log, _) = setup.open(&memory).unwrap();
    assert_eq!(disclosed_at(&log), Ok(at(NOW + YEAR_S)));
    setup.clock.jump((NOW + YEAR_S + 50) as i64);
    assert_eq!(disclosed_at(&log), Ok(at(NOW + YEAR_S + 50)));
    assert_eq!(log.trouble(), None);
}

#[test]
fn crash_clock_what_was_seen_is_kept_or_named() {
    let (setup, memory) = (quiet(), Memory::new());
    setup.found(&memory).shutdown();
    assert!(memory.read("stream/clock").unwrap().unwrap().starts_with(b"countersign clock 1\n"));
    for spoiled in ["", "countersign clock 2\nrun 1\n7\n", "countersign clock 1\nrun 1\n"] {
        memory.tamper("stream/clock", |bytes| *bytes = spoiled.as_bytes().to_vec());
        let error = setup.open(&memory).err().unwrap();
        assert!(matches!(error, OpenError::Io { file: "stream/clock", .. }), "{error}");
    }
    // Without the file a start believes the clock; where it cannot be written, the log goes on.
    memory.forget("stream/clock");
    let memory = memory.crash(Keep::Everything);
    memory.plan(memory.calls().len() + 2, Fault::Fail(std::io::ErrorKind::StorageFull));
    let (log, _) = setup.open(&memory).unwrap();
    assert!(disclosed_at(&log).is_ok());
}
