//! The receipt for a choice in the hands of whoever chose: a promise that was kept, one that is not due, and one lie a
//! test.

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::act::Act;
use countersign_domain::digest::Digest;
use countersign_protocol::consent::{ConsentRecord, consent_commitment};
use countersign_protocol::consent_receipt::{
    CONSENT_RECEIPT_VERSION, CommitmentTree, ConsentReceipt,
};
use countersign_protocol::entry::Entry;
use countersign_protocol::ledger_bundle::Opening;
use countersign_protocol::record::own_id;
use countersign_protocol::witness_policy::Policy;
use countersign_verifier::consent_check::{ConsentCheck, HeldLedger, check_consent};
use countersign_verifier::log_check::Question;
use countersign_verifier::outcome::{Outcome, Unsaid};
use countersign_verifier::promise::Promise;
use countersign_verifier::site::FolderSite;
use countersign_verifier::state::State;
use countersign_verifier::verdict::Rule;

use crate::ledger_world::LedgerWorld;
use crate::verify_command::clock_s;
use crate::verify_late::back_with_receipt;
use crate::verify_ledger::{DAY_S, FRIEND, VIEWER, grant, told};
use crate::verify_witnesses::{cosigned, policy_text};
use crate::verify_world::{ORIGIN, at, failed, keys, log_key, public_key, sign};

/// The receipt for the first choice of this person.
fn receipt(log: &LedgerWorld, person: usize) -> ConsentReceipt {
    let is_choice = |item: &Opening| matches!(item, Opening::Consent(_));
    let held = log.held.iter().find(|one| one.person == person && is_choice(&one.item.opening));
    let item = held.unwrap().item.clone();
    let Opening::Consent(record) = &item.opening else { panic!("no choice") };
    let entry = Entry::parse(&log.world.entries[item.index as usize]).unwrap();
    let Entry::Consents(entry) = entry else { panic!("no consents") };
    ConsentReceipt {
        count: item.count,
        deadline: entry.time.plus_seconds(60),
        index: item.index,
        origin: ORIGIN.to_owned(),
        path: item.path.into_iter().map(Digest).collect(),
        person: own_id(&log.secrets[person]).to_string(),
        position: item.position,
        record: ConsentRecord::parse(record).unwrap(),
        records: entry.records,
        salt: Digest(item.salt),
        time: entry.time,
        v: CONSENT_RECEIPT_VERSION,
    }
}

fn signed_by(receipt: &ConsentReceipt, key: &str) -> String {
    receipt.to_text(&sign(key, &receipt.message().unwrap())).unwrap()
}

fn signed(receipt: &ConsentReceipt) -> String {
    signed_by(receipt, "receipts")
}

/// What the person finds a day later.
fn checked(log: &LedgerWorld, text: &str) -> ConsentCheck {
    checked_at(log, text, log.world.clock_s + DAY_S, None)
}

fn checked_at(
    log: &LedgerWorld,
    text: &str,
    now_s: u64,
    held: Option<HeldLedger<'_>>,
) -> ConsentCheck {
    let folder = tempfile::tempdir().unwrap();
    log.world.publish(folder.path());
    let (key, site) = (log_key(), FolderSite::new(folder.path()));
    check_consent(&site, &Question::new(&key, at(now_s)), text, held, |_, _| {}).unwrap()
}

fn rules(checked: &ConsentCheck) -> Vec<Rule> {
    let mut rules: Vec<_> = failed(&checked.verdict).into_iter().map(|(rule, _)| rule).collect();
    rules.dedup();
    rules
}

#[test]
fn a_promise_to_log_a_choice_that_was_kept_holds() {
    let log = told();
    for person in [VIEWER, FRIEND] {
        let checked = checked(&log, &format!("{}\n", signed(&receipt(&log, person))));
        assert_eq!(checked.verdict.failures, []);
        assert_eq!(checked.promise, Promise::Kept);
        for rule in [
            Rule::ConsentForm,
            Rule::ConsentRecord,
            Rule::ReceiptSignature,
            Rule::ReceiptOrigin,
            Rule::ReceiptTime,
            Rule::Promise,
            Rule::ReceiptLeaf,
            Rule::Inclusion,
        ] {
            assert!(checked.verdict.rule_holds(rule), "{rule} was not checked");
        }
    }
}

type Lie = (&'static str, fn(&mut ConsentReceipt), &'static [Rule]);

