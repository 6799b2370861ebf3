//! What the reader of a ledger brings to the page's verifier, in Node.js: their account, since when they have it, the
//! receipts that they kept, and the witnesses that they trust.

use std::path::{Path, PathBuf};

use countersign_domain::digest::Digest;
use countersign_fixtures::receipts::move_to_other_records;
use countersign_log::signer::{Signer as _, SoftwareSigner};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::consent::ConsentRecord;
use countersign_protocol::consent_receipt::{CONSENT_RECEIPT_VERSION, ConsentReceipt};
use countersign_protocol::cosignature::{WitnessKey, cosign};
use countersign_protocol::entry::Entry;
use countersign_protocol::ledger_bundle::{Bundle, Opening};
use countersign_protocol::note::{NoteKey, SignedNote};
use countersign_protocol::record::own_id;
use serde_json::{Value, json};

use crate::interop::page::{MADE_AT_S, found, log_key, vectors};

const DAY_S: u64 = 86_400;
const SKEW_S: u64 = 900;

fn viewers() -> PathBuf {
    vectors().join("00.ledger")
}

fn bundle(path: &Path) -> Bundle {
    Bundle::parse(&std::fs::read(path).unwrap()).unwrap()
}

/// What the page finds that fails of each.
fn failures(questions: &[Value]) -> Vec<Value> {
    let found = found(&log_key().to_string(), questions);
    found.iter().map(|found| found["failed"].clone()).collect()
}

#[test]
fn interop_page_compares_the_account_byte_by_byte() {
    let question =
        |account: &str| json!({ "path": viewers(), "at": MADE_AT_S, "account": account });
    let account = bundle(&viewers()).account;
    // The last: a Cyrillic letter in place of the first one's.
    let others = ["", "Person-0", "person-0 ", "person-0\u{200b}", "р\u{65}rson-0", "person-00"];
    let mut questions = vec![question(&account)];
    questions.extend(others.map(question));
    let found = found(&log_key().to_string(), &questions);
    assert_eq!(found[0]["failed"], json!([]), "{account}");
    let mut shown: Vec<_> = Vec::new();
    for (found, other) in found.iter().skip(1).zip(&others) {
        assert_eq!(found["failed"], json!(["ledger_account"]), "{other:?}");
        let expected = found["failures"][0]["expected"].as_str().unwrap().to_owned();
        assert!(expected.is_ascii() && !shown.contains(&expected), "{expected}");
        shown.push(expected);
    }
    let alone = &crate::interop::page::found(
        &log_key().to_string(),
        &[json!({ "path": viewers(), "at": MADE_AT_S })],
    )[0];
    let notice = alone["notices"][0].as_str().unwrap();
    assert!(alone["holds"] == true && notice.contains("was not compared"), "{alone}");
}

#[test]
fn interop_page_takes_a_date_that_the_directory_agrees_with() {
    let whole = bundle(&viewers());
    let closes: Vec<u64> = whole.closes.iter().map(|close| close.time.seconds()).collect();
    assert!(closes.len() == 2 && closes[0] < closes[1], "{closes:?}");
    // Who came in the first period was there at the first close, and at every later one.
    let question =
        |since: u64| json!({ "path": viewers(), "at": MADE_AT_S, "account_since": since });
    let since = [0, closes[0], closes[0] + 1, closes[1], closes[1] + 1];
    for (found, since) in failures(&since.map(question)).iter().zip(since) {
        assert_eq!(*found, json!([]), "since {since}");
    }
}

