//! Witnesses from both sides: a log that asks one, one that watches, and those that lie.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use countersign_domain::time::Timestamp;
use countersign_log::backend::memory::{Fault, Keep, Memory};
use countersign_log::signer::{Signer, SoftwareSigner};
use countersign_log::witness::client::{
    Obtained, Transport, TransportError, Trouble, WitnessClient,
};
use countersign_log::witness::front::Published;
use countersign_log::witness::ledger::{Ledger, LedgerError};
use countersign_log::witness::request::AddCheckpoint;
use countersign_log::witness::{Reply, SIZE_TYPE};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::cosignature::{WitnessKey, cosign, verify};
use countersign_protocol::merkle::{
    Hash, Nodes, leaf_hash, prove_consistency, root, root_of_leaves,
};
use countersign_protocol::note::{NoteKey, SignedNote};
use proptest::prelude::*;

use crate::support::block_on;

pub(crate) const TIME: u64 = 1_800_000_000;
const ORIGIN: &str = "log.example/watched";

fn signer(seed: u8) -> Arc<SoftwareSigner> {
    Arc::new(SoftwareSigner::from_seed(&[seed; 32]))
}

fn log_key(seed: u8) -> NoteKey {
    NoteKey::new(ORIGIN, signer(seed).public_key()).unwrap()
}

pub(crate) fn witness_key(seed: u8) -> WitnessKey {
    WitnessKey::new(&format!("w.example/{seed}"), signer(seed).public_key()).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A tree whose entries are numbers, each with this much added.
#[derive(Clone, Copy)]
struct Tree {
    salt: u64,
}

impl Nodes for Tree {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let leaf = |at: u64| leaf_hash(&(at + self.salt).to_be_bytes());
        Ok(root_of_leaves((index << level..(index + 1) << level).map(leaf)))
    }
}

impl Tree {
    fn proof(self, from: u64, size: u64) -> Vec<Hash> {
        prove_consistency(&self, from, size).unwrap()
    }

    /// The checkpoint of this size, signed by the log.
    fn published(self, size: u64) -> Arc<Published> {
        let checkpoint =
            Checkpoint { origin: ORIGIN.to_owned(), size, root: root(&self, size).unwrap() };
        let signer = signer(99);
        let note = checkpoint.sign(&log_key(99), |message| signer.sign(message)).unwrap();
        Arc::new(Published { checkpoint, note: note.into_bytes() })
    }

    fn request(self, old_size: u64, size: u64) -> AddCheckpoint {
        let proof = if (1..size).contains(&old_size) { self.proof(old_size, size) } else { vec![] };
        AddCheckpoint { old_size, proof, note: self.published(size).note.clone() }
    }
}

const TREE: Tree = Tree { salt: 0 };
const OTHER: Tree = Tree { salt: 1 };

pub(crate) fn ledger(memory: &Memory, seed: u8, logs: &[NoteKey]) -> Result<Ledger, LedgerError> {
    let backend = Arc::new(memory.clone());
    Ledger::open(backend, witness_key(seed), signer(seed), logs.to_vec())
}

fn watching() -> (Memory, Ledger) {
    let memory = Memory::new();
    let ledger = ledger(&memory, 1, &[log_key(99)]).unwrap();
    (memory, ledger)
}

/// A way to a witness that answers as this function does, and keeps what was sent.
struct Way<F> {
    answer: F,
    sent: Mutex<Vec<AddCheckpoint>>,
}

impl<F: Fn(&AddCheckpoint) -> Result<Reply, TransportError> + Send + Sync> Transport for Way<F> {
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Reply, TransportError> {
        let request = AddCheckpoint::parse(&body).unwrap();
        let answer = (self.answer)(&request);
        self.sent.lock().unwrap().push(request);
        answer
    }
}

fn way<F: Fn(&AddCheckpoint) -> Result<Reply, TransportError>>(answer: F) -> Way<F> {
    Way { answer, sent: Mutex::default() }
}

