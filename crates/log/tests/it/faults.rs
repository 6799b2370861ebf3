//! Every call to the disk goes wrong once, in every way, over a whole small life of a log: founded, worked
//! with, stopped and started again. Then the machine stops, whatever it leaves is read again, and nothing
//! that anybody was told has become untrue.
//!
//! What it is not: a race. Sequencer and publisher take turns here, so that the calls are the same in each
//! run and none is left out; `crash` lets them run beside each other.

use std::io::ErrorKind;

use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::{Fault, Keep, Memory};
use countersign_log::check::check;
use countersign_protocol::checkpoint::Checkpoint;

use crate::crash::assert_signed_stays_true;
use crate::memory_site::verified;
use crate::support::{
    Acknowledged, ORIGIN, Setup, assert_kept, assert_together, block_on, disclose, founding_acts,
    leaves, pairs, pairs_before_tear, reinstatement, suspension,
};

/// What goes wrong with a call that changes something.
const CHANGE_FAULTS: [Fault; 5] = [
    Fault::Fail(ErrorKind::Other),
    Fault::Short(ErrorKind::StorageFull),
    Fault::Done(ErrorKind::Other),
    Fault::Crash,
    Fault::CrashWithin,
];

/// What a life has left in people's hands.
struct Life {
    setup: Setup,
    acknowledged: Vec<Acknowledged>,
}

impl Life {
    /// The life of a log that publishes when it is opened and when it is shut down.
    fn new() -> Self {
        Self { setup: Setup::lazy(), acknowledged: Vec::new() }
    }

    /// The same life up to here, to go on in another world.
    fn elsewhere(&self) -> Self {
        let mut setup = self.setup.clone();
        setup.signer = setup.signer.elsewhere();
        Self { setup, acknowledged: self.acknowledged.clone() }
    }

    /// One session: opens the log, founds it where it is not, suspends and reinstates the partner, and
    /// discloses to it in between. What fails is not in anybody's hands.
    fn session(&mut self, memory: &Memory, disclosures: usize) {
        let Ok((log, _)) = self.setup.open(memory) else { return };
        let acts = founding_acts().into_iter().skip(log.head() as usize);
        for (act, document) in acts {
            let placed = block_on(log.append_act(act, document, None));
            let took = |placed| Acknowledged { placed, seed: None, people: 0 };
            self.acknowledged.extend(placed.ok().map(took));
        }
        for friends in 0..disclosures {
            let released = block_on(disclose(&log, friends * 3));
            self.acknowledged.extend(released.as_ref().ok().map(Acknowledged::of));
        }
        for act in [suspension(), reinstatement()].into_iter().take(disclosures) {
            let placed = block_on(log.append_act(act, None, Some("ann".to_owned())));
            let took = |placed| Acknowledged { placed, seed: None, people: 0 };
            self.acknowledged.extend(placed.ok().map(took));
        }
        log.shutdown();
    }

    /// Founding, work, and work again.
    fn whole(memory: &Memory) -> Self {
        let mut life = Self::new();
        for disclosures in [0, 2, 1] {
            life.session(memory, disclosures);
        }
        life
    }

    /// Starts again with what the disk has, and looks at everything. The log goes on after that.
    fn assert_sound(&self, memory: &Memory, what: &str) {
        let _said = Said(what);
        let Self { setup, .. } = self.elsewhere();
        if memory.exists("stream/stream").unwrap() {
            let (found, _) = pairs_before_tear(memory);
            assert_together(&found);
            assert_kept(&self.acknowledged, &found);
            if memory.exists("log/checkpoint").unwrap() {
                let published = verified(memory, &setup.signer.note_key());
                assert!(leaves(&found).starts_with(&published), "published and not in the stream");
                let key = setup.signer.note_key();
                let stored = memory
                    .read("stream/checkpoint")
                    .unwrap()
                    .unwrap_or_else(|| panic!("published and not stored"));
                let stored = Checkpoint::open(&stored, ORIGIN, &key).unwrap();
                assert!(stored.size >= published.len() as u64, "published and not stored");
            }
        } else {
            assert!(self.acknowledged.is_empty());
        }
        let (log, _) = setup.open(memory).unwrap_or_else(|error| panic!("{what}: {error}"));
        if log.register().schema().is_some() {
            drop(block_on(disclose(&log, 2)).unwrap());
        }
        log.shutdown();
        let found = pairs(memory);
        assert_together(&found);
        assert_kept(&self.acknowledged, &found);
        assert_signed_stays_true(&setup, memory);
        assert_eq!(verified(memory, &setup.signer.note_key()), leaves(&found));
        assert_eq!(check(memory, ORIGIN, &setup.signer.note_key()).findings, []);
    }
}

/// Says which case it was, if it fails.
struct Said<'a>(&'a str);

impl Drop for Said<'_> {
    #[expect(clippy::print_stdout, reason = "a test that fails says which case it was")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}

