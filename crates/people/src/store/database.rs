//! The database of a store as it is open: LMDB's environment and the tables in it. It can be exchanged for a copy of
//! itself between two writes (see [`compaction`](super::compaction)); whoever reads then goes on with what they began
//! in, which is closed behind the last of them.
//!
//! What it is not: it knows nothing of what is in the tables.

use std::path::Path;
use std::sync::Arc;

use heed::{CompactionOption, Env, WithTls};

use super::databases::{ReadTxn, Tables, WriteTxn};
use super::error::{StoreError, file_error};
use super::layout::FORMAT_VERSION;
use super::map;
use super::store_dir::StoreDir;

/// A database that is open.
pub(super) struct Database {
    dir: Arc<StoreDir>,
    env: Env<WithTls>,
    tables: Tables,
}

/// A database as it was found.
pub(super) enum Opened {
    /// One of this format.
    Written(Database),
    /// One with nothing in it: it has no format yet.
    Empty(Database),
}

impl Database {
    /// Opens what lies in `files`, for the store in `dir`; what has another format is left as it is.
    pub(super) fn open(dir: &Arc<StoreDir>, files: &Path) -> Result<Opened, StoreError> {
        let failed = |source| dir.failed(source);
        let env = map::open_environment(files, dir.options.map_bytes).map_err(failed)?;
        let found = Tables::format(&env).map_err(failed)?;
        if let Some(found) = found.filter(|format| *format != FORMAT_VERSION) {
            return Err(StoreError::UnknownFormat { dir: dir.path.clone(), found });
        }
        let tables = Tables::open(&env).map_err(failed)?;
        let database = Self { dir: Arc::clone(dir), env, tables };
        Ok(if found.is_some() { Opened::Written(database) } else { Opened::Empty(database) })
    }

    /// The folder of the store.
    pub(super) fn dir(&self) -> &Arc<StoreDir> {
        &self.dir
    }

    /// Begins to read.
    pub(super) fn read(&self) -> Result<ReadTxn, StoreError> {
        ReadTxn::begin(&self.env, self.tables, &self.dir)
    }

    /// Begins to write. LMDB lets one write at a time.
    pub(super) fn write(&self) -> Result<WriteTxn<'_>, StoreError> {
        WriteTxn::begin(&self.env, self.tables, &self.dir)
    }

    /// Writes a copy of what is alive, durably.
    pub(super) fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let written = self.env.copy_to_path(file, CompactionOption::Enabled);
        let written = written.map_err(|source| self.dir.failed(source))?;
        written.sync_all().map_err(file_error(file, "syncing"))
    }
}
