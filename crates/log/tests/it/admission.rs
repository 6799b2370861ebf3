//! The seam of admission: what is asked, in which order, and what is told of what became of it. Whoever
//! admits here counts people and knows nothing of budgets; those are tested where there are both.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use countersign_domain::budget::BudgetName;
use countersign_domain::reason::Reason;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use countersign_log::admission::{Admission, Disclosed, Refusal, Weighed};
use countersign_log::annex::Annex;
use countersign_log::append::{AppendError, Stale};
use countersign_log::backend::memory::{Fault, Keep, Memory};
use countersign_log::{Log, OpenError};

use crate::support::{
    REQUEST, Setup, block_on, circumstances, disclose, founding_acts, name, pairs, permitted,
    reinstatement, suspension,
};

/// Everything that was said, and how many people are counted.
#[derive(Default)]
struct Told {
    said: Vec<String>,
    /// People in durable disclosures.
    durable: usize,
    /// People in those that were admitted, too.
    counted: usize,
}

/// Lets so many people be disclosed, all disclosures together, and asks for an alert above half of it.
#[derive(Clone)]
struct Cap {
    people_max: usize,
    told: Arc<Mutex<Told>>,
}

struct Waiting {
    cap: Cap,
    people: usize,
}

impl Cap {
    fn of(people_max: usize) -> Self {
        Self { people_max, told: Arc::default() }
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap().said)
    }

    fn counts(&self) -> (usize, usize) {
        let told = self.told.lock().unwrap();
        (told.durable, told.counted)
    }

    fn open(&self, setup: &Setup, memory: &Memory) -> Result<Log, OpenError> {
        let admission = Arc::new(self.clone());
        let (backend, signer) = (Arc::new(memory.clone()), Arc::new(setup.signer.clone()));
        let clock = Arc::new(setup.clock.clone());
        Ok(Log::open_admitting(&setup.config, backend, signer, clock, admission)?.0)
    }
}

impl Admission for Cap {
    fn governed(&self, register: &Arc<Register>) {
        let said = format!("register {:?}", register.last_act());
        self.told.lock().unwrap().said.push(said);
    }

    fn replayed(&self, disclosed: &Disclosed<'_>, _: Timestamp) {
        let mut told = self.told.lock().unwrap();
        told.said.push(format!("replayed {}", disclosed.people.len()));
        told.durable += disclosed.people.len();
        told.counted += disclosed.people.len();
    }

    fn weigh(&self, disclosed: &Disclosed<'_>) -> Box<dyn Weighed> {
        Box::new(Waiting { cap: self.clone(), people: disclosed.people.len() })
    }
}

impl Weighed for Waiting {
    fn admit(&mut self, _: Timestamp) -> Result<Vec<BudgetName>, Refusal> {
        let mut told = self.cap.told.lock().unwrap();
        let budget = BudgetName { agreement: None, budget: name("cap") };
        if told.counted + self.people > self.cap.people_max {
            let client = name("aurora-home");
            return Err(Refusal { reason: Reason::Budget, budget, client });
        }
        told.counted += self.people;
        let is_much = 2 * told.counted > self.cap.people_max;
        Ok(is_much.then_some(budget).into_iter().collect())
    }

    fn settle(self: Box<Self>) {
        let mut told = self.cap.told.lock().unwrap();
        told.durable += self.people;
        told.said.push(format!("settled {}", self.people));
    }

    fn take_back(self: Box<Self>) {
        let mut told = self.cap.told.lock().unwrap();
        told.counted -= self.people;
        told.said.push(format!("taken back {}", self.people));
    }
}

fn found(cap: &Cap, setup: &Setup, memory: &Memory) -> Log {
    let log = cap.open(setup, memory).unwrap();
    for (act, document) in founding_acts() {
        block_on(log.append_act(act, document, None)).unwrap();
    }
    log
}

/// The people in all durable disclosures.
fn people(memory: &Memory) -> usize {
    let of = |annex: &[u8]| match Annex::parse(annex).unwrap() {
        Annex::Disclosure(annex) => annex.records.len(),
        Annex::Act(_) | Annex::Consents(_) | Annex::Close => 0,
    };
    pairs(memory).iter().map(|(_, annex)| of(annex)).sum()
}

#[test]
fn the_register_is_told_before_what_is_decided_on_it() {
    let (setup, memory, cap) = (Setup::lazy(), Memory::new(), Cap::of(1_000));
    let log = found(&cap, &setup, &memory);
    drop(block_on(disclose(&log, 2)).unwrap());
    block_on(log.append_act(suspension(), None, None)).unwrap();
    block_on(log.append_act(reinstatement(), None, None)).unwrap();
    drop(block_on(disclose(&log, 0)).unwrap());
    log.shutdown();
    let said = [
        "register None",
        "register Some(0)",
        "register Some(1)",
        "register Some(2)",
        "settled 3",
        "register Some(4)",
        "register Some(5)",
        "settled 1",
    ];
    assert_eq!(cap.said(), said);

    // In the replay the field schema alone is told, and the register as it stands at the end.
    let again = Cap::of(1_000);
    again.open(&setup, &memory).unwrap().shutdown();
    let said = ["register Some(1)", "replayed 3", "replayed 1", "register Some(5)"];
    assert_eq!(again.said(), said);
    assert_eq!(again.counts(), cap.counts());
}