/// The machine stops and leaves little, all or something of what was not synced: each is sound.
fn assert_sound_after(life: &Life, memory: &Memory, call: usize, what: &str) {
    let calls = memory.calls();
    let at = calls.get(call).map(|at| format!("{} {}", at.what, at.path)).unwrap_or_default();
    let torn = |seed: u64| Keep::Torn(seed + 31 * call as u64);
    for keep in [Keep::Nothing, Keep::Everything, torn(1), torn(2)] {
        let what = format!("call {call} ({at}): {what}, then {keep:?}");
        life.assert_sound(&memory.crash(keep), &what);
    }
}

#[test]
fn crash_every_change_broken_every_way() {
    let memory = Memory::new();
    Life::whole(&memory).assert_sound(&memory.crash(Keep::Nothing), "nothing went wrong");
    let calls = memory.calls().len();
    assert!(calls > 150, "{calls} calls are too few for a test");
    for call in 0..calls {
        for fault in CHANGE_FAULTS {
            let memory = Memory::new();
            memory.plan(call, fault);
            let life = Life::whole(&memory);
            assert_sound_after(&life, &memory, call, &format!("{fault:?}"));
        }
    }
}

/// A fault that was survived may still be the reason why a stop soon afterwards is not.
#[test]
fn crash_soon_after_a_change_that_failed() {
    let whole = Memory::new();
    Life::whole(&whole);
    let soon = 40;
    let step = if is_full() { 1 } else { 9 };
    for call in 0..whole.calls().len() {
        for fault in [Fault::Fail(ErrorKind::Other), Fault::Done(ErrorKind::Other)] {
            for later in (1 + call % step..soon).step_by(step) {
                let memory = Memory::new();
                memory.plan(call, fault);
                memory.plan(call + later, Fault::Crash);
                let life = Life::whole(&memory);
                let what = format!("call {call}, {fault:?}, and a stop {later} calls later");
                life.assert_sound(&memory.crash(Keep::Nothing), &what);
            }
        }
    }
}

/// The same where a tile becomes full, and the partial ones go.
#[test]
fn crash_every_change_broken_around_a_full_tile() {
    let start = Memory::new();
    let mut life = Life::new();
    life.session(&start, 2);
    let (log, _) = life.setup.open(&start).unwrap();
    while log.head() < 254 {
        drop(block_on(disclose(&log, 0)).unwrap());
    }
    log.shutdown();
    let whole = start.crash(Keep::Everything);
    life.elsewhere().session(&whole, 2);
    let calls = whole.calls();
    let removed = calls.iter().filter(|call| call.what == "remove_folder").count();
    assert_eq!(removed, 2, "no tile became full");
    for (call, at) in calls.iter().enumerate() {
        for fault in [Fault::Fail(ErrorKind::Other), Fault::CrashWithin] {
            let memory = start.crash(Keep::Everything);
            memory.plan(call, fault);
            let mut life = life.elsewhere();
            life.session(&memory, 2);
            let what = format!("call {call} ({} {}): {fault:?}", at.what, at.path);
            life.assert_sound(&memory.crash(Keep::Torn(call as u64)), &what);
        }
    }
}

/// What is not read, or not read whole, is an error that names a file, and never another log.
#[test]
fn crash_every_read_broken() {
    // The last entries are durable, and no checkpoint speaks of them yet.
    let running = Memory::new();
    let mut life = Life::whole(&running);
    let (log, _) = life.setup.open(&running).unwrap();
    for friends in [1, 200] {
        life.acknowledged.push(Acknowledged::of(&block_on(disclose(&log, friends)).unwrap()));
    }
    let start = running.crash(Keep::Everything);
    drop(log);
    let whole = start.crash(Keep::Everything);
    life.elsewhere().session(&whole, 1);
    let reads = whole.reads();
    assert!(reads.len() > 40, "{} reads are too few for a test", reads.len());
    let mut refused = 0;
    for (read, at) in reads.iter().enumerate() {
        for fault in [Fault::Fail(ErrorKind::Other), Fault::Short(ErrorKind::Other)] {
            let memory = start.crash(Keep::Everything);
            memory.plan_read(read, fault);
            let what = format!("read {read} ({} {}): {fault:?}", at.what, at.path);
            let mut life = life.elsewhere();
            if let Err(error) = life.setup.open(&memory).map(|(log, _)| log.shutdown()) {
                let said = error.to_string();
                assert!(said.contains(&at.path), "{what}: {said:?} does not name the file");
                refused += 1;
            }
            life.session(&memory, 1);
            life.assert_sound(&memory.crash(Keep::Nothing), &what);
        }
    }
    assert!(refused > 20, "only {refused} reads that failed were noticed");
}

fn is_full() -> bool {
    std::env::var_os("COUNTERSIGN_FULL").is_some()
}
