//! The program `countersign`: the application (`service`) with what it leans on, its adapters for HTTP (`gateway`) and
//! for people (`commands`), configuration, imports, and the demonstration.
//!
//! What it is not: it gives no meaning to an agreement (`countersign-domain`), defines no signed format
//! (`countersign-protocol`), keeps no people (`countersign-people`), and nothing in it can open a person's data before
//! the log has it (`countersign-log`).
#![forbid(unsafe_code)]

pub mod admission;
pub mod canaries;
mod claimed_folder;
pub mod clock;
pub mod closes;
pub mod commands;
pub mod config;
pub mod connections;
pub mod consents;
pub mod demo;
pub mod file_signer;
pub mod gateway;
pub mod governance;
pub mod instance;
pub mod network;
pub mod people;
pub mod recovery;
pub mod screening;
pub mod service;
pub mod serving;
pub mod start_files;
pub mod witness;
pub mod witnesses;
