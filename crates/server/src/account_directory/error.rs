//! Why the directory cannot be read or written.

use std::path::PathBuf;

use akd::errors::AkdError;
use countersign_verifier::directory::DirectoryError;

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
    /// Made before accounts were kept out of it.
    #[error(
        "{}: made by an earlier development version, which kept accounts in it; this one reads only directories that it made",
        path.display()
    )]
    Before {
        /// Its folder.
        path: PathBuf,
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