fn reply(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    let content_type = content_type.to_owned();
    Reply { status, content_type, retry_after_s: None, body: body.into() }
}

fn ask(client: &mut WitnessClient, size: u64, way: &impl Transport) -> Result<Obtained, Trouble> {
    let prove = |from| prove_consistency(&TREE, from, size);
    block_on(client.cosign(&TREE.published(size), way, prove, || at(TIME)))
}

#[test]
fn a_witness_follows_a_log_and_the_log_learns_what_it_knows() {
    let (memory, ledger) = watching();
    let to = |ledger: &Ledger, request: &AddCheckpoint| {
        Ok(ledger.add_checkpoint(&request.to_bytes(), at(TIME)))
    };
    let first = way(|request: &AddCheckpoint| to(&ledger, request));
    let mut client = WitnessClient::new(witness_key(1));
    for size in [0, 1, 2, 7, 7, 8, 300] {
        let obtained = ask(&mut client, size, &first).unwrap();
        assert_eq!((obtained.time, obtained.rolled_back_to), (at(TIME), None));
        let published = TREE.published(size);
        let note = [&published.note, obtained.line.as_bytes()].concat();
        let held = verify(&SignedNote::parse(&note).unwrap(), &[witness_key(1)]).unwrap();
        assert_eq!(held.len(), 1);
    }
    // It was never told of a size that it knows otherwise.
    let sent: Vec<_> = first.sent.lock().unwrap().iter().map(|sent| sent.old_size).collect();
    assert_eq!(sent, [0, 0, 1, 2, 7, 7, 8]);
    // A process that begins knows nothing of it, and is told.
    let mut again = WitnessClient::new(witness_key(1));
    ask(&mut again, 301, &first).unwrap();
    let sent: Vec<_> = first.sent.lock().unwrap().iter().map(|sent| sent.old_size).collect();
    assert_eq!(sent[7..], [0, 300]);
    // A witness that lost its state cosigns, and the log notices.
    drop(memory);
    let (_memory, forgetful) = watching();
    let second = way(|request: &AddCheckpoint| to(&forgetful, request));
    let obtained = ask(&mut again, 302, &second).unwrap();
    assert_eq!(obtained.rolled_back_to, Some(0));
    assert_eq!(ask(&mut again, 303, &second).unwrap().rolled_back_to, None);
}

#[test]
fn a_witness_answers_with_the_status_that_the_specification_has() {
    let (_memory, ledger) = watching();
    let add = |request: &AddCheckpoint| ledger.add_checkpoint(&request.to_bytes(), at(TIME));
    let stranger = || {
        let mut request = TREE.request(0, 7);
        request.note = String::from_utf8(request.note).unwrap().replace("watched", "other").into();
        request
    };
    let by_another_key = || {
        let published = TREE.published(7);
        let checkpoint = &published.checkpoint;
        let signer = signer(98);
        let note = checkpoint.sign(&log_key(98), |message| signer.sign(message)).unwrap();
        AddCheckpoint { note: note.into_bytes(), ..TREE.request(0, 7) }
    };
    let proof_from_nothing = AddCheckpoint { proof: vec![[1; 32]], ..TREE.request(0, 7) };
    assert_eq!(add(&proof_from_nothing).status, 422);
    assert_eq!(add(&TREE.request(0, 7)).status, 200);
    for (request, status, body) in [
        (stranger(), 404, None),
        (by_another_key(), 403, None),
        (TREE.request(8, 7), 400, None),
        (TREE.request(0, 9), 409, Some("7\n")),
        (TREE.request(6, 9), 409, Some("7\n")),
        (TREE.request(6, 6), 409, Some("7\n")),
        (OTHER.request(7, 7), 409, Some("7\n")),
        (OTHER.request(7, 9), 422, None),
        (AddCheckpoint { proof: vec![], ..TREE.request(7, 9) }, 422, None),
        (AddCheckpoint { proof: TREE.proof(6, 9), ..TREE.request(7, 9) }, 422, None),
        (AddCheckpoint { proof: vec![[1; 32]], ..TREE.request(7, 7) }, 422, None),
        (AddCheckpoint { note: b"nothing".to_vec(), ..TREE.request(7, 9) }, 400, None),
    ] {
        let found = add(&request);
        let shown = String::from_utf8_lossy(&found.body).into_owned();
        assert_eq!(found.status, status, "{shown}");
        if let Some(body) = body {
            assert_eq!((found.content_type.as_str(), shown.as_str()), (SIZE_TYPE, body));
        }
    }
    assert_eq!(ledger.add_checkpoint(b"old seven\n\n", at(TIME)).status, 400);
    assert_eq!(add(&TREE.request(7, 9)).status, 200, "what was refused has changed nothing");
}

