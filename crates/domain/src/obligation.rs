//! Obligations: what a partner must do after release, and by when. What it answered, or that it did not,
//! stands in the log.

use serde::{Deserialize, Serialize};

use crate::identifier::Identifier;
use crate::time::Timestamp;

/// What an agreement obliges the partner to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObligationsDocument {
    /// For how many days after release the data may be kept at most.
    pub retention_days: u32,
    /// Within how many days it is deleted after a person withdrew or was erased, and after the end.
    pub deletion_days: u32,
    /// To whom the data may be passed on.
    pub onward_transfer: OnwardTransfer,
}

impl ObligationsDocument {
    /// The longest time to delete in, in days.
    pub const DELETION_DAYS_MAX: u32 = 90;
    /// The longest time to keep in, in days: ten years.
    pub const RETENTION_DAYS_MAX: u32 = 3_653;
}

/// To whom data may be passed on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnwardTransfer {
    /// To nobody.
    None,
    /// To these, by their legal names, for the same purposes.
    To(Vec<String>),
}

/// What happened to an obligation, the payload of an act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObligationStep {
    /// The platform asks for it.
    Demanded {
        /// The agreement under which it is owed.
        agreement: Identifier,
        /// What has to be done.
        what: Duty,
        /// The first second in which it is overdue.
        due: Timestamp,
        /// Why, for everybody to read.
        reason: String,
    },
    /// The partner attests that it did it.
    Attested,
    /// The platform no longer asks for it.
    Lifted {
        /// Why, for everybody to read.
        reason: String,
    },
}

/// What an obligation is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Data has to be deleted.
    Deletion,
    /// It has to be shown that nothing is kept for longer than agreed.
    Retention,
    /// It has to be shown to whom data was passed on.
    OnwardTransfer,
}

/// An obligation as the register knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Obligation {
    /// Its name; of what is owed at an agreement's end, the agreement's.
    pub name: Identifier,
    /// The agreement under which it is owed.
    pub agreement: Identifier,
    /// What has to be done.
    pub what: Duty,
    /// The first second in which it is overdue.
    pub due: Timestamp,
    /// The entry by which it is owed.
    pub index: u64,
}
