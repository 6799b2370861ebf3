//! The database of a store as it is open: LMDB's environment and the named databases in it, and who reads and
//! writes there. It can be exchanged for a copy of itself between two writes (see [`erasure`](super::erasure));
//! whoever reads then goes on with what they began in, which is closed behind the last of them.
//!
//! What it is not: it knows nothing of what is in the databases.

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, MutexGuard};

use countersign_domain::time::Timestamp;
use heed::{Env, RoTxn, RwTxn, WithTls};

use super::changes::Changes;
use super::choice::Choice;
use super::databases::Databases;
use super::error::StoreError;
use super::import::Import;
use super::lmdb::{People, StoreOptions};
use super::opening::{open_databases, open_environment};

/// A database that is open.
pub(super) struct Kept {
    pub(super) env: Env<WithTls>,
    pub(super) databases: Databases,
}

impl Kept {
    /// Opens what lies in `files`, for the store in `dir`.
    pub(super) fn open(
        dir: &Path,
        files: &Path,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let env = open_environment(files, options)?;
        let databases = open_databases(dir, &env, options)?;
        Ok(Self { env, databases })
    }

    /// Begins to read.
    pub(super) fn read(&self) -> heed::Result<Reading> {
        let (txn, databases) = (self.env.clone().static_read_txn()?, self.databases);
        Ok(Reading { txn, databases })
    }
}

/// What one transaction sees, of whichever kind it is.
pub(super) type Seen<'t> = (&'t Databases, &'t RoTxn<'t>);

/// A read transaction, with the databases that it reads.
pub(super) struct Reading {
    txn: RoTxn<'static, WithTls>,
    pub(super) databases: Databases,
}

impl Reading {
    pub(super) fn seen(&self) -> Seen<'_> {
        (&self.databases, &self.txn)
    }
}

impl Deref for Reading {
    type Target = RoTxn<'static, WithTls>;

    fn deref(&self) -> &Self::Target {
        &self.txn
    }
}

/// Somebody whose turn it is to write: until they are done nobody else writes, and the database is not exchanged.
pub struct Writer<'p> {
    pub(super) people: &'p People,
    pub(super) kept: Arc<Kept>,
    /// Last, so that everything else ends before others may write.
    _turn: MutexGuard<'p, ()>,
}

impl<'p> Writer<'p> {
    /// Takes the turn that is held.
    pub(super) const fn new(people: &'p People, kept: Arc<Kept>, turn: MutexGuard<'p, ()>) -> Self {
        Self { people, kept, _turn: turn }
    }

    /// Begins changes of people one by one. Nothing of them is there before they are committed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn changes(&self, beginning: impl Into<Choice>) -> Result<Changes<'_>, StoreError> {
        Changes::begin(self, beginning.into())
    }

    /// One transaction, which is committed unless it fails.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&Databases, &mut RwTxn<'_>) -> heed::Result<T>,
    ) -> Result<T, StoreError> {
        let committed = || -> heed::Result<T> {
            let mut txn = self.kept.env.write_txn()?;
            let outcome = change(&self.kept.databases, &mut txn)?;
            txn.commit()?;
            Ok(outcome)
        };
        committed().map_err(|e| self.people.failed(e))
    }
}

/// Somebody whose turn it is to write people and their image, which nobody else writes meanwhile.
pub struct Importer<'p> {
    writer: Writer<'p>,
    /// Taken before the turn to write, and so given back after it.
    _folding: MutexGuard<'p, ()>,
}

impl<'p> Importer<'p> {
    /// Takes the turns that are held.
    pub(super) const fn new(writer: Writer<'p>, folding: MutexGuard<'p, ()>) -> Self {
        Self { writer, _folding: folding }
    }

    /// Begins an import at this time. Nothing of it is there before it is committed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn import(&self, now: Timestamp) -> Result<Import<'_>, StoreError> {
        Import::begin(&self.writer, now)
    }
}