const LIES: &[Lie] = &[
    ("another record", |receipt| receipt.record.number += 1, &[Rule::ConsentRecord]),
    ("another person", |receipt| receipt.person = "0".repeat(32), &[Rule::ConsentRecord]),
    ("a person of no form", |receipt| receipt.person.push('0'), &[Rule::ConsentRecord]),
    ("another salt", |receipt| receipt.salt.0[0] ^= 1, &[Rule::ConsentRecord]),
    ("another log", |receipt| receipt.origin.push('2'), &[Rule::ReceiptOrigin]),
    (
        "a promise for some day",
        |r| r.deadline = at(r.time.seconds() + 86_401),
        &[Rule::ReceiptTime],
    ),
    ("another entry's place", |receipt| receipt.index -= 1, &[Rule::ReceiptLeaf, Rule::Inclusion]),
    (
        "another time",
        |receipt| receipt.time = at(receipt.time.seconds() - 1),
        &[Rule::ReceiptLeaf, Rule::Inclusion],
    ),
    ("an entry that never comes", |receipt| receipt.index += 1_000, &[Rule::Promise]),
    (
        "a record that the entry does not have",
        |receipt| {
            let person = countersign_domain::person::PairwiseId::parse(&receipt.person).unwrap();
            receipt.record.number = 7;
            let record = receipt.record.to_bytes().unwrap();
            let commitment = consent_commitment(&receipt.salt.0, person, &record);
            let tree = CommitmentTree::new([commitment]);
            (receipt.count, receipt.position, receipt.path) = (1, 0, tree.path(0));
            receipt.records = countersign_protocol::consent::commitments_root([commitment]);
        },
        &[Rule::ReceiptLeaf, Rule::Inclusion],
    ),
];

#[test]
fn each_lie_of_a_receipt_for_a_choice_is_named() {
    let log = told();
    for (lie, change, expected) in LIES {
        let mut receipt = receipt(&log, VIEWER);
        change(&mut receipt);
        assert_eq!(rules(&checked(&log, &signed(&receipt))), *expected, "{lie}");
    }
    let forged = signed_by(&receipt(&log, VIEWER), "reviewer:ann");
    assert_eq!(rules(&checked(&log, &forged)), [Rule::ReceiptSignature]);
    let checked = checked(&log, "no receipt");
    assert_eq!((rules(&checked), checked.promise), (vec![Rule::ConsentForm], Promise::Unchecked));
}

#[test]
fn what_the_platform_signed_and_is_in_no_form_of_a_receipt_is_its_failure() {
    let log = told();
    let bytes = b"{\"v\":1}";
    let message = [b"countersign/v1/consent-receipt\n", &bytes[..]].concat();
    for (signer, expected, promise) in [
        ("receipts", Outcome::Fails, Promise::Broken),
        ("reviewer:ann", Outcome::Unsaid(Unsaid::NotChecked(String::new())), Promise::Unchecked),
    ] {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let text = format!("{}.{}", encode(bytes), encode(&sign(signer, &message).0));
        let checked = checked(&log, &text);
        assert_eq!((rules(&checked), checked.promise), (vec![Rule::ConsentForm], promise));
        let outcome = checked.verdict.outcome();
        assert_eq!(std::mem::discriminant(&outcome), std::mem::discriminant(&expected));
    }
}

/// The key that is in force at the entry signs, and not one that came later.
#[test]
fn a_receipt_is_signed_by_the_key_of_its_time() {
    let mut log = told();
    let receipt = receipt(&log, VIEWER);
    let mut keys = keys();
    keys.receipts = public_key("receipts/2");
    log.world.act(Act::Keys(keys), &["root"]);
    assert_eq!(rules(&checked(&log, &signed(&receipt))), []);
    let later = signed_by(&receipt, "receipts/2");
    assert_eq!(rules(&checked(&log, &later)), [Rule::ReceiptSignature]);
    // Behind a state that has passed the entry too.
    let folder = tempfile::tempdir().unwrap();
    log.world.publish(folder.path());
    let (key, site) = (log_key(), FolderSite::new(folder.path()));
    let question = Question::new(&key, at(log.world.clock_s));
    let state = check_consent(&site, &question, &later, None, |_, _| {}).unwrap().state;
    let question = Question { state: Some(&state), ..question };
    for (text, expected) in [(signed(&receipt), &[][..]), (later, &[Rule::ReceiptSignature])] {
        let checked = check_consent(&site, &question, &text, None, |_, _| {}).unwrap();
        assert_eq!(rules(&checked), expected);
    }
}

#[test]
fn a_receipt_from_the_future_is_named() {
    let log = told();
    let receipt = receipt(&log, VIEWER);
    let time_s = receipt.time.seconds();
    for (now_s, expected) in [(time_s - 900, &[][..]), (time_s - 901, &[Rule::ReceiptTime])] {
        let found = rules(&checked_at(&log, &signed(&receipt), now_s, None));
        let of_receipt: Vec<_> =
            found.into_iter().filter(|rule| *rule != Rule::NotFuture).collect();
        assert_eq!(of_receipt, expected);
    }
    let mut early = receipt;
    early.deadline = at(time_s - 1);
    assert_eq!(rules(&checked(&log, &signed(&early))), [Rule::ReceiptTime]);
}