#[test]
fn what_is_refused_leaves_no_entry_and_no_trace() {
    let (setup, memory, cap) = (Setup::lazy(), Memory::new(), Cap::of(10));
    let log = found(&cap, &setup, &memory);
    drop(block_on(disclose(&log, 3)).unwrap());
    let refused = block_on(disclose(&log, 6)).err();
    let Some(AppendError::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.reason, Reason::Budget);
    let said = refusal.to_string();
    assert!(said.contains("cap of the platform") && said.contains("aurora-home"), "{said}");
    drop(block_on(disclose(&log, 5)).unwrap());
    log.shutdown();
    assert_eq!((log.head(), cap.counts()), (5, (10, 10)));
    let metrics = log.metrics();
    assert_eq!((metrics.budget_refusals, metrics.budget_alerts), (1, 1));
}

#[test]
fn what_no_longer_holds_is_not_asked_for() {
    let (setup, memory, cap) = (Setup::lazy(), Memory::new(), Cap::of(10));
    let log = found(&cap, &setup, &memory);
    let permitted = permitted(&log, 3);
    block_on(log.append_act(suspension(), None, None)).unwrap();
    let stale = block_on(log.append(permitted, REQUEST, circumstances()));
    let error = stale.err().map(|refused| refused.error);
    assert!(matches!(error, Some(AppendError::Stale(Stale::ActBetween { .. }))), "{error:?}");
    assert_eq!(cap.counts(), (0, 0));
}

#[test]
fn many_at_once_fill_a_cap_exactly() {
    let (mut setup, memory, cap) = (Setup::lazy(), Memory::new(), Cap::of(400));
    setup.config.pool_wait_ms = 1;
    let log = found(&cap, &setup, &memory);
    let answered: usize = std::thread::scope(|scope| {
        let answer = || (0..100).filter(|_| block_on(disclose(&log, 0)).is_ok()).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(answer)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    log.shutdown();
    assert_eq!((answered, cap.counts()), (400, (400, 400)));
    assert_eq!(people(&memory), 400);
    assert_eq!(log.metrics().budget_refusals, 400);
}

/// The disk refuses writes, at every call in turn. What is counted is what is durable, always.
#[test]
fn crash_what_a_failed_write_admitted_is_taken_back() {
    let setup = Setup::lazy();
    let founded = Memory::new();
    found(&Cap::of(0), &setup, &founded).shutdown();
    let mut taken_back = 0;
    for call in 0..40 {
        for fault in [Fault::Fail(ErrorKind::StorageFull), Fault::Short(ErrorKind::StorageFull)] {
            let (memory, cap) = (founded.crash(Keep::Everything), Cap::of(60));
            let Ok(log) = cap.open(&setup, &memory) else { continue };
            memory.plan(memory.calls().len() + call, fault);
            let mut failed = 0;
            for friends in [0, 2, 7, 1, 4, 20] {
                failed += usize::from(block_on(disclose(&log, friends)).is_err());
            }
            let is_poisoned = log.metrics().is_poisoned;
            let alerts = log.metrics().budget_alerts;
            log.shutdown();
            let said = cap.said();
            let told_back = said.iter().filter(|said| said.starts_with("taken back")).count();
            assert_eq!(told_back, failed, "{call} {fault:?}: {said:?}");
            taken_back += told_back;
            let (durable, counted) = cap.counts();
            assert_eq!(durable, counted);
            assert_eq!(alerts, u64::from(2 * counted > 60), "an alert of what is not durable");
            if !is_poisoned {
                assert_eq!(people(&memory), counted, "{call} {fault:?}");
            }
            // After a crash, what is read back is what is counted.
            let crashed = memory.crash(Keep::Everything);
            let again = Cap::of(60);
            again.open(&setup, &crashed).unwrap().shutdown();
            assert_eq!(again.counts(), (people(&crashed), people(&crashed)));
        }
    }
    assert!(taken_back > 5, "{taken_back} are too few for a test");
}

/// A crash at any call: what is counted afterwards is what is durable, no more and no less.
#[test]
fn crash_counts_are_those_of_the_durable_entries() {
    let setup = Setup::lazy();
    let founded = Memory::new();
    found(&Cap::of(0), &setup, &founded).shutdown();
    for call in 0..40 {
        for keep in [Keep::Nothing, Keep::Everything, Keep::Torn(call as u64)] {
            let (memory, cap) = (founded.crash(Keep::Everything), Cap::of(60));
            memory.plan(call, Fault::CrashWithin);
            if let Ok(log) = cap.open(&setup, &memory) {
                for friends in [0, 2, 7, 1, 4, 20] {
                    let _ = block_on(disclose(&log, friends));
                }
            }
            let memory = memory.crash(keep);
            let again = Cap::of(60);
            let log = again.open(&setup, &memory).unwrap();
            let durable = people(&memory);
            assert_eq!(again.counts(), (durable, durable), "{call} {keep:?}");
            // What is left of the cap can be had, and not one person more.
            while block_on(disclose(&log, 0)).is_ok() {}
            log.shutdown();
            assert_eq!(people(&memory), 60, "{call} {keep:?}");
        }
    }
}
