//! Order: no disclosure stands behind the act that forbids it, and disks that fail release nothing.

use std::io;

use countersign_domain::agreement::Delivery;
use countersign_domain::field::FieldId;
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;
use countersign_log::OpenError;
use countersign_log::annex::Annex;
use countersign_log::append::{ActError, AppendError, Stale};
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::{Fault, Memory};
use countersign_log::backend::posix::Posix;
use countersign_log::guarded::Guarded;
use countersign_log::open::LOCK;
use countersign_log::trouble::Trouble;
use countersign_protocol::entry::{Entry, SignedAct};
use countersign_protocol::record::{Record, records_root};
use countersign_protocol::replay::ReplayError;

use crate::support::{
    Acknowledged, Data, NOW, REQUEST, Setup, assert_kept, block_on, circumstances, decided,
    disclose, founding_acts, pairs, permitted, reinstatement, suspension,
};

#[test]
fn a_disclosure_is_logged_as_it_was_decided() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    let released = block_on(disclose(&log, 4)).unwrap();
    let (placed, seed) = (released.placed(), *released.seed());
    let said = released.decided().records.iter().map(|record| Record {
        pairwise: record.pairwise,
        relation: record.relation,
        fields: record.fields,
    });
    let root = records_root(&seed, said);
    let mut values = Vec::new();
    let answer = released.answer(|records| {
        for record in records {
            record.values(|field, value| {
                assert_ne!(field, FieldId::new(3).unwrap(), "work was not released");
                if field == FieldId::ID {
                    values.push(value.to_vec());
                }
            });
        }
        b"{}".to_vec()
    });
    assert_eq!(values, [b"0", b"1", b"2", b"3", b"4"]);
    assert_eq!((answer.body(), answer.placed()), (&b"{}"[..], placed));
    assert_eq!(placed.index, 3);
    assert_eq!(placed.deadline, Timestamp::from_seconds(NOW + 60));

    let (entry, annex) = pairs(&memory).pop().unwrap();
    let Ok(Entry::Disclosure(disclosure)) = Entry::parse(&entry) else { panic!("no disclosure") };
    assert_eq!(disclosure.viewer, ["id", "friends", "name"]);
    assert_eq!(disclosure.friend, ["id"]);
    assert_eq!((disclosure.people, disclosure.as_of), (8, 3));
    assert_eq!(disclosure.records, root);
    let Ok(Annex::Disclosure(annex)) = Annex::parse(&annex) else { panic!("no annex") };
    assert_eq!(annex.count(Relation::Friend), 4);
    let reasons: [Vec<_>; 3] =
        annex.withheld.map(|withheld| withheld.into_iter().map(|(reason, _)| reason).collect());
    let expected = [
        vec![Reason::Agreement],
        vec![Reason::WindDown, Reason::Grant],
        vec![Reason::Minor, Reason::Grant],
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn a_decision_that_has_not_seen_an_act_is_decided_again() {
    let log = Setup::lazy().found(&Memory::new());
    let before = permitted(&log, 1);
    block_on(log.append_act(suspension(), None, None)).unwrap();
    let refused = block_on(log.append(before, REQUEST, circumstances())).err().unwrap();
    let between = Stale::ActBetween { as_of: 3, last_act: 3 };
    assert_eq!(refused.error, AppendError::Stale(between));
    assert_eq!(log.metrics().refused_stale, 1);
    // The people come back under guard, and a decision that has seen the act may go on.
    let again = decided(refused.people, log.view().as_of, Timestamp::MAX);
    assert_eq!(block_on(log.append(again, REQUEST, circumstances())).unwrap().placed().index, 4);
}

#[test]
fn an_entry_says_whether_the_platform_sends_the_answer() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    for (people, delivery) in [
        (Data::with_friends(1), Delivery::Clear),
        (Data::with_friends(1).elsewhere(), Delivery::Decided),
    ] {
        let decision = decided(Guarded::new(people), log.view().as_of, Timestamp::MAX);
        let released = block_on(log.append(decision, REQUEST, circumstances())).unwrap();
        drop(released);
        let (entry, _) = pairs(&memory).pop().unwrap();
        let Ok(Entry::Disclosure(entry)) = Entry::parse(&entry) else { panic!("no disclosure") };
        assert_eq!(entry.delivery, delivery);
    }
}