/// A receipt for the choice that a bundle opens, as the platform would have signed it.
fn receipt(bundle: &Bundle, signer: &SoftwareSigner, change: fn(&mut ConsentReceipt)) -> String {
    let is_choice = |opening: &Opening| matches!(opening, Opening::Consent(_));
    let item = bundle.items.iter().find(|item| is_choice(&item.opening)).unwrap();
    let Opening::Consent(record) = &item.opening else { panic!("no choice") };
    let entry = bundle.entries.iter().find(|entry| entry.index == item.index).unwrap();
    let Ok(Entry::Consents(consents)) = Entry::parse(&entry.bytes) else { panic!("no consents") };
    let secret = &bundle.secrets[usize::from(item.secret)].secret;
    let mut receipt = ConsentReceipt {
        count: item.count,
        deadline: consents.time.plus_seconds(60),
        index: item.index,
        origin: log_key().name().to_owned(),
        path: item.path.iter().map(|hash| Digest(*hash)).collect(),
        person: own_id(secret).to_string(),
        position: item.position,
        record: ConsentRecord::parse(record).unwrap(),
        records: consents.records,
        salt: Digest(item.salt),
        time: consents.time,
        v: CONSENT_RECEIPT_VERSION,
    };
    change(&mut receipt);
    let signature = signer.sign(&receipt.message().unwrap());
    receipt.to_text(&signature).unwrap()
}

#[test]
fn interop_page_holds_receipts_for_choices_against_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let whole = bundle(&viewers());
    let signer = SoftwareSigner::from_seed(&[7; 32]);
    let key = signer.public_key().to_string();
    let other = SoftwareSigner::from_seed(&[8; 32]).public_key().to_string();
    let own = receipt(&whole, &signer, |_| {});
    let of_another_log = receipt(&whole, &signer, |receipt| receipt.origin = "log".to_owned());
    let of_another = receipt(&whole, &signer, |receipt| receipt.person = "07".repeat(16));
    let changed = receipt(&whole, &signer, |receipt| receipt.record.number += 1);
    let late = receipt(&whole, &signer, |receipt| receipt.time = receipt.time.plus_seconds(1));
    let salted = receipt(&whole, &signer, |receipt| receipt.salt.0[0] ^= 1);
    // The same record, in an entry of other records than the one that stands there.
    let other_entry = receipt(&whole, &signer, move_to_other_records);
    let version = receipt(&whole, &signer, |receipt| receipt.v = 2);
    // The other person's bundle proves nothing of this choice.
    let strangers = vectors().join("02.ledger");
    let mut without = bundle(&viewers());
    let is_choice = |opening: &Opening| matches!(opening, Opening::Consent(_));
    without.items.retain(|item| !is_choice(&item.opening));
    let left_out = folder.path().join("left-out");
    std::fs::write(&left_out, without.to_bytes()).unwrap();
    let question = |path: &Path, receipt: &str, key: Option<&str>| json!({ "path": path, "at": MADE_AT_S, "receipts": [receipt], "receipts_key": key });
    let (path, refused) = (viewers(), json!(["ledger_receipt"]));
    let questions = [
        (question(&path, &own, Some(&key)), json!([])),
        (question(&path, &own, None), json!([])),
        (question(&path, &format!("{{\"receipt\":\"{own}\"}}"), Some(&key)), json!([])),
        (question(&path, &format!("{{\n  \"receipt\": \"{own}\"\n}}\n"), Some(&key)), json!([])),
        (question(&path, &format!("{{\"receipt\":\"{changed}\"}}"), Some(&key)), refused.clone()),
        (question(&path, &own, Some(&other)), refused.clone()),
        (question(&path, &of_another_log, Some(&key)), refused.clone()),
        (question(&path, &of_another, Some(&key)), refused.clone()),
        (question(&path, &changed, Some(&key)), refused.clone()),
        (question(&path, &version, Some(&key)), refused.clone()),
        (question(&path, &late, Some(&key)), refused.clone()),
        (question(&path, &salted, Some(&key)), refused.clone()),
        (question(&path, &other_entry, Some(&key)), refused.clone()),
        (question(&path, "not.one", None), refused.clone()),
        (question(&strangers, &own, Some(&key)), refused.clone()),
    ];
    let asked: Vec<_> = questions.iter().map(|(question, _)| question.clone()).collect();
    for (found, (question, expected)) in failures(&asked).iter().zip(&questions) {
        assert_eq!(found, expected, "{question}");
    }
    let found = &failures(&[question(&left_out, &own, Some(&key))])[0];
    assert!(found.as_array().unwrap().contains(&json!("ledger_receipt")), "{found}");
}

