//! Why a period cannot be closed or read.

use std::io;

use countersign_protocol::blinded_lists::ListsError;
use countersign_protocol::person_index::IndexError;

use super::SecretsError;
use crate::annex::AnnexError;
use crate::append::AppendError;
use crate::rewrite::RewriteError;
use crate::stream::StreamError;

/// Why a period cannot be closed or read. A later attempt begins anew.
#[derive(Debug, thiserror::Error)]
pub enum PeriodError {
    /// The file layer failed.
    #[error("{file}: {error}")]
    Io {
        /// The file or folder.
        file: String,
        /// What the file layer says.
        error: io::Error,
    },
    /// The stream cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// What is erased could not be overwritten.
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    /// The stream ends before what is durable.
    #[error("the stream can be read up to entry {found} only; {until} entries are durable")]
    Short {
        /// How many entries could be read.
        found: u64,
        /// How many there should be.
        until: u64,
    },
    /// An entry cannot be read, which was read when the log was opened.
    #[error("entry {index} of the stream cannot be read: {reason}")]
    Entry {
        /// Its index.
        index: u64,
        /// What is wrong.
        reason: String,
    },
    /// The records of a disclosure are not those that its entry commits to.
    #[error(
        "entry {index} commits to other records than its people's secrets give; was a person's secret changed in place? restore the people store from a backup"
    )]
    OtherRecords {
        /// The entry's index.
        index: u64,
    },
    /// There is nothing to close.
    #[error("there is no entry from {from} on, so there is no period to close")]
    Nothing {
        /// Where the period begins.
        from: u64,
    },
    /// A period that nobody has the files of.
    #[error(
        "period {number} has no files in stream/periods: it is not closed yet, or they were lost and are to be restored from a backup"
    )]
    NotClosed {
        /// The period.
        number: u64,
    },
    /// The lists could not be given to somebody.
    #[error("{file}: {error}")]
    Lists {
        /// The file that they are from.
        file: String,
        /// What is wrong.
        error: ListsError,
    },
    /// What is computed again is not what was closed.
    #[error(
        "the close at {index} has another person index than the stream and people's secrets give now: its files in stream/periods were lost, and somebody in them was erased since, or people/ is from another time; restore stream/periods, or people/, from a backup that is as new as stream/"
    )]
    OtherIndex {
        /// The close's index.
        index: u64,
    },
    /// The files are of a close that the stream does not have.
    #[error(
        "stream/periods has the files of period {number}, whose close is entry {index}, and the stream does not have that close there: stream/ is from an older backup than stream/periods; restore both from one backup, the newest"
    )]
    OtherStream {
        /// The period.
        number: u64,
        /// The close's index, as the files have it.
        index: u64,
    },
    /// A file of a period is not what it was.
    #[error(
        "{file}: {reason}; restore it from a backup, or remove stream/periods/last to have every period computed again"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Written by another version of the program.
    #[error("{file}: version {found} is not known; this program reads version {known}")]
    UnknownVersion {
        /// The file.
        file: String,
        /// The version found.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
    /// People's secrets cannot be read.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Labels came out of order: two people have one secret, or a file was changed while it was read.
    #[error("the sorted items do not make an index: {0}")]
    Index(#[from] IndexError),
    /// The close was not appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl PeriodError {
    pub(super) fn io(file: &str, error: io::Error) -> Self {
        Self::Io { file: file.to_owned(), error }
    }

    pub(crate) fn annex(index: u64, error: &AnnexError) -> Self {
        Self::Entry { index, reason: error.to_string() }
    }
}