#[test]
fn a_decision_holds_until_its_time_and_not_ahead_of_the_log() {
    let setup = Setup::lazy();
    let log = setup.found(&Memory::new());
    let until = Timestamp::from_seconds(NOW + 10);
    let append = |as_of| {
        let people = Guarded::new(Data::with_friends(1));
        block_on(log.append(decided(people, as_of, until), REQUEST, circumstances()))
    };
    setup.clock.set(NOW + 9);
    assert_eq!(append(3).unwrap().placed().time, Timestamp::from_seconds(NOW + 9));
    setup.clock.set(NOW + 5);
    let time = append(3).unwrap().placed().time;
    assert_eq!(time, Timestamp::from_seconds(NOW + 9), "time went back");
    setup.clock.set(NOW + 10);
    let expired = Stale::Expired { valid_until: until, now: until };
    assert_eq!(append(3).err().unwrap().error, AppendError::Stale(expired));
    let ahead = Stale::Ahead { as_of: 6, size: 5 };
    assert_eq!(append(6).err().unwrap().error, AppendError::Stale(ahead));
}

#[test]
fn a_decision_has_seen_what_is_more_than_two_seconds_old() {
    let setup = Setup::lazy();
    let log = setup.found(&Memory::new());
    let append = |as_of| {
        let people = Guarded::new(Data::with_friends(1));
        block_on(log.append(decided(people, as_of, Timestamp::MAX), REQUEST, circumstances()))
    };
    drop(append(3).unwrap());
    setup.clock.set(NOW + 2);
    drop(append(3).unwrap());
    setup.clock.set(NOW + 3);
    let behind = Stale::Behind { as_of: 3, as_of_min: 4 };
    assert_eq!(append(3).err().unwrap().error, AppendError::Stale(behind));
    drop(append(4).unwrap());
    // What was decided on a look at the log that is renewed goes on; behind an act no look is.
    let view = log.view();
    let people = Guarded::new(Data::with_friends(1));
    setup.clock.set(NOW + 8);
    drop(block_on(disclose(&log, 1)).unwrap());
    let renewed = log.renewed(view.clone());
    assert_eq!((view.as_of, renewed.as_of), (6, 7));
    let decision = decided(people, renewed.as_of, Timestamp::MAX);
    drop(block_on(log.append(decision, REQUEST, circumstances())).unwrap());
    block_on(log.append_act(suspension(), None, None)).unwrap();
    assert_eq!(log.renewed(renewed).as_of, 7);
}

#[test]
fn no_disclosure_stands_behind_an_act_that_it_has_not_seen() {
    let memory = Memory::new();
    let log = Setup::eager().found(&memory);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let mut tasks = Vec::new();
    for task in 0..8 {
        let log = log.clone();
        tasks.push(runtime.spawn(async move {
            for _ in 0..60 {
                let decision = permitted(&log, task);
                tokio::task::yield_now().await;
                match log.append(decision, REQUEST, circumstances()).await {
                    Ok(_) => {}
                    Err(refused) => assert!(matches!(refused.error, AppendError::Stale(_))),
                }
            }
        }));
    }
    let acts = runtime.spawn({
        let log = log.clone();
        async move {
            for _ in 0..10 {
                log.append_act(suspension(), None, None).await.unwrap();
                log.append_act(reinstatement(), None, None).await.unwrap();
            }
        }
    });
    for task in tasks.into_iter().chain([acts]) {
        runtime.block_on(task).unwrap();
    }
    let mut last_act = 0;
    for ((entry, _), index) in pairs(&memory).iter().zip(0..) {
        match Entry::parse(entry).unwrap() {
            Entry::Act(_) => last_act = index,
            Entry::Disclosure(disclosure) => {
                assert!(disclosure.as_of > last_act, "entry {index} has not seen act {last_act}");
            }
            own => panic!("entry {index} is of kind {}", own.kind()),
        }
    }
    assert!(log.metrics().refused_stale > 0, "the race was never run");
}

