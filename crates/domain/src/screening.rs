//! Screening as the log says it: that a partner, its parent and its owners were held against official
//! lists, against which version of each, and what came of it. Names of natural persons and scores stay
//! with the platform, behind a salted commitment.
//!
//! What it is not: the matching, which is `countersign-policy`'s.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::identifier::Identifier;

/// A screening, the payload of an act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningAct {
    /// The partner.
    pub partner: Identifier,
    /// The lists, in the version that was used.
    pub lists: Vec<ScreeningList>,
    /// What came of it.
    pub outcome: Outcome,
    /// SHA-256 over salt and report; see docs/protocol.md.
    pub report: Digest,
}

/// A list that was screened against.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningList {
    /// Its name.
    pub list: Identifier,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// How many entries it has.
    pub entries: u64,
}

/// A partner's last screening, as the register knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screened {
    /// The partner.
    pub partner: Identifier,
    /// The lists, in the version that was used.
    pub lists: Vec<ScreeningList>,
    /// What came of it; no longer clear once the partner has changed.
    pub outcome: Outcome,
    /// The commitment to the report.
    pub report: Digest,
    /// The entry that says so.
    pub entry: u64,
}

/// What came of a screening, the better before the worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was found, or nothing that is true.
    Clear,
    /// Something was found that nobody has decided yet.
    Undecided,
    /// A match is true.
    Refused,
}