#[test]
fn a_witness_never_dates_a_later_tree_before_an_earlier_one_and_keeps_no_more_than_it_needs() {
    let (memory, first) = watching();
    let time_of = |line: &str, size: u64| {
        let note = [&TREE.published(size).note, line.as_bytes()].concat();
        let held = verify(&SignedNote::parse(&note).unwrap(), &[witness_key(1)]).unwrap();
        held[0].time_s()
    };
    // Ninety lines that anybody could add, under the log's own name.
    let mut request = TREE.request(0, 7);
    let junk = "\u{2014} log.example/watched AAAAAAAA\n".repeat(90);
    request.note.extend_from_slice(junk.as_bytes());
    let line = first.add(&request.to_bytes(), at(TIME)).unwrap();
    assert_eq!(time_of(&line, 7), TIME);
    let line = first.add(&TREE.request(7, 8).to_bytes(), at(TIME - 60)).unwrap();
    assert_eq!(time_of(&line, 8), TIME, "its clock was set back");
    drop(first);
    let files = memory.files();
    let kept = files.iter().find(|file| file.starts_with("cosigned/")).unwrap();
    memory.tamper(kept, |bytes| assert!(bytes.len() < 500, "{} bytes", bytes.len()));
    let again = ledger(&memory, 1, &[log_key(99)]).unwrap();
    let line = again.add(&TREE.request(8, 9).to_bytes(), at(TIME - 60)).unwrap();
    assert_eq!(time_of(&line, 9), TIME, "it was started anew");
    assert!(matches!(ledger(&memory, 1, &[log_key(99)]), Err(LedgerError::InUse)));
    drop(again);
    // Another witness's state is not taken for its own, nor is a broken one for none.
    assert!(matches!(ledger(&memory, 2, &[log_key(99)]), Err(LedgerError::Kept { .. })));
    memory.tamper(kept, |bytes| bytes.truncate(20));
    assert!(matches!(ledger(&memory, 1, &[log_key(99)]), Err(LedgerError::Kept { .. })));
}

#[test]
fn of_requests_at_once_one_is_cosigned() {
    let (_memory, ledger) = watching();
    ledger.add(&TREE.request(0, 7).to_bytes(), at(TIME)).unwrap();
    // Each of the two trees continues the seven; that both are cosigned is what must not be.
    let fork = |size: u64| {
        let checkpoint =
            Checkpoint { root: [size as u8; 32], ..TREE.published(7).checkpoint.clone() };
        let signer = signer(99);
        let note = checkpoint.sign(&log_key(99), |message| signer.sign(message)).unwrap();
        AddCheckpoint { note: note.into_bytes(), ..TREE.request(7, 7) }
    };
    assert_eq!(ledger.add_checkpoint(&fork(1).to_bytes(), at(TIME)).status, 409);
    for round in 0..20 {
        let (old, sizes) = (7 + round * 8, 8 + round * 8..16 + round * 8);
        let last = sizes.end - 1;
        let added = std::thread::scope(|threads| {
            let ledger = &ledger;
            let ask = |size| {
                let body = TREE.request(old, size).to_bytes();
                threads.spawn(move || ledger.add(&body, at(TIME)).is_ok())
            };
            let asked: Vec<_> = sizes.map(ask).collect();
            asked.into_iter().map(|one| usize::from(one.join().unwrap())).sum::<usize>()
        });
        assert_eq!(added, 1);
        // Wherever it stands now, it goes on from there.
        let reply = ledger.add_checkpoint(&TREE.request(0, last).to_bytes(), at(TIME));
        let stands: u64 = String::from_utf8(reply.body).unwrap().trim().parse().unwrap();
        if stands != last {
            ledger.add(&TREE.request(stands, last).to_bytes(), at(TIME)).unwrap();
        }
    }
}