#[test]
fn a_promise_that_is_not_due_is_neither_kept_nor_broken() {
    let mut log = told();
    let receipt = receipt(&log, VIEWER);
    log.world.entries.truncate(receipt.index as usize);
    let check = |now_s| checked_at(&log, &signed(&receipt), now_s, None);
    let due_s = receipt.deadline.seconds();
    assert_eq!((check(due_s).promise, rules(&check(due_s))), (Promise::NotYet, vec![]));
    let late = check(due_s + 1);
    assert_eq!((late.promise, rules(&late)), (Promise::Overdue, vec![Rule::Promise]));
}

#[test]
fn under_a_policy_the_entry_has_a_day_to_be_seen_by_witnesses() {
    let log = told();
    let receipt = receipt(&log, VIEWER);
    let folder = tempfile::tempdir().unwrap();
    let mut before = log.world.clone();
    before.entries.truncate(receipt.index as usize);
    before.publish(folder.path());
    log.world.publish(folder.path());
    let text = policy_text();
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let check = |now_s| {
        let (key, site) = (log_key(), FolderSite::new(folder.path()));
        let question = Question { policy: Some(&policy), ..Question::new(&key, at(now_s)) };
        check_consent(&site, &question, &signed(&receipt), None, |_, _| {}).unwrap()
    };
    let seen = |note: &str, time_s| cosigned(note, &["one", "two"], time_s);
    let (newest, clock_s) = (log.world.checkpoint(), log.world.clock_s);
    fs::write(folder.path().join("checkpoint"), seen(&newest, clock_s)).unwrap();
    let now = check(clock_s);
    assert_eq!((now.promise, rules(&now)), (Promise::Kept, vec![]));
    // The witnesses have seen the log before the choice, and not behind it.
    fs::write(folder.path().join("checkpoint"), &newest).unwrap();
    let before = seen(&before.checkpoint(), receipt.time.seconds());
    fs::write(folder.path().join("checkpoint.witnessed"), &before).unwrap();
    let due_s = receipt.deadline.seconds();
    let waits = check(due_s + DAY_S);
    assert_eq!((waits.promise, rules(&waits)), (Promise::NotYet, vec![]));
    let late = check(due_s + DAY_S + 1);
    assert_eq!((late.promise, rules(&late)), (Promise::Overdue, vec![Rule::Promise]));
    // What the log itself has not published has no more time than without witnesses.
    fs::write(folder.path().join("checkpoint"), &before).unwrap();
    let unpublished = check(due_s + 1);
    let overdue = (Promise::Overdue, vec![Rule::Promise]);
    assert_eq!((unpublished.promise, rules(&unpublished)), overdue);
    // Witnesses who saw it without the entry a day after the deadline show that nothing came.
    let again = seen(&before, due_s + DAY_S + 1);
    fs::write(folder.path().join("checkpoint"), &again).unwrap();
    let broken = check(due_s + DAY_S + 2);
    assert_eq!((broken.promise, rules(&broken)), (Promise::Broken, vec![Rule::Promise]));
}

#[test]
fn a_ledger_that_a_choice_is_held_against_needs_the_witnesses_too() {
    let log = told();
    let text = signed(&receipt(&log, VIEWER));
    let clock_s = log.world.clock_s;
    let folder = tempfile::tempdir().unwrap();
    log.world.publish(folder.path());
    let note = cosigned(&log.world.checkpoint(), &["one", "two"], clock_s);
    fs::write(folder.path().join("checkpoint"), &note).unwrap();
    let policy = Policy::parse(policy_text().as_bytes()).unwrap();
    let check = |bundle: &[u8]| {
        let (key, site) = (log_key(), FolderSite::new(folder.path()));
        let question = Question { policy: Some(&policy), ..Question::new(&key, at(clock_s)) };
        let held = HeldLedger { bytes: bundle, at: at(clock_s) };
        rules(&check_consent(&site, &question, &text, Some(held), |_, _| {}).unwrap())
    };
    let mut bundle = log.bundle(VIEWER);
    assert_eq!(check(&bundle.to_bytes()), [Rule::ConsentLedger]);
    bundle.checkpoint = note.into_bytes();
    assert_eq!(check(&bundle.to_bytes()), []);
}

