//! docs/protocol.md in code: every signed format of Countersign, defined once, its signatures, and the replay of acts,
//! which a log and whoever verifies it must do alike.
//!
//! What it is not: it reads no file, asks no clock and holds no key. What a log is checked for as a whole is the
//! crate `countersign-verifier`.
//!
//! Formats: C2SP tlog-tiles, signed-note, checkpoint, cosignature and policy to the letter; RFC 6962 trees; RFC
//! 8785 entries; the rest is defined in docs/protocol.md.
#![forbid(unsafe_code)]

pub mod archive;
pub mod blinded_lists;
pub mod canonical;
pub mod checkpoint;
pub mod chronology;
pub mod closed_period;
pub mod consent;
pub mod consent_receipt;
pub mod cosignature;
pub mod cosigned;
pub mod directory;
pub mod entry;
pub mod evidence_pack;
pub mod index_audit;
pub mod index_sample;
pub mod json_check;
pub mod json_visitor;
pub mod ledger_bundle;
pub mod merkle;
pub mod note;
pub mod packed;
pub mod person_index;
pub mod receipt;
pub mod record;
pub mod replay;
pub mod shared_proof;
mod signed_text;
pub mod site_path;
pub mod tile;
pub mod witness_policy;
