//! The folder of a store, which every error of its names.

use std::path::PathBuf;

use super::error::StoreError;
use super::options::StoreOptions;
use crate::file_system::named_cause;

/// Where a store is, and how it was opened.
#[derive(Debug)]
pub(super) struct StoreDir {
    pub(super) path: PathBuf,
    pub(super) options: StoreOptions,
}

impl StoreDir {
    /// What LMDB says, as an error of this store.
    pub(super) fn failed(&self, source: heed::Error) -> StoreError {
        let dir = self.path.clone();
        match source {
            heed::Error::Mdb(heed::MdbError::MapFull) => {
                StoreError::Full { dir, map_bytes: self.options.map_bytes }
            }
            source => StoreError::Database { source: named_cause(source, &dir), dir },
        }
    }

    /// A record that cannot be read.
    pub(super) fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Damaged { dir: self.path.clone(), what }
    }
}
