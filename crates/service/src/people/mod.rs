//! Bringing people in: the default field schema, imports of files, and the feed of changes that keeps
//! them current.
//!
//! Every import reads all of its files before it commits anything, so that a malformed line leaves
//! the store as it was, and finds people again by account, so that it can be run again.

pub mod beginning;
pub mod feed;
mod feed_line;
pub mod import;
pub mod import_jsonl;
pub mod input;
pub mod lines;
pub mod links;
mod profile_json;
pub mod progress;
pub mod schema;
mod settings_json;