fn witness(seed: u8) -> (WitnessKey, SoftwareSigner) {
    let signer = SoftwareSigner::from_seed(&[seed; 32]);
    (WitnessKey::new(&format!("w.example/{seed}"), signer.public_key()).unwrap(), signer)
}

/// The bundle, whose checkpoint these witnesses cosigned at these times.
fn cosigned(folder: &Path, number: usize, lines: &[(u8, u64)], is_forged: bool) -> PathBuf {
    let mut bundle = bundle(&viewers());
    let note = SignedNote::parse(&bundle.checkpoint).unwrap();
    let mut checkpoint = Checkpoint::parse(note.text()).unwrap();
    checkpoint.size += u64::from(is_forged);
    for (seed, time_s) in lines {
        let (key, signer) = witness(*seed);
        let line = cosign(&checkpoint, *time_s, &key, |message| signer.sign(message)).unwrap();
        bundle.checkpoint.extend(line.bytes());
    }
    let path = folder.join(format!("{number}.ledger"));
    std::fs::write(&path, bundle.to_bytes()).unwrap();
    path
}

fn policy(rest: &str) -> String {
    let witnesses = (1..4).map(|seed| format!("witness w{seed} {}\n", witness(seed).0));
    witnesses.collect::<String>() + rest
}

/// A bundle cosigned at these times, and what comes of it under a policy.
struct Witnessed<'a> {
    says: &'a str,
    policy: &'a str,
    lines: Vec<(u8, u64)>,
    at_s: u64,
    failed: Option<&'a str>,
    /// When the quorum had seen it first, and when last.
    seen: Option<(u64, u64)>,
}

impl<'a> Witnessed<'a> {
    /// The bundle holds, and the quorum saw it then.
    const fn holds(
        says: &'a str,
        policy: &'a str,
        lines: Vec<(u8, u64)>,
        at_s: u64,
        seen: (u64, u64),
    ) -> Self {
        Self { says, policy, lines, at_s, failed: None, seen: Some(seen) }
    }

    /// The bundle breaks this rule.
    fn fails(self, rule: &'a str) -> Self {
        Self { failed: Some(rule), ..self }
    }
}

/// Bundles that are of now, whose newest close is at `c`.
fn seen_in_time<'a>(
    c: u64,
    (two, nested, named): (&'a str, &'a str, &'a str),
) -> Vec<Witnessed<'a>> {
    let of = Witnessed::holds;
    let one_by_one = vec![(1, c + 10), (2, c + 20), (3, c + 30)];
    let twice = vec![(1, c + 50), (2, c + 20), (1, c + 10), (2, c + 60)];
    let in_groups = vec![(1, c + 10), (2, c + 40), (3, c + 20), (3, c + 30)];
    let (day, both) = (c + DAY_S, |at| vec![(1, at), (2, at)]);
    let anew = vec![(1, c), (2, c), (1, day), (2, day)];
    vec![
        of("two of three", two, one_by_one, c, (c + 20, c + 20)),
        of("of a log that is named", named, vec![(1, c + 10), (2, c + 20)], c, (c + 20, c + 10)),
        of("twice each", two, twice, c, (c + 20, c + 50)),
        of("nested", nested, in_groups, c, (c + 20, c + 30)),
        of("a day before", two, both(day), day, (day, day)),
        of("a day old, and seen anew", two, anew, day, (c, day)),
    ]
}