#[test]
fn crash_what_a_witness_has_said_it_remembers_whatever_the_disk_does() {
    let calls = {
        let (memory, ledger) = watching();
        for (old, size) in [(0, 3), (3, 5), (5, 9)] {
            ledger.add(&TREE.request(old, size).to_bytes(), at(TIME)).unwrap();
        }
        memory.calls().len()
    };
    let faults = [
        Fault::Crash,
        Fault::CrashWithin,
        Fault::Fail(io::ErrorKind::Other),
        Fault::Short(io::ErrorKind::StorageFull),
        Fault::Done(io::ErrorKind::Other),
    ];
    let mut said_after_faults = 0;
    for call in 0..calls {
        for fault in faults {
            for keep in [Keep::Nothing, Keep::Everything, Keep::Torn(call as u64)] {
                let memory = Memory::new();
                memory.plan(call, fault);
                let mut said = 0;
                if let Ok(ledger) = ledger(&memory, 1, &[log_key(99)]) {
                    for size in [3, 5, 9] {
                        let body = TREE.request(said, size).to_bytes();
                        if ledger.add(&body, at(TIME)).is_ok() {
                            said = size;
                        }
                    }
                }
                let memory = memory.crash(keep);
                let again = ledger(&memory, 1, &[log_key(99)]);
                let again = again.unwrap_or_else(|e| panic!("{call} {fault:?} {keep:?}: {e}"));
                let fork = again.add_checkpoint(&OTHER.request(0, 9).to_bytes(), at(TIME));
                if said > 0 {
                    said_after_faults += 1;
                    assert_eq!(fork.status, 409, "{call} {fault:?} {keep:?}: it forgot {said}");
                    let known: u64 = String::from_utf8(fork.body).unwrap().trim().parse().unwrap();
                    assert!(known >= said, "{call} {fault:?} {keep:?}: {known} after {said}");
                }
            }
        }
    }
    assert!(said_after_faults > 20, "nothing was tried: {said_after_faults}");
}

