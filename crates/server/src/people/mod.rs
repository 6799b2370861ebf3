//! Bringing people in: the default field schema, imports of other people's files, a generator, and the
//! feed of changes that keeps them current.
//!
//! Every import reads all of its files before it commits anything, so that a malformed line leaves
//! the store as it was, and finds people again by account, so that it can be run again.

pub mod beginning;
pub mod feed;
mod feed_line;
pub mod generate;
pub mod generate_jsonl;
pub mod import;
mod import_jsonl;
mod import_ldbc;
mod import_snap;
pub mod input;
mod invented;
mod lines;
mod links;
mod profile_json;
pub mod progress;
mod random;
pub mod schema;
