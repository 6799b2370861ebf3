//! What stops disclosures, is said, and ends by itself; and what does not stop acts.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign_domain::time::Timestamp;
use countersign_log::Log;
use countersign_log::append::{AppendError, Stale};
use countersign_log::backend::memory::Memory;
use countersign_log::clock::Clock;
use countersign_log::trouble::Trouble;

use crate::support::{NOW, Setup, block_on, disclose, suspension};

fn wait_until(is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < patience, "it never came to be");
        std::thread::yield_now();
    }
}

/// Lets the other tasks run until it is so.
async fn run_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

fn open_at(setup: &Setup, memory: &Memory, clock: impl Clock + 'static) -> Log {
    let (backend, signer) = (Arc::new(memory.clone()), Arc::new(setup.signer.clone()));
    Log::open(&setup.config, backend, signer, Arc::new(clock)).unwrap().0
}

#[test]
fn nothing_is_released_while_receipts_cannot_be_kept() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    let is_published = || log.metrics().unpublished_since_seconds == 0;
    wait_until(is_published);
    // An idle log is not behind, however long.
    setup.clock.set(NOW + 500);
    assert_eq!(log.trouble(), None);
    assert!(block_on(disclose(&log, 1)).is_ok());
    wait_until(is_published);

    memory.set_broken(Some("log"));
    assert!(block_on(disclose(&log, 1)).is_ok());
    setup.clock.set(NOW + 530);
    assert!(block_on(disclose(&log, 1)).is_ok());
    assert_eq!(log.trouble(), None);
    setup.clock.set(NOW + 531);
    let since = Timestamp::from_seconds(NOW + 500);
    assert_eq!(block_on(disclose(&log, 1)).err(), Some(AppendError::Unpublished { since }));
    assert_eq!(log.trouble(), Some(Trouble::Unpublished { since }));
    assert_eq!(log.metrics().unpublished_since_seconds, NOW + 500);
    assert_eq!(log.head(), 6);
    block_on(log.append_act(suspension(), None, None)).unwrap();
    assert_eq!(log.register().suspended().len(), 1);

    memory.set_broken(None);
    wait_until(|| log.trouble().is_none());
    assert!(block_on(disclose(&log, 1)).is_ok());
}

#[test]
fn crash_what_waited_before_a_restart_still_waits() {
    let (mut setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    wait_until(|| log.metrics().unpublished_since_seconds == 0);
    memory.set_broken(Some("log"));
    setup.clock.set(NOW + 5);
    assert!(block_on(disclose(&log, 1)).is_ok());
    log.shutdown();

    setup.clock.set(NOW + 36);
    let (log, _) = setup.open(&memory).unwrap();
    let since = Timestamp::from_seconds(NOW + 5);
    assert_eq!(block_on(disclose(&log, 1)).err(), Some(AppendError::Unpublished { since }));
    log.shutdown();

    // With a site that can be written, nobody has to wait for the first interval.
    memory.set_broken(None);
    setup.config.publish_interval_ms = 3_600_000;
    let (log, _) = setup.open(&memory).unwrap();
    assert_eq!(log.trouble(), None);
    assert!(block_on(disclose(&log, 1)).is_ok());
}

#[test]
fn a_sequencer_that_has_gone_is_told() {
    let (setup, memory) = (Setup::lazy(), Memory::new());
    setup.found(&memory).shutdown();
    let is_broken = Arc::new(AtomicBool::new(false));
    let broken = Arc::clone(&is_broken);
    let log = open_at(&setup, &memory, move || {
        let is_sequencer = std::thread::current().name() == Some("log-sequence");
        assert!(!(is_sequencer && broken.load(Ordering::SeqCst)), "so it is stopped");
        Timestamp::from_seconds(NOW)
    });
    assert_eq!(log.trouble(), None);
    is_broken.store(true, Ordering::SeqCst);
    assert_eq!(block_on(disclose(&log, 1)).err(), Some(AppendError::Closed));
    wait_until(|| log.trouble() == Some(Trouble::SequencerGone));
}

#[test]
fn an_act_overtakes_a_full_queue() {
    const QUEUE_MAX: u64 = 16_384;
    let (setup, memory) = (Setup::lazy(), Memory::new());
    setup.found(&memory).shutdown();
    // The sequencer asks what time it is before it does anything, and so waits for us.
    let gate = Arc::new(Mutex::new(()));
    let came = Arc::new(AtomicBool::new(false));
    let (same, has_come) = (Arc::clone(&gate), Arc::clone(&came));
    let log = open_at(&setup, &memory, move || {
        has_come.store(true, Ordering::SeqCst);
        let _passed = same.lock().unwrap();
        Timestamp::from_seconds(NOW)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let ask = || {
        let log = log.clone();
        local.spawn_local(async move { disclose(&log, 0).await.map(|released| released.placed()) })
    };
    let closed = gate.lock().unwrap();
    came.store(false, Ordering::SeqCst);
    let first = ask();
    local.block_on(&runtime, run_until(|| came.load(Ordering::SeqCst)));
    let waiting: Vec<_> = (0..QUEUE_MAX).map(|_| ask()).collect();
    local.block_on(&runtime, run_until(|| log.metrics().queue_length == QUEUE_MAX));
    let turned_away = local.block_on(&runtime, ask()).unwrap();
    assert_eq!(turned_away.err(), Some(AppendError::Busy));
    let act = {
        let log = log.clone();
        local.spawn_local(async move { log.append_act(suspension(), None, None).await })
    };
    let is_in = || log.metrics().queue_length > QUEUE_MAX || act.is_finished();
    local.block_on(&runtime, run_until(is_in));
    drop(closed);

    assert_eq!(local.block_on(&runtime, first).unwrap().unwrap().index, 3);
    assert_eq!(local.block_on(&runtime, act).unwrap().unwrap().index, 4);
    for waited in waiting {
        let refused = local.block_on(&runtime, waited).unwrap().err();
        let is_stale = matches!(refused, Some(AppendError::Stale(Stale::ActBetween { .. })));
        assert!(is_stale, "{refused:?}");
    }
}

#[test]
fn trouble_of_a_full_disk_is_said_until_a_write_is_taken() {
    let (setup, memory) = (Setup::eager(), Memory::new());
    let log = setup.found(&memory);
    wait_until(|| log.metrics().unpublished_since_seconds == 0);
    assert!(block_on(disclose(&log, 1)).is_ok());
    assert_eq!(log.trouble(), None);
    memory.set_full(Some(io::ErrorKind::StorageFull));
    let kind = io::ErrorKind::StorageFull;
    assert_eq!(block_on(disclose(&log, 1)).err(), Some(AppendError::Disk { kind }));
    assert_eq!(log.trouble(), Some(Trouble::Disk { kind }));
    // Nobody discloses meanwhile: it is tried by whoever asks.
    memory.set_full(None);
    wait_until(|| log.trouble().is_none());
    assert!(memory.files().iter().all(|file| !file.starts_with("stream/room")));
    assert!(block_on(disclose(&log, 1)).is_ok());
}