#[test]
fn a_ledger_that_does_not_show_the_choice_is_named() {
    let mut log = told();
    let (text, clock_s) = (signed(&receipt(&log, VIEWER)), log.world.clock_s);
    let check = |log: &LedgerWorld, text: &str, bundle: &[u8]| {
        let held = HeldLedger { bytes: bundle, at: at(clock_s) };
        checked_at(log, text, clock_s, Some(held))
    };
    let own = check(&log, &text, &log.bundle(VIEWER).to_bytes());
    assert_eq!(own.verdict.failures, []);
    assert!(own.verdict.rule_holds(Rule::ConsentLedger));
    let of_another = check(&log, &text, &log.bundle(FRIEND).to_bytes());
    assert_eq!(rules(&of_another), [Rule::ConsentLedger]);
    let mut without = log.bundle(VIEWER);
    without.items.retain(|item| matches!(item.opening, Opening::Record { .. }));
    assert_eq!(rules(&check(&log, &text, &without.to_bytes())), [Rule::ConsentLedger]);
    assert_eq!(rules(&check(&log, &text, b"no bundle")), [Rule::ConsentLedger]);
    // Until the next close nothing has to be shown.
    let bundle = log.bundle(VIEWER).to_bytes();
    let index = log.choose(&[(VIEWER, 2, grant(2))]);
    let held = log.held.iter().find(|one| one.item.index == index).cloned().unwrap();
    log.held.retain(|one| one.item.index == index);
    let newest = receipt(&log, VIEWER);
    assert_eq!(newest.index, held.item.index);
    let open = check(&log, &signed(&newest), &bundle);
    assert_eq!(rules(&open), []);
    let notices = open.verdict.notices.iter().filter(|notice| notice.entry == Some(index));
    assert_eq!(notices.count(), 1);
}

#[test]
fn a_ledger_without_the_erased_version_does_not_show_its_choice() {
    let (log, text) = back_with_receipt();
    let (clock_s, bundle) = (log.world.clock_s, log.bundle(FRIEND).to_bytes());
    assert_eq!(rules(&checked_at(&log, &text, clock_s, None)), []);
    let held = HeldLedger { bytes: &bundle, at: at(clock_s) };
    assert_eq!(rules(&checked_at(&log, &text, clock_s, Some(held))), [Rule::ConsentLedger]);
}

#[test]
fn behind_a_kept_state_the_entry_is_read_again_alone() {
    let mut log = told();
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..300 {
        log.world.disclose(|_| {});
    }
    log.world.publish(folder.path());
    let (key, text) = (log_key(), signed(&receipt(&log, VIEWER)));
    let mut forged = receipt(&log, VIEWER);
    forged.time = at(forged.time.seconds() - 1);
    let site = crate::verify_state::Counting::new(folder.path());
    let mut state = State::new(ORIGIN);
    for round in 0..2 {
        let now = at(log.world.clock_s);
        let question = Question { state: Some(&state), ..Question::new(&key, now) };
        site.read_files();
        let checked = check_consent(&site, &question, &text, None, |_, _| {}).unwrap();
        assert_eq!((checked.promise, rules(&checked)), (Promise::Kept, vec![]), "{round}");
        if round == 1 {
            let read = site.read_files();
            assert!(!read.iter().any(|file| file.starts_with("tile/entries/001")), "{read:?}");
            let lie = check_consent(&site, &question, &signed(&forged), None, |_, _| {}).unwrap();
            assert_eq!(rules(&lie), [Rule::ReceiptLeaf, Rule::Inclusion]);
        }
        state = checked.state;
    }
}

#[test]
fn the_command_says_what_became_of_a_choice() {
    let log = told();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    log.world.publish(&folder.path().join("log"));
    let mut receipt = receipt(&log, VIEWER);
    std::fs::write(path("choice"), signed(&receipt)).unwrap();
    std::fs::write(path("me.ledger"), log.bundle(VIEWER).to_bytes()).unwrap();
    std::fs::write(path("friend.ledger"), log.bundle(FRIEND).to_bytes()).unwrap();
    let at_s = log.world.clock_s.to_string();
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        command.args(["consent", &path("choice"), "--log", &path("log")]);
        command.args(["--key", &log_key().to_string()]).args(more);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = run(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("the choice is in entry {}.", receipt.index)), "{said}");
    let (code, said) = run(&["--ledger", &path("me.ledger"), "--at", &at_s, "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["promise"], &said["receipt"]["index"]),
        (&"kept".into(), &receipt.index.into())
    );
    let (code, said) = run(&["--ledger", &path("friend.ledger"), "--at", &at_s]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("OPEN    consent_ledger"), "{said}");
    assert_eq!(run(&["--state", &path("state")]).0, Some(0));
    assert_eq!(run(&["--state", &path("state")]).0, Some(0));
    // A promise of now, for an entry that is not there yet.
    let now_s = clock_s();
    (receipt.index, receipt.time, receipt.deadline) = (10_000, at(now_s), at(now_s + 60));
    std::fs::write(path("choice"), signed(&receipt)).unwrap();
    let (code, said) = run(&[]);
    assert_eq!(code, Some(3), "{said}");
}
