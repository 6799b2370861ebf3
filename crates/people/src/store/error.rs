//! What can go wrong with the store. No error holds personal data.

use std::io;
use std::path::{Path, PathBuf};

use countersign_domain::remedy::{Remediable, Remedy};

use super::layout::{FORMAT_VERSION, IMAGE_VERSION};
use super::record::PROFILE_BYTES_MAX;
use crate::database_remedy::of_database;

/// The store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("{}: {action} failed: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// There is no store, where there has to be one.
    #[error(
        "{}: there are no people; an instance has this folder from its beginning, so it was lost: restore it from a backup, then run `countersign people recover`. It is not made anew, since the log knows people whose secrets were in it",
        dir.display()
    )]
    Missing {
        /// The store's folder.
        dir: PathBuf,
    },
    /// Two programs on one store would remove each other's images.
    #[error(
        "{}: another program has these people open; stop it first, or ask it over its admin interface",
        dir.display()
    )]
    InUse {
        /// The store's folder.
        dir: PathBuf,
    },
    /// The store was written by another version of Countersign.
    #[error(
        "{}: the people are stored in format {found}, and this program reads format {FORMAT_VERSION}: \
         use the version of Countersign that wrote them, or import them again into a new folder",
        dir.display()
    )]
    UnknownFormat {
        /// The store's folder.
        dir: PathBuf,
        /// The format found.
        found: u32,
    },
    /// LMDB refused.
    #[error("{}: the database failed: {source}", dir.display())]
    Database {
        /// The store's folder.
        dir: PathBuf,
        /// What it said.
        source: heed::Error,
    },
    /// The map is full.
    #[error(
        "{}: the people do not fit into {map_bytes} bytes: set a larger map size and import again; \
         nothing was imported",
        dir.display()
    )]
    Full {
        /// The store's folder.
        dir: PathBuf,
        /// The size of the map.
        map_bytes: usize,
    },
    /// The image that the database names is not there.
    #[error(
        "{}: the image of the people is missing; `countersign people image` makes it again",
        path.display()
    )]
    ImageMissing {
        /// The image's file.
        path: PathBuf,
        /// The store's folder.
        dir: PathBuf,
    },
    /// The image is not what was written.
    #[error(
        "{}: the image of the people is damaged: {fault}; `countersign people image` makes it again",
        path.display()
    )]
    ImageDamaged {
        /// The image's file.
        path: PathBuf,
        /// The store's folder.
        dir: PathBuf,
        /// What is wrong with it.
        fault: ImageFault,
    },
    /// A record in the database cannot be read.
    #[error("{}: the record of {what} is damaged: restore the folder from its backup", dir.display())]
    Damaged {
        /// The store's folder.
        dir: PathBuf,
        /// What the record is about.
        what: &'static str,
    },
    /// Nobody has this handle or account.
    #[error("there is no such person")]
    UnknownPerson,
    /// Somebody who asked for erasure is not to be brought back by the way.
    #[error(
        "the person of this account is being erased; the account can come back once that is done: after the next close, or the first one after the end of a legal hold"
    )]
    BeingErased,
    /// An account that cannot be a key.
    #[error("an account is 1 to 255 bytes long, and this one is {found}")]
    AccountLength {
        /// Its length in bytes.
        found: usize,
    },
    /// A profile beyond all measure.
    #[error("a profile has at most {PROFILE_BYTES_MAX} bytes, and this one has {found}")]
    ProfileTooLarge {
        /// Its length in bytes.
        found: usize,
    },
    /// More people or friends than numbers.
    #[error("a store holds at most 2^32 - 1 people")]
    TooManyPeople,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

/// What the system says about a file, as an error of the store.
pub(super) fn file_error(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::File { path, action, source }
}

impl Remediable for StoreError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::File { source, .. } => Remedy::of_io(source.kind()),
            Self::Database { source, .. } => of_database(source),
            _ => Remedy::Mend,
        }
    }
}

/// What is wrong with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageFault {
    /// It is not an image.
    #[error("it is not an image of people")]
    NotAnImage,
    /// It was written by another version of Countersign.
    #[error("it has version {found}, and this program reads version {IMAGE_VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// It belongs to another state of the database.
    #[error("it is of generation {found}, not {expected}")]
    Generation {
        /// What the image says.
        found: u64,
        /// What the database says.
        expected: u64,
    },
    /// It is of the same generation in another past, or of another instance.
    #[error("it is another image of generation {generation} than the one that the database names")]
    Other {
        /// The generation of both.
        generation: u64,
    },
    /// It is shorter or longer than it says.
    #[error("it says that it has {expected} bytes, and has {found}")]
    Length {
        /// The bytes of the file.
        found: u64,
        /// The bytes in its header.
        expected: u64,
    },
    /// Bytes have changed since it was written.
    #[error("the {section} have changed since they were written")]
    Checksum {
        /// Where.
        section: &'static str,
    },
    /// Its parts do not fit together.
    #[error("the {section} do not fit together")]
    Inconsistent {
        /// Where.
        section: &'static str,
    },
}
