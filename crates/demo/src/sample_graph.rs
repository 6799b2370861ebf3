//! Published sample graphs as people: SNAP's ego-Facebook networks, and the LDBC Social Network Benchmark.

use std::path::Path;

use countersign_service::people::import::{Batch, ImportError};

use crate::{import_ldbc, import_snap};

/// A kind of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder of SNAP's ego-Facebook networks.
    Snap,
    /// A folder of LDBC Social Network Benchmark CSV files.
    Ldbc,
}

impl Kind {
    /// The kind of what lies in a folder.
    ///
    /// # Errors
    /// [`ImportError::UnknownKind`].
    pub fn detect(folder: &Path) -> Result<Self, ImportError> {
        if folder.join(import_snap::COMBINED).is_file() {
            Ok(Self::Snap)
        } else if folder.join(import_ldbc::PERSONS.name).is_file() {
            Ok(Self::Ldbc)
        } else {
            Err(ImportError::UnknownKind { path: folder.to_owned() })
        }
    }

    /// Reads the people of a folder, to be given to `countersign_service::people::import::run`.
    ///
    /// # Errors
    /// [`ImportError`], with file, line and column where the files are at fault.
    pub fn read(self, folder: &Path, batch: &mut Batch<'_>) -> Result<(), ImportError> {
        match self {
            Self::Snap => import_snap::read(folder, batch),
            Self::Ldbc => import_ldbc::read(folder, batch),
        }
    }
}
