//! The corpus of a fuzz target, and changes of its files, for the property tests that feed them to its parser in every
//! ordinary run.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// The files of one target's corpus.
pub(crate) fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One change of some bytes.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Cut(prop::sample::Index, prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let text =
        prop::sample::select(vec!["\"", "{", "}", "0", "\n", "\\u0000", ",", "\u{2014} ", "/"]);
    prop_oneof![
        any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<prop::sample::Index>(), text).prop_map(|(at, text)| Change::Insert(at, text.into())),
        any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(a, b)| Change::Cut(a, b)),
        any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(a, b)| Change::Repeat(a, b)),
    ]
}

pub(crate) fn apply(bytes: &mut Vec<u8>, change: Change) {
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

/// Property tests of these names, each of the parser of a target.
macro_rules! properties {
    ($($name:ident $target:ident)*) => {
        proptest::proptest! {
            $(#[test]
            fn $name(
                which: proptest::sample::Index,
                changes in proptest::collection::vec(changes::change(), 0..4),
            ) {
                let mut bytes = which.get(&changes::corpus(stringify!($target))).clone();
                for change in changes {
                    changes::apply(&mut bytes, change);
                }
                parsers::$target(&bytes);
            })*
        }
    };
}

pub(crate) use properties;
