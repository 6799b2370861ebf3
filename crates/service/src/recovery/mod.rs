//! Parts of an instance that are of different ages, as a backup leaves them that was restored in part: what shows
//! that, and what can be done again.
//!
//! ```text
//! people/ older than stream/     the log numbers choices and erasures: `lag` finds what is missing, `apply` does it again
//! stream/ older than people/     refused: what is lost was acknowledged, and perhaps signed
//! directory/, stream/periods/    held against the closes of the stream (see `closes`)
//! canaries.json, its key         held against the number of changes that people/ remembers, and against the log and the
//!                                key that the file names (see `canaries`)
//! ```
//!
//! INVARIANT: nobody is served from people who are older than the log. Kept by `instance`, which opens no people
//! beside a log without [`check`].
//!
//! What it is not: a backup. What the log does not have, profiles and accounts among it, it cannot bring back.

use countersign_log::backend::Backend;
use countersign_log::period::PeriodError;
use countersign_people::account_directory::AccountDirectoryError;
use countersign_people::store::{LogMark, People, StoreError};

use crate::canaries::CanaryError;

mod apply;
mod lag;

pub use self::apply::{Lost, Parts, Recovered, recover};
pub use self::lag::Lag;

/// Parts of an instance do not belong together, or cannot be brought together.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// People who are older than the log.
    #[error(
        "people/ is from an older backup than stream/: they agree up to entry {since} of {entries}, and of what the log has behind it people/ lacks {lag}. Nobody is served, so that nobody is served who was erased, and nothing that was closed: restore a newer people/, or run `countersign people recover`, which applies again what the log has"
    )]
    PeopleOlder {
        /// How many entries they agree about.
        since: u64,
        /// How many there are.
        entries: u64,
        /// What is missing.
        lag: Lag,
    },
    /// A log that is older than people.
    #[error(
        "stream/ is from an older backup than people/: it has {entries} entries, and people/ has seen {seen}. Entries that were acknowledged are missing: restore a stream/ that has them, with stream/periods/; nothing else can take their place"
    )]
    StreamOlder {
        /// How many entries there are.
        entries: u64,
        /// How many people have seen.
        seen: u64,
    },
    /// People of another instance.
    #[error(
        "people/ belongs to another log than stream/: they are of two instances; restore both from backups of this one"
    )]
    OtherLog,
    /// Something that cannot be brought back.
    #[error(
        "nothing was changed: {lost} cannot be brought back from the log. Restore newer ones; if there are none, `countersign people recover --accept-loss` goes on without"
    )]
    Lost {
        /// What.
        lost: Lost,
    },
    /// The stream cannot be read.
    #[error(transparent)]
    Stream(#[from] PeriodError),
    /// The people cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory of accounts.
    #[error(transparent)]
    Directory(#[from] AccountDirectoryError),
    /// The canaries.
    #[error(transparent)]
    Canaries(#[from] CanaryError),
    /// A receipt cannot be made again.
    #[error("a receipt could not be made again: {0}")]
    Receipt(#[from] countersign_protocol::canonical::CanonicalError),
}

/// Whether these people are as new as the stream of the log beside them, as far as the log can tell. How far they
/// agree then.
///
/// # Errors
/// [`RecoveryError`].
pub fn check(people: &People, backend: &dyn Backend) -> Result<LogMark, RecoveryError> {
    let (lag, since, mark) = lag::look(people, backend)?;
    if lag.is_empty() {
        return Ok(mark);
    }
    Err(RecoveryError::PeopleOlder { since, entries: mark.entries, lag })
}