/// What a witness answers, and what the log makes of it.
type Lie = (&'static str, fn(&AddCheckpoint) -> Result<Reply, TransportError>);

fn cosigned_by(seed: u8, published: &Published, time_s: u64) -> Vec<u8> {
    let signer = signer(seed);
    let sign = |message: &[u8]| signer.sign(message);
    cosign(&published.checkpoint, time_s, &witness_key(seed), sign).unwrap().into_bytes()
}

const LIES: &[Lie] = &[
    ("late", |_| Err(TransportError::Late { waited_ms: 5 })),
    ("unreachable", |_| Err(TransportError::Unreachable { reason: "no way".to_owned() })),
    ("unknown_log", |_| Ok(reply(404, "", ""))),
    ("not_signed", |_| Ok(reply(403, "", ""))),
    ("inconsistent", |_| Ok(reply(422, "", ""))),
    ("busy", |_| Ok(reply(429, "", ""))),
    ("failing", |_| Ok(reply(502, "", ""))),
    ("unexpected", |_| Ok(reply(302, "", ""))),
    ("unexpected", |_| Ok(reply(400, "", ""))),
    ("no_size", |_| Ok(reply(409, "text/plain", "7\n"))),
    ("no_size", |_| Ok(reply(409, SIZE_TYPE, "7"))),
    ("no_size", |_| Ok(reply(409, SIZE_TYPE, "007\n"))),
    ("no_size", |_| Ok(reply(409, SIZE_TYPE, "-1\n"))),
    ("ahead", |_| Ok(reply(409, SIZE_TYPE, "21\n"))),
    ("ahead", |_| Ok(reply(409, SIZE_TYPE, "18446744073709551615\n"))),
    ("other_root", |_| Ok(reply(409, SIZE_TYPE, "20\n"))),
    ("unsettled", |_| Ok(reply(409, SIZE_TYPE, "0\n"))),
    ("unsettled", |request| Ok(reply(409, SIZE_TYPE, format!("{}\n", request.old_size % 7 + 1)))),
    ("not_cosigned", |_| Ok(reply(200, "", ""))),
    ("not_cosigned", |_| Ok(reply(200, "", "<html>"))),
    // The wrong key, under its own name and under the right one.
    ("not_cosigned", |_| Ok(reply(200, "", cosigned_by(2, &TREE.published(20), TIME)))),
    ("not_cosigned", |_| {
        let line = cosigned_by(2, &TREE.published(20), TIME);
        Ok(reply(200, "", String::from_utf8(line).unwrap().replace("w.example/2", "w.example/1")))
    }),
    // The right key, over another size, another root, another time than stated.
    ("not_cosigned", |_| Ok(reply(200, "", cosigned_by(1, &TREE.published(19), TIME)))),
    ("not_cosigned", |_| Ok(reply(200, "", cosigned_by(1, &OTHER.published(20), TIME)))),
    ("time", |_| Ok(reply(200, "", cosigned_by(1, &TREE.published(20), TIME + 901)))),
    ("time", |_| Ok(reply(200, "", cosigned_by(1, &TREE.published(20), TIME - 901)))),
];

#[test]
fn a_witness_that_lies_is_trouble_by_name_and_is_never_believed() {
    for (number, (expected, lie)) in LIES.iter().enumerate() {
        let mut client = WitnessClient::new(witness_key(1));
        let way = way(lie);
        let found = ask(&mut client, 20, &way);
        let name = found.as_ref().map_err(Trouble::name).unwrap_err();
        assert_eq!(name, *expected, "{number}: {found:?}");
        let asked = way.sent.lock().unwrap().len();
        assert!(asked <= 3, "{number}: it was asked {asked} times");
        // The next time it may be honest.
        let (_memory, ledger) = watching();
        let honest =
            |request: &AddCheckpoint| Ok(ledger.add_checkpoint(&request.to_bytes(), at(TIME)));
        ask(&mut client, 20, &self::way(honest)).unwrap();
    }
    let mut client = WitnessClient::new(witness_key(1));
    let near = way(|_: &AddCheckpoint| {
        Ok(reply(200, "", cosigned_by(1, &TREE.published(20), TIME + 900)))
    });
    assert!(ask(&mut client, 20, &near).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn property_a_witness_cosigns_exactly_what_continues_what_it_has_cosigned(
        sizes in prop::collection::vec((0_u64..40, 0_u64..40, any::<bool>()), 1..12),
    ) {
        let (_memory, ledger) = watching();
        let mut known = 0;
        for (old, size, is_true) in sizes {
            let tree = if is_true { TREE } else { OTHER };
            if old > size {
                continue;
            }
            let added = ledger.add(&tree.request(old, size).to_bytes(), at(TIME));
            // The other tree is continued from nothing only, before anything was cosigned.
            let may = old == known && (is_true || known == 0 && size == 0);
            if is_true || known > 0 || size == 0 {
                prop_assert_eq!(added.is_ok(), may, "{} to {}, {}: {:?}", old, size, known, added);
            }
            if added.is_ok() {
                if !is_true && size > 0 {
                    return Ok(());
                }
                known = size;
            }
        }
    }
}