#[test]
fn a_refused_act_changes_nothing() {
    let memory = Memory::new();
    let setup = Setup::lazy();
    let log = setup.found(&memory);
    let mut forged = suspension();
    forged.signatures[0].sig.0[7] ^= 1;
    let refused = block_on(log.append_act(forged, None, None));
    assert!(matches!(refused, Err(ActError::Refused(_))));
    let (schema_again, _) = founding_acts().remove(1);
    let refused = block_on(log.append_act(schema_again, Some(b"{}".to_vec()), None));
    assert!(matches!(refused, Err(ActError::Refused(_))));
    let early = SignedAct { time: Timestamp::from_seconds(NOW + 901), ..suspension() };
    let refused = block_on(log.append_act(early, None, None));
    assert!(matches!(refused, Err(ActError::Untimely { .. })), "{refused:?}");
    setup.clock.set(NOW + 901);
    let refused = block_on(log.append_act(suspension(), None, None));
    assert!(matches!(refused, Err(ActError::Untimely { .. })), "{refused:?}");
    assert_eq!((log.head(), log.register().suspended().len()), (3, 0));
}

#[test]
fn an_old_act_cannot_be_submitted_again() {
    let memory = Memory::new();
    let log = Setup::lazy().found(&memory);
    let reinstated = reinstatement();
    let append = |act: &SignedAct| block_on(log.append_act(act.clone(), None, None));
    append(&suspension()).unwrap();
    append(&reinstated).unwrap();
    append(&suspension()).unwrap();
    assert_eq!(append(&reinstated), Err(ActError::Refused(ReplayError::TakenBefore)));
    assert_eq!(log.register().suspended().len(), 1);
}

#[test]
fn a_full_disk_releases_nothing_and_recovers() {
    let memory = Memory::new();
    let setup = Setup::eager();
    let log = setup.found(&memory);
    let mut acknowledged = vec![Acknowledged::of(&block_on(disclose(&log, 1)).unwrap())];
    for _ in 0..3 {
        memory.set_full(Some(io::ErrorKind::StorageFull));
        let full = AppendError::Disk { kind: io::ErrorKind::StorageFull };
        assert_eq!(block_on(disclose(&log, 200)).err(), Some(full.clone()));
        assert_eq!(block_on(log.append_act(suspension(), None, None)), Err(full.into()));
        memory.set_full(None);
        acknowledged.push(Acknowledged::of(&block_on(disclose(&log, 3)).unwrap()));
    }
    assert!(log.register().suspended().len() == 0);
    log.shutdown();
    let (log, recovered) = setup.open(&memory).unwrap();
    assert_eq!((recovered.entries, recovered.torn_bytes, log.head()), (7, 0, 7));
    assert_kept(&acknowledged, &pairs(&memory));
}

#[test]
fn a_failed_fdatasync_ends_appending_until_restart() {
    let memory = Memory::new();
    let setup = Setup::lazy();
    let log = setup.found(&memory);
    while log.metrics().checkpoint_seconds == 0 {
        std::thread::yield_now();
    }
    // A batch is one write and one sync.
    memory.plan(memory.calls().len() + 1, Fault::Fail(io::ErrorKind::Other));
    let poisoned = Some(AppendError::Poisoned { kind: io::ErrorKind::Other });
    assert_eq!(block_on(disclose(&log, 1)).err(), poisoned);
    assert_eq!(block_on(disclose(&log, 1)).err(), poisoned);
    assert!(log.metrics().is_poisoned);
    assert_eq!(log.trouble(), Some(Trouble::Poisoned));
    assert_eq!(log.head(), 3);
    log.shutdown();
    let (log, _) = setup.open(&memory).unwrap();
    assert!(block_on(disclose(&log, 1)).is_ok());
}

#[test]
fn a_second_opener_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, posix) = (Setup::lazy(), Posix::new(folder.path()));
    let (log, _) = setup.open(&posix).unwrap();
    assert!(matches!(setup.open(&posix), Err(OpenError::InUse)));
    log.shutdown();
    assert!(setup.open(&posix).is_ok());
}

#[test]
fn a_glance_at_the_lock_refuses_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, posix) = (Setup::lazy(), Posix::new(folder.path()));
    setup.open(&posix).unwrap().0.shutdown();
    let glance = posix.lock(LOCK).unwrap().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(30));
            drop(glance);
        });
        setup.open(&posix).unwrap().0.shutdown();
    });
}

#[test]
fn a_log_that_is_shut_down_says_so() {
    let log = Setup::lazy().found(&Memory::new());
    let same = log.clone();
    log.shutdown();
    assert_eq!(block_on(disclose(&same, 1)).err(), Some(AppendError::Closed));
    assert_eq!(same.trouble(), Some(Trouble::Closed));
}
