//! The page's verifier of ledgers, in Node.js: written from the same document, it comes to what ours comes to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign_domain::time::Timestamp;
use countersign_protocol::directory::verify_history;
use countersign_protocol::entry::DirectoryRoot;
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::note::NoteKey;
use countersign_verifier::ledger::{Ledger, Question, check};
use countersign_verifier::verdict::{Rule, Verdict};
use serde_json::{Value, json};

use crate::support::foreign::node;

/// A bit of every how many is flipped.
const FLIPPED_EVERY_BITS: usize = 37;
/// Of histories, most of which are read by hashes and curves, fewer.
const FLIPPED_EVERY_HISTORY_BITS: usize = 211;

/// When the bundle `00.ledger` was made.
pub(crate) const MADE_AT_S: u64 = 1_528_156_799;

/// What of a question a vector may have beside its time: what its reader brings.
const BROUGHT: [&str; 4] = ["account", "account_since", "receipts", "policy"];

pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/ledger")
}

pub(crate) fn log_key() -> NoteKey {
    std::fs::read_to_string(vectors().join("log.vkey")).unwrap().trim().parse().unwrap()
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn verdicts() -> Vec<Value> {
    json_of(&vectors().join("verdicts.json")).as_array().unwrap().clone()
}

fn checked(bytes: &[u8], at_s: u64) -> (Verdict, Option<Ledger>) {
    let at = Timestamp::from_seconds(at_s);
    check(bytes, &Question::new(&log_key(), at))
}

fn failed(verdict: &Verdict) -> BTreeSet<Rule> {
    Rule::of_ledger().filter(|rule| verdict.failed(*rule) > 0).collect()
}

/// What the page's verifier says of ledgers: each the path of a file, when it was made, and what else is asked.
pub(crate) fn found(key: &str, ledgers: &[Value]) -> Vec<Value> {
    node("ledger.mjs", &json!({ "key": key, "ledgers": ledgers })).as_array().unwrap().clone()
}

fn names(rules: &Value) -> BTreeSet<String> {
    rules.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn interop_page_comes_to_the_verdicts_of_the_vectors() {
    let verdicts = verdicts();
    let question = |vector: &Value| {
        let path = vectors().join(vector["bundle"].as_str().unwrap());
        let mut question = json!({ "path": path, "at": vector["at"] });
        for name in BROUGHT {
            if let Some(value) = vector.get(name) {
                question[name] = value.clone();
            }
        }
        question
    };
    let questions: Vec<_> = verdicts.iter().map(question).collect();
    let found = found(&log_key().to_string(), &questions);
    for ((vector, found), question) in verdicts.iter().zip(found).zip(&questions) {
        let says = &vector["says"];
        assert_eq!(names(&found["failed"]), names(&vector["failed"]), "{says}: {found}");
        assert_eq!(found["outcome"], vector["outcome"], "{says}: {found}");
        assert_eq!(found["ledger"]["lines"].as_array().map(Vec::len), lines(vector), "{says}");
        // Where both believe it, they read the same.
        let bytes = std::fs::read(question["path"].as_str().unwrap()).unwrap();
        let (verdict, ledger) = checked(&bytes, question["at"].as_u64().unwrap());
        if verdict.holds() {
            let shown = found["ledger"].as_object().unwrap();
            let expected = serde_json::to_value(ledger.unwrap()).unwrap();
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(shown.get(name).unwrap_or(&Value::Null), value, "{says}: {name}");
            }
        }
    }
}

fn lines(vector: &Value) -> Option<usize> {
    vector["lines"].as_u64().map(|lines| usize::try_from(lines).unwrap())
}

#[test]
fn interop_page_refuses_a_changed_bit_for_the_same_rules() {
    for (name, at_s) in [("00.ledger", MADE_AT_S), ("24.ledger", 1_528_070_400)] {
        let path = vectors().join(name);
        let whole = std::fs::read(&path).unwrap();
        let bits: Vec<_> = (0..whole.len() * 8).step_by(FLIPPED_EVERY_BITS).collect();
        let question = |bit: &usize| json!({ "path": path, "at": at_s, "flipped": bit });
        let questions: Vec<_> = bits.iter().map(question).collect();
        let (mut refused, mut differ) = (0, Vec::new());
        for (found, bit) in found(&log_key().to_string(), &questions).iter().zip(bits) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let verdict = checked(&bytes, at_s).0;
            let outcome = serde_json::to_value(verdict.outcome().name()).unwrap();
            assert_eq!(found["outcome"], outcome, "{name}, bit {bit}");
            let ours = failed(&verdict);
            let ours: BTreeSet<_> = ours.into_iter().map(|rule| rule.name().to_owned()).collect();
            // How far newer entries were searched is the platform's word, and may be less.
            refused += usize::from(!ours.is_empty());
            if names(&found["failed"]) != ours {
                differ.push((bit, names(&found["failed"]), ours));
            }
        }
        assert_eq!(differ, [], "{name}: bits, what the page says, and what we say");
        assert!(refused > 700, "{name}: {refused} changed bits were for the page to refuse");
    }
}

