//! An instance: made once by [`create`](create::create), opened by everything else.

use std::path::PathBuf;

use countersign_domain::identifier::NotAnIdentifier;
use countersign_log::OpenError;
use countersign_people::keys::KeyError;
use countersign_people::store::StoreError;
use countersign_protocol::note::NoteKeyError;
use countersign_toml::TomlFileError;

use crate::canaries::CanaryError;
use crate::claimed_folder::ClaimError;
use crate::closes::CloseError;
use crate::consents::TellError;
use crate::governance::GovernanceError;
use crate::recovery::RecoveryError;
use crate::start_files::StartFileError;

pub mod create;
pub mod log;
pub mod open;

/// An instance that cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The log could not be told what people chose.
    #[error("what people chose could not be logged: {0}")]
    Untold(#[from] TellError),
    /// The folder of a new instance.
    #[error(transparent)]
    Folder(#[from] ClaimError),
    /// Approvals need two reviewers, and each of them has one key.
    #[error("--reviewers: name at least two different reviewers, each of them once")]
    Reviewers,
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file that the start reads.
    #[error(transparent)]
    StartFile(#[from] StartFileError),
    /// The field schema.
    #[error(transparent)]
    Schema(#[from] TomlFileError),
    /// The people store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Parts of it are of different ages.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The log.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// The log's name.
    #[error(transparent)]
    Origin(#[from] NoteKeyError),
    /// A founding act.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// The budgets to begin with.
    #[error(transparent)]
    Budgets(#[from] NotAnIdentifier),
    /// What closes the log's periods.
    #[error(transparent)]
    Closes(#[from] CloseError),
    /// The fictitious accounts.
    #[error(transparent)]
    Canaries(#[from] CanaryError),
}

/// Whether the machine's clock is believed although it was set forward.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockTrust {
    /// Not further than the configuration allows.
    Watched,
    /// Somebody has looked, and it is right.
    Accepted,
}
