//! The verifier as outsiders meet it, one module per thing that the tests stand on.
#![expect(clippy::panic, clippy::unwrap_used, reason = "in a test, a panic is the finding")]

mod example_check_receipt;
mod index_world;
mod interop_go;
mod interop_transparency_dev;
mod ledger_world;
mod slow_host;
mod tools;
mod verify_bytes;
mod verify_command;
mod verify_consent;
mod verify_cut;
mod verify_directory;
mod verify_erasure;
mod verify_evidence;
mod verify_files;
mod verify_growth;
mod verify_histories;
mod verify_index;
mod verify_index_command;
mod verify_index_sample;
mod verify_late;
mod verify_ledger;
mod verify_ledger_age;
mod verify_monitor;
mod verify_outcome;
mod verify_parsers;
mod verify_periods;
mod verify_receipt;
mod verify_receipt_trust;
mod verify_rules;
mod verify_ruling;
mod verify_slow_host;
mod verify_state;
mod verify_witnesses;
mod verify_world;