/// A way to leave something out of a bundle, or to put something else into it; and what it breaks.
type Change = (&'static str, fn(&mut Bundle), &'static [&'static str]);

const CHANGES: &[Change] = &[
    (
        "all proofs removed",
        |bundle| bundle.closes.iter_mut().for_each(|close| close.shown.clear()),
        &["ledger_complete"],
    ),
    ("one proof removed", |bundle| bundle.closes[0].shown.clear(), &["ledger_complete"]),
    (
        "the newest period's proof removed",
        |bundle| bundle.closes.last_mut().unwrap().shown.clear(),
        &["ledger_complete"],
    ),
    (
        "a proof twice",
        |bundle| {
            let proof = bundle.closes[0].shown[0].clone();
            bundle.closes[0].shown.push(proof);
        },
        &["ledger_complete"],
    ),
    (
        "proofs and items removed",
        |bundle| {
            bundle.closes.iter_mut().for_each(|close| close.shown.clear());
            bundle.items.clear();
        },
        &["ledger_complete"],
    ),
    (
        "no secret, and nothing of one",
        |bundle| {
            bundle.secrets.clear();
            bundle.closes.iter_mut().for_each(|close| close.shown.clear());
            bundle.items.clear();
        },
        &["ledger_secrets"],
    ),
    (
        "another account's history",
        |bundle| bundle.history = other_bundle().history,
        &["ledger_directory", "ledger_secrets"],
    ),
    (
        "another account's history and name",
        |bundle| {
            let other = other_bundle();
            (bundle.account, bundle.history) = (other.account, other.history);
        },
        &["ledger_secrets"],
    ),
    ("no history", |bundle| bundle.history.clear(), &["ledger_directory", "ledger_secrets"]),
];

fn other_bundle() -> Bundle {
    Bundle::parse(&std::fs::read(vectors().join("02.ledger")).unwrap()).unwrap()
}

#[test]
fn interop_page_refuses_a_bundle_that_leaves_out_or_swaps_what_proves_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(vectors().join("00.ledger")).unwrap();
    let write = |(number, (_, change, _)): (usize, &Change)| {
        let mut bundle = Bundle::parse(&whole).unwrap();
        change(&mut bundle);
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, bundle.to_bytes()).unwrap();
        json!({ "path": path, "at": MADE_AT_S })
    };
    let questions: Vec<_> = CHANGES.iter().enumerate().map(write).collect();
    for (found, (says, _, expected)) in
        found(&log_key().to_string(), &questions).iter().zip(CHANGES)
    {
        let expected: BTreeSet<_> = expected.iter().map(|&name| name.to_owned()).collect();
        assert!(found["holds"] == false, "{says}");
        let found = names(&found["failed"]);
        assert!(found.is_superset(&expected), "{says}: {found:?}");
    }
}

#[test]
fn interop_page_verifies_histories_as_we_do_and_no_other_spelling() {
    let file = vectors().join("../directory/histories.json");
    let vectors = json_of(&file).as_array().unwrap().clone();
    let histories: Vec<Vec<u8>> = vectors
        .iter()
        .map(|vector| const_hex::decode(vector["history"].as_str().unwrap()).unwrap())
        .collect();
    let flips: Vec<(usize, usize)> = histories
        .iter()
        .enumerate()
        .flat_map(|(n, bytes)| {
            (n..bytes.len() * 8).step_by(FLIPPED_EVERY_HISTORY_BITS).map(move |bit| (n, bit))
        })
        .collect();
    let found = node("directory.mjs", &json!({ "vectors": vectors, "flips": flips }));
    for (vector, found) in vectors.iter().zip(found["whole"].as_array().unwrap()) {
        assert_eq!(*found, vector["versions"], "epoch {}", vector["epoch"]);
    }
    let mut held = Vec::new();
    for ((n, bit), found) in flips.iter().zip(found["flipped"].as_array().unwrap()) {
        let (vector, mut bytes) = (&vectors[*n], histories[*n].clone());
        bytes[bit / 8] ^= 1 << (bit % 8);
        let text = |name: &str| serde_json::from_value(vector[name].clone()).unwrap();
        let epoch = vector["epoch"].as_u64().unwrap();
        let directory = DirectoryRoot { epoch, root: text("root"), vrf: text("vrf") };
        let ours = verify_history(vector["account"].as_str().unwrap(), &bytes, &directory);
        assert_eq!(ours.is_err(), found.is_null(), "history {n}, bit {bit}: {ours:?}, {found}");
        held.extend(ours.ok().map(|_| (n, bit)));
    }
    assert_eq!(held, [], "changed bits that nobody refuses");
    assert_eq!(found["altered_held"], 0, "histories with a field too few or too many");
    println!("{} histories: {} ms", vectors.len(), found["milliseconds"]);
}

#[test]
fn interop_page_has_the_primitives_of_their_specifications() {
    let cases = |name: &str| {
        let file = vectors().join("../primitives").join(name);
        json_of(&file)["cases"].as_array().unwrap().clone()
    };
    let (hashes, signatures, proofs) =
        (cases("blake3.json"), cases("ed25519.json"), cases("ecvrf.json"));
    let asked = json!({ "blake3": hashes, "ed25519": signatures, "ecvrf": proofs });
    let found = node("primitives.mjs", &asked);
    for (case, found) in hashes.iter().zip(found["hashes"].as_array().unwrap()) {
        assert_eq!(*found, case["hash"], "{} bytes", case["input_len"]);
    }
    for found in found["signatures"].as_array().unwrap() {
        assert_eq!(*found, json!({ "holds": true, "others": 0 }));
    }
    for (case, found) in proofs.iter().zip(found["proofs"].as_array().unwrap()) {
        assert_eq!(*found, case["output"]);
    }
    assert_eq!(found["others_of_proofs"], 0, "a changed proof, another key or spelling holds");
    assert_eq!((hashes.len(), signatures.len(), proofs.len()), (35, 3, 3));
    println!("a proof of the verifiable random function: {} ms", found["milliseconds"]);
}