/// Bundles that are of another time.
fn seen_out_of_time(c: u64, two: &str) -> Vec<Witnessed<'_>> {
    let of = |says, lines, at_s, seen| {
        Witnessed::holds(says, two, lines, at_s, seen).fails("ledger_current")
    };
    let (month, late) = (c + 30 * DAY_S, c + DAY_S + 1);
    let (ahead, before) = (c + SKEW_S + 1, c - SKEW_S - 1);
    let both = |at| vec![(1, at), (2, at)];
    let anew = vec![(1, c), (2, c), (1, month), (2, month)];
    vec![
        of("old", both(c), month, (c, c)),
        of("old, and seen anew", anew, month, (c, month)),
        of("old, and seen anew by one", vec![(1, c), (2, c), (1, month)], month, (c, c)),
        of("first seen too late", both(late), late, (late, late)),
        of("a close dated ahead", both(before), c, (before, before)),
        of("witnesses ahead", both(ahead), c, (ahead, ahead)),
    ]
}

#[test]
fn interop_page_comes_to_the_verdicts_of_the_vectors_under_a_policy() {
    let text = |name: &str| std::fs::read_to_string(vectors().join(name)).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text("witnessed.json")).unwrap();
    let policy = text("witnesses.policy");
    let question = |case: &Value| {
        let path = vectors().join(case["bundle"].as_str().unwrap());
        json!({ "path": path, "at": case["at"], "policy": policy })
    };
    let questions: Vec<_> = cases.iter().map(question).collect();
    let found = found(&log_key().to_string(), &questions);
    assert!(!cases.is_empty() && found.len() == cases.len());
    for (found, case) in found.iter().zip(&cases) {
        assert_eq!(found["failed"], case["failed"], "{}: {}", case["says"], found["failures"]);
        let seen = json!({ "earliest": case["witnessed"][0], "latest": case["witnessed"][1] });
        assert_eq!(found["ledger"]["beside"]["witnessed"], seen, "{}", case["says"]);
    }
}

#[test]
fn interop_page_asks_when_a_quorum_saw_the_log_first_and_last() {
    let folder = tempfile::tempdir().unwrap();
    let c = bundle(&viewers()).closes.last().unwrap().time.seconds();
    let two = policy("group g 2 w1 w2 w3\nquorum g\n");
    let nested = policy("group a any w1 w2\ngroup b all a w3\nquorum b\n");
    let named = format!("log {}\n{two}", log_key());
    let mut cases = seen_in_time(c, (&two, &nested, &named));
    cases.extend(seen_out_of_time(c, &two));
    let few = "witnesses";
    let not_seen = |says, policy, lines, failed| {
        let seen = None;
        Witnessed { says, policy, lines, at_s: c, failed, seen }
    };
    cases.extend([
        not_seen("too few", &*two, vec![(1, c), (1, c + 1)], Some(few)),
        not_seen("nested, too few", &nested, vec![(1, c), (2, c)], Some(few)),
        not_seen("nobody is asked", "quorum none\n", vec![], None),
    ]);
    let question = |(n, case): (usize, &Witnessed<'_>)| {
        let path = cosigned(folder.path(), n, &case.lines, false);
        json!({ "path": path, "at": case.at_s, "policy": case.policy })
    };
    let questions: Vec<_> = cases.iter().enumerate().map(question).collect();
    let found = found(&log_key().to_string(), &questions);
    for (found, case) in found.iter().zip(&cases) {
        let expected: Vec<_> = case.failed.into_iter().collect();
        assert_eq!(found["failed"], json!(expected), "{}: {}", case.says, found["failures"]);
        let seen = case.seen.map(|(first, last)| json!({ "earliest": first, "latest": last }));
        assert_eq!(found["ledger"]["beside"]["witnessed"], json!(seen), "{}", case.says);
    }
    let other = NoteKey::new("log.example/other", witness(1).1.public_key()).unwrap();
    let refused = [
        json!({ "path": cosigned(folder.path(), 98, &[(1, c), (2, c)], true), "at": c, "policy": two }),
        json!({ "path": cosigned(folder.path(), 99, &[(1, c), (2, c)], false), "at": c, "policy": format!("log {other}\n{two}") }),
    ];
    assert_eq!(failures(&refused), [json!([few]), json!([few])]);
}
