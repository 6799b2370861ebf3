//! People as an instance keeps them: accounts, handles, secrets, settings, grants and their history, in an embedded
//! store with an image that requests read; the directory of accounts; and the files of an instance, with its keys.
//!
//! What it is not: it asks nobody over a network, and knows no log.
#![deny(unsafe_code)]

pub mod account_directory;
pub mod data_dir;
mod database_remedy;
pub mod durable_file;
pub mod file_system;
pub mod keys;
pub mod store;
