//! Why a file is not a state that a check can go on from. None of these is passed over: whoever wants to begin
//! again moves the file away.

use std::path::PathBuf;

use countersign_protocol::checkpoint::CheckpointError;
use countersign_protocol::entry::EntryError;
use countersign_protocol::replay::ReplayError;

/// Why a state cannot be used, or kept.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{path} cannot be written: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is another kind of file.
    #[error("it is not a state of countersign-verify: its first line is another one")]
    NotAState,
    /// A version that this program does not know.
    #[error("it is a state of version {found:?}; this program reads version {known}")]
    UnknownVersion {
        /// The version found.
        found: String,
        /// The version that this program reads.
        known: u32,
    },
    /// It was cut off, or changed.
    #[error("it is damaged: its bytes do not have the digest that its first line gives")]
    Torn,
    /// Its contents are not of the form.
    #[error("it cannot be read: {reason}")]
    Form {
        /// What is wrong.
        reason: String,
    },
    /// It is another log's.
    #[error("it is of the log {found:?}, and the key is that of {expected:?}")]
    OtherLog {
        /// The origin found.
        found: String,
        /// The origin of the key.
        expected: String,
    },
    /// Its checkpoint is not signed by the key.
    #[error("its checkpoint does not hold under the key: {0}")]
    Checkpoint(CheckpointError),
    /// Its tree is not that of its checkpoint.
    #[error("its tree is not the one that its checkpoint signs")]
    Tree,
    /// It was made by a program that checked other rules.
    #[error("it was made by a program that checked other rules than this one")]
    OtherRules,
    /// An act in it is not an entry.
    #[error("its act at entry {index} cannot be read: {error}")]
    Entry {
        /// The act's index.
        index: u64,
        /// What is wrong.
        error: EntryError,
    },
    /// An act in it stands in no place that it could have in the log.
    #[error("its act at entry {index} is out of order, or no act")]
    Order {
        /// The act's index.
        index: u64,
    },
    /// An act in it is not one that the register takes.
    #[error("its act at entry {index} does not hold: {error}")]
    Act {
        /// The act's index.
        index: u64,
        /// Why not.
        error: ReplayError,
    },
}
