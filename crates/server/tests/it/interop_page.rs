//! The page's verifier of ledgers, in Node.js: written from the same document, it comes to what ours comes to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign_domain::time::Timestamp;
use countersign_verifier::ledger::{Bundle, Ledger, Question, check};
use countersign_verifier::note::NoteKey;
use countersign_verifier::verdict::{Rule, Verdict};
use serde_json::{Value, json};

use crate::foreign::node;

/// What the page leaves out.
const LEFT_OUT: [Rule; 3] = [Rule::LedgerDirectory, Rule::LedgerSecrets, Rule::Witnesses];

/// A bit of every how many is flipped.
const FLIPPED_EVERY_BITS: usize = 37;

pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/ledger")
}

pub(crate) fn log_key() -> NoteKey {
    std::fs::read_to_string(vectors().join("log.vkey")).unwrap().trim().parse().unwrap()
}

pub(crate) fn verdicts() -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(vectors().join("verdicts.json")).unwrap()).unwrap()
}

fn checked(bytes: &[u8], at_s: u64) -> (Verdict, Option<Ledger>) {
    let at = Timestamp::from_seconds(at_s);
    check(bytes, &Question::new(&log_key(), at))
}

fn failed(verdict: &Verdict) -> BTreeSet<Rule> {
    Rule::of_ledger().filter(|rule| verdict.failed(*rule) > 0).collect()
}

/// What the page's verifier says of files of the vectors, each with a time and perhaps a bit to flip.
fn found(ledgers: &[(PathBuf, u64, Option<usize>)]) -> Vec<Value> {
    let ledgers: Vec<_> = ledgers
        .iter()
        .map(|(path, at_s, flipped)| match flipped {
            Some(bit) => json!({ "path": path, "at": at_s, "flipped": bit }),
            None => json!({ "path": path, "at": at_s }),
        })
        .collect();
    let found = node("ledger.mjs", &json!({ "key": log_key().to_string(), "ledgers": ledgers }));
    found.as_array().unwrap().clone()
}

fn names(found: &Value) -> BTreeSet<Rule> {
    let names = found["failed"].as_array().unwrap().iter();
    names.map(|name| Rule::named(name.as_str().unwrap()).unwrap()).collect()
}

#[test]
fn interop_page_comes_to_the_verdicts_of_the_vectors() {
    let verdicts = verdicts();
    let ledgers: Vec<_> = verdicts
        .iter()
        .map(|vector| {
            let path = vectors().join(vector["bundle"].as_str().unwrap());
            (path, vector["at"].as_u64().unwrap(), None)
        })
        .collect();
    for ((vector, found), (path, at_s, _)) in verdicts.iter().zip(found(&ledgers)).zip(&ledgers) {
        let says = &vector["says"];
        assert_eq!(found["failed"], vector["failed_without_directory"], "{says}");
        assert_eq!(found["ledger"]["lines"].as_array().map(Vec::len), lines(vector), "{says}");
        // Where both believe it, they read the same.
        let (verdict, ledger) = checked(&std::fs::read(path).unwrap(), *at_s);
        if verdict.holds() {
            let mut shown = found["ledger"].clone();
            shown.as_object_mut().unwrap().remove("field_names");
            let mut expected = serde_json::to_value(ledger.unwrap()).unwrap();
            // A value that is not there is `null` in one and absent in the other.
            expected.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            shown.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(shown, expected, "{says}");
        }
    }
}

fn lines(vector: &Value) -> Option<usize> {
    vector["lines"].as_u64().map(|lines| usize::try_from(lines).unwrap())
}

#[test]
fn interop_page_refuses_a_changed_bit_for_the_same_rules() {
    for (name, at_s) in [("00.ledger", 1_528_156_799), ("24.ledger", 1_528_070_400)] {
        let path = vectors().join(name);
        let whole = std::fs::read(&path).unwrap();
        // Of the account's history, which this page does not read, there is more than one spelling.
        let history = Bundle::parse(&whole).unwrap().history;
        let begin = whole.windows(history.len()).position(|bytes| bytes == history).unwrap();
        let is_read = |bit: &usize| !(begin..begin + history.len()).contains(&(bit / 8));
        let bits = (0..whole.len() * 8).step_by(FLIPPED_EVERY_BITS).filter(is_read);
        let ledgers: Vec<_> = bits.map(|bit| (path.clone(), at_s, Some(bit))).collect();
        let (mut refused, mut differ) = (0, Vec::new());
        for (found, (.., bit)) in found(&ledgers).iter().zip(&ledgers) {
            let bit = bit.unwrap();
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let ours = failed(&checked(&bytes, at_s).0);
            // Whose secrets they are is for the directory, which this page does not read.
            if LEFT_OUT.iter().any(|rule| ours.contains(rule)) {
                continue;
            }
            // How far newer entries were searched is the platform's word, and may be less.
            refused += usize::from(!ours.is_empty());
            if names(found) != ours {
                differ.push((bit, names(found), ours));
            }
        }
        assert_eq!(differ, [], "{name}: bits, what the page says, and what we say");
        assert!(refused > 500, "{name}: {refused} changed bits were for the page to refuse");
    }
}
