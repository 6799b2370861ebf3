//! What an outsider runs: every signed format of Countersign, defined once, and the checks on it.
//!
//! What it is not: it holds no key, decides nothing about anybody's data and does no network I/O (the
//! binary `countersign-verify` alone may fetch). Log keys are its caller's input, never taken from a log.
//!
//! Formats: C2SP tlog-tiles, signed-note, checkpoint, cosignature and policy to the letter; RFC 6962 trees; RFC 8785 entries;
//! the rest is defined in docs/protocol.md.
#![forbid(unsafe_code)]

mod act_check;
pub mod answer;
pub mod archive;
pub mod batch;
pub mod blinded_lists;
mod body;
pub mod canonical;
pub mod checkpoint;
pub mod chronology;
pub mod closed_period;
pub mod confusable_names;
pub mod consent;
pub mod consent_check;
pub mod consent_file;
pub mod consent_receipt;
mod continuity;
pub mod cosignature;
pub mod cosigned;
pub mod cut_check;
pub mod directory;
pub mod directory_check;
pub mod edge;
pub mod entry;
pub mod evidence;
pub mod headers;
pub mod index_audit;
pub mod index_check;
pub mod index_sample;
pub mod json_check;
mod key_change;
pub mod ledger;
pub mod log_check;
mod log_range;
pub mod merkle;
pub mod note;
pub mod outcome;
mod own;
pub mod packed;
mod paging;
mod pass;
pub mod periods;
pub mod person_index;
pub mod promise;
mod promised_entry;
pub mod receipt;
pub mod record;
pub mod redecide;
pub mod regular_file;
pub mod replay;
pub mod shared_proof;
mod signed_text;
pub mod site;
pub mod state;
pub mod tile;
pub mod tree_check;
pub mod verdict;
mod witness_check;
pub mod witness_policy;
