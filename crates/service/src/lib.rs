//! The application: what an instance does, each operation once, with typed requests, results and errors
//! (`operations`), and what they lean on: acts, choices, closes, canaries, screening, witnesses, imports and feeds.
//!
//! What it is not: it knows no status, header or body of HTTP, and no argument of a command; both are adapters of it.
//! It gives no meaning to an agreement (`countersign-domain`), defines no signed format (`countersign-protocol`) and
//! keeps no people (`countersign-people`), and nothing in it can open a person's data before the log has it
//! (`countersign-log`).
#![forbid(unsafe_code)]

pub mod admission;
pub mod canaries;
mod claimed_folder;
pub mod clock;
pub mod closes;
pub mod consents;
pub mod file_signer;
pub mod governance;
pub mod instance;
pub mod operations;
pub mod people;
pub mod recovery;
pub mod running;
pub mod screening;
pub mod server_address;
pub mod settings;
pub mod spans;
pub mod start_files;
pub mod witnesses;
