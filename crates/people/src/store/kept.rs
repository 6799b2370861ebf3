//! Whose turn it is to write, and to write the image.

use std::sync::{Arc, MutexGuard};

use super::database::Database;
use super::databases::WriteTxn;
use super::error::StoreError;
use super::storage::Storage;

/// Somebody whose turn it is to write: until they are done nobody else writes, and the database is not exchanged.
pub struct Writer<'p> {
    pub(super) storage: &'p Storage,
    pub(super) database: Arc<Database>,
    /// Last, so that everything else ends before others may write.
    _turn: MutexGuard<'p, ()>,
}

impl<'p> Writer<'p> {
    /// Waits for the turn.
    pub(super) fn wait(storage: &'p Storage) -> Self {
        let (database, turn) = storage.turn();
        Self { storage, database, _turn: turn }
    }

    /// One transaction, which is committed unless it fails.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&mut WriteTxn<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut txn = self.database.write()?;
        let outcome = change(&mut txn)?;
        txn.commit()?;
        Ok(outcome)
    }
}

/// Somebody whose turn it is to write people and their image, which nobody else writes meanwhile.
pub struct Importer<'p> {
    pub(super) writer: Writer<'p>,
    /// Taken before the turn to write, and so given back after it.
    _folding: MutexGuard<'p, ()>,
}

impl<'p> Importer<'p> {
    /// Waits for both turns.
    pub(super) fn wait(storage: &'p Storage) -> Self {
        let folding = storage.folding();
        Self { writer: Writer::wait(storage), _folding: folding }
    }
}
