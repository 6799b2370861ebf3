//! The cheating operator: whoever runs the platform holds every key, every store and every file, and lies.
//! Each test is one lie. A server runs and tells it; the outsider's own program is run against it and names
//! it. `docs/threats.md` has them in a table, with what nobody catches.
//!
//! The lies are told from here, with the product's keys and files: the product has no switch for any.

mod acts;
mod answers;
mod closes;
mod consents;
mod forged_lists;
mod front;
mod history;
mod index;
mod late;
mod ledgers;
mod outsider;
mod pen;
mod releases;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_lie_has_its_line_in_the_table_and_its_captured_output() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let names = fs::read_dir(docs.join("lies")).unwrap();
    let captured: BTreeSet<String> =
        names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let threats = fs::read_to_string(docs.join("threats.md")).unwrap();
    let linked = threats.split("](lies/").skip(1).filter_map(|rest| rest.split_once(')'));
    let linked: BTreeSet<String> = linked.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(captured, linked);
}
