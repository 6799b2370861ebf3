//! The parsers of the fuzz targets on changed files of their corpus, in every ordinary run.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[path = "../../../../fuzz/parsers.rs"]
mod parsers;

/// The files of one target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Cut(prop::sample::Index, prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let text =
        prop::sample::select(vec!["\"", "{", "}", "0", "\n", "\\u0000", ",", "\u{2014} ", "/"]);
    prop_oneof![
        any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<prop::sample::Index>(), text).prop_map(|(at, text)| Change::Insert(at, text.into())),
        any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(a, b)| Change::Cut(a, b)),
        any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(a, b)| Change::Repeat(a, b)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: Change) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    let range = |a: prop::sample::Index, b: prop::sample::Index| {
        let (a, b) = (a.index(length), b.index(length));
        a.min(b)..a.max(b)
    };
    match change {
        Change::Set(at, byte) => bytes[at.index(length)] = byte,
        Change::Insert(at, text) => {
            let at = at.index(length);
            bytes.splice(at..at, text);
        }
        Change::Cut(a, b) => drop(bytes.drain(range(a, b))),
        Change::Repeat(a, b) => {
            let part = bytes[range(a, b)].to_vec();
            let end = range(a, b).end;
            bytes.splice(end..end, part);
        }
    }
}

macro_rules! property {
    ($($name:ident $target:ident)*) => {
        proptest! {
            $(#[test]
            fn $name(which: prop::sample::Index, changes in prop::collection::vec(change(), 0..4)) {
                let mut bytes = which.get(&corpus(stringify!($target))).clone();
                for change in changes {
                    apply(&mut bytes, change);
                }
                parsers::$target(&bytes);
            })*
        }
    };
}

property! {
    property_changed_entries_are_refused_or_read_back entry
    property_changed_consent_records_are_refused_or_read_back consent
    property_changed_notes_are_refused_or_read_back note
    property_changed_tiles_are_refused_or_read_back tile
    property_changed_index_proofs_are_refused_or_read_back person_index
    property_changed_growth_of_directories_is_refused_or_read_back directory_growth
    property_changed_evidence_packs_are_refused_or_read_back evidence
    property_changed_ledgers_are_refused_or_read_back ledger
    property_changed_lists_are_refused_or_counted blinded_lists
    property_changed_samples_are_refused_or_read_back index_sample
    property_changed_archives_are_refused_or_read_back archive
    property_changed_policies_are_refused_or_ask_for_somebody witness_policy
    property_changed_receipts_are_refused receipt
    property_changed_answers_are_refused_or_unambiguous answer
    property_changed_json_is_refused_with_a_place_or_single json_check
    property_changed_batches_are_refused_or_give_single_answers batch
}
