//! Why a ledger bundle cannot be made.

use std::io;

use countersign_protocol::merkle::ProveError;
use countersign_protocol::tile::TileError;

use crate::period::{PeriodError, SecretsError};
use crate::stream::StreamError;

/// Why a ledger bundle cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file layer failed.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// What the file layer says.
        error: io::Error,
    },
    /// The stream.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The files of a period.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// People's secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Nothing is published yet.
    #[error("no checkpoint is published yet; ask again in a second")]
    NotPublished,
    /// The first close is not published yet, or there is none: without one nothing is proved to be complete.
    #[error(
        "no close is published yet; ask again when the first one is, which a second after it is made"
    )]
    NoClosePublished,
    /// The published checkpoint cannot be read.
    #[error("{file}: it is no checkpoint; `countersign check` says more")]
    Checkpoint {
        /// The file.
        file: String,
    },
    /// A published document is gone.
    #[error("{file}: no such file; `countersign check` says more")]
    Document {
        /// The file.
        file: String,
    },
    /// The account's history is not the one that the newest close has.
    #[error(
        "the directory is ahead of the newest published close: {reason}; ask again when the close that is under way has been published"
    )]
    History {
        /// Why it does not hold.
        reason: String,
    },
    /// An entry and its annex do not fit to each other.
    #[error("entry {index} of the stream does not have what its period says: {reason}")]
    Entry {
        /// The entry.
        index: u64,
        /// What is wrong.
        reason: String,
    },
    /// Somebody else in an entry was erased, and the commitment to their record with their secret.
    #[error(
        "entry {index} has a record whose person's secret was destroyed, so that it cannot be proved what else is in it"
    )]
    Forgotten {
        /// The entry.
        index: u64,
    },
    /// A published tile cannot be read.
    #[error(transparent)]
    Tile(#[from] TileError<io::Error>),
    /// No proof can be made from the published tiles.
    #[error(transparent)]
    Proof(#[from] ProveError<TileError<io::Error>>),
}

impl LedgerError {
    pub(crate) fn io(file: &str, error: io::Error) -> Self {
        Self::Io { file: file.to_owned(), error }
    }

    pub(crate) fn entry(index: u64, reason: impl std::fmt::Display) -> Self {
        Self::Entry { index, reason: reason.to_string() }
    }
}
