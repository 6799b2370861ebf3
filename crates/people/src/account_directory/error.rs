//! Why the directory cannot be read or written.

use std::path::PathBuf;

use akd::errors::AkdError;
use countersign_domain::remedy::{Remediable, Remedy};
use countersign_protocol::directory::DirectoryError;

use super::storage::FORMAT_VERSION;

use crate::database_remedy::of_database;

/// Why the directory cannot be read or written. Nothing in it names an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountDirectoryError {
    /// The folder cannot be made.
    #[error("{}: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The database failed.
    #[error("the directory's database in {}: {error}", path.display())]
    Database {
        /// Its folder.
        path: PathBuf,
        /// What it says.
        error: heed::Error,
    },
    /// Written by another version of Countersign.
    #[error(
        "{}: the directory of accounts has format {found}, and this program reads format {FORMAT_VERSION}: use the version of Countersign that wrote it",
        path.display()
    )]
    UnknownFormat {
        /// Its folder.
        path: PathBuf,
        /// The format found.
        found: u32,
    },
    /// There is none, and the log has closes with one.
    #[error(
        "{}: there is no directory of accounts, and the log's newest close binds epoch {epoch} of one: restore the folder from a backup that is as new as stream/. It is not made anew, since its epochs would not be those that auditors were shown",
        path.display()
    )]
    Missing {
        /// Its folder.
        path: PathBuf,
        /// The epoch of the newest close.
        epoch: u64,
    },
    /// It is older than the log's newest close.
    #[error(
        "{}: the directory of accounts is at epoch {found}, and the log's newest close binds epoch {expected}: it is from an older backup than stream/; restore one that is as new",
        path.display()
    )]
    Older {
        /// Its folder.
        path: PathBuf,
        /// The epoch that it has.
        found: u64,
        /// The epoch of the newest close.
        expected: u64,
    },
    /// It is another one than the log's closes bind.
    #[error(
        "{}: {what} of the directory of accounts is not the one that the log's newest close binds: restore `directory` and `keys/vrf.key` from the backup that `stream` is from",
        path.display()
    )]
    Other {
        /// Its folder.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The people are older than it.
    #[error(
        "people/ has had {found} people, and the directory of accounts knows of {expected}: people/ is from an older backup, and lacks who came since. Restore a newer people/; if there is none, `countersign people recover --accept-loss` goes on without them"
    )]
    PeopleOlder {
        /// How many people there have ever been in `people/`.
        found: u32,
        /// How many the directory knows of.
        expected: u32,
    },
    /// Something that is stored cannot be read.
    #[error(
        "the directory is damaged: {what} cannot be read; restore the folder `directory` from a backup"
    )]
    Damaged {
        /// What.
        what: &'static str,
    },
    /// The library could not go on.
    #[error("the directory: {reason}")]
    Library {
        /// Which of its parts, without what it was about.
        reason: &'static str,
    },
    /// A proof cannot be written.
    #[error(transparent)]
    Proof(#[from] DirectoryError),
}

impl Remediable for AccountDirectoryError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Folder { error, .. } => Remedy::of_io(error.kind()),
            Self::Database { error, .. } => of_database(error),
            _ => Remedy::Mend,
        }
    }
}

impl From<AkdError> for AccountDirectoryError {
    /// The library's messages name accounts, and end in logs.
    fn from(error: AkdError) -> Self {
        let reason = match error {
            AkdError::TreeNode(_) => "a node of its tree cannot be read",
            AkdError::Directory(_) => "the library refuses what it was asked",
            AkdError::AzksErr(_) => "its tree does not fit to what is to be inserted",
            AkdError::Vrf(_) => "its key, keys/vrf.key, cannot be used",
            AkdError::Storage(_) => "its database failed, or is damaged",
            AkdError::AuditErr(_) | AkdError::Parallelism(_) | AkdError::TestErr(_) => {
                "the library failed"
            }
        };
        Self::Library { reason }
    }
}
