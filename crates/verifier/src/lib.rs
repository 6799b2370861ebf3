//! What an outsider runs: the checks on everything that a log has signed.
//!
//! What it is not: it defines no format (that is `countersign_protocol`), holds no key, decides nothing about anybody's
//! data and does no network I/O (the binary `countersign-verify` alone may fetch). Log keys are its caller's input,
//! never taken from a log.
//!
//! Spec: docs/protocol.md, sections 6 to 8.
#![forbid(unsafe_code)]

mod act_check;
pub mod answer;
pub mod batch;
mod body;
pub mod confusable_names;
pub mod consent_check;
pub mod consent_file;
mod continuity;
pub mod cut_check;
pub mod directory_check;
pub mod edge;
pub mod evidence;
pub mod headers;
pub mod index_check;
mod key_change;
pub mod ledger;
pub mod log_check;
mod log_range;
pub mod outcome;
mod own;
mod paging;
mod pass;
pub mod periods;
pub mod promise;
mod promised_entry;
pub mod redecide;
pub mod regular_file;
pub mod site;
pub mod state;
pub mod tree_check;
pub mod verdict;
mod witness_check;
