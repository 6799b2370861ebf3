//! A store that is open: its database, what readers see of it, and the turns to write. It knows how to hand them out,
//! and nothing of what is read and written.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arc_swap::ArcSwap;

use super::database::Database;
use super::database_copy::remove_copies;
use super::databases::ReadTxn;
use super::error::StoreError;
use super::meta;
use super::opening::{Lock, lock, open_database, open_image, remove_other_images};
use super::options::StoreOptions;
use super::replica::Replica;
use super::store_dir::StoreDir;
use super::view::View;

/// What a store is made of while it is open.
pub(super) struct Storage {
    pub(super) dir: Arc<StoreDir>,
    /// Exchanged by whoever has the turn to write, and by nobody else.
    database: ArcSwap<Database>,
    pub(super) replica: Replica,
    /// How many copies of the database were made since the store was opened.
    copies: AtomicU32,
    /// Held from the beginning of a write until readers see it, so that they see writes in order.
    turn: Mutex<()>,
    /// Held by whoever writes the next image; taken before `turn`.
    folding: Mutex<()>,
    _lock: Lock,
}

impl Storage {
    /// Opens the store in this folder, or begins one.
    pub(super) fn open(path: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        remove_copies(path)?;
        let dir = Arc::new(StoreDir { path: path.to_owned(), options });
        let database = open_database(&dir, path)?;
        let txn = database.read()?;
        let name = meta::image(&txn)?;
        remove_other_images(path, name.generation)?;
        let replica = Replica::new(&dir, open_image(path, name)?);
        replica.show_all_changed(&txn)?;
        drop(txn);
        Ok(Self {
            dir,
            database: ArcSwap::from_pointee(database),
            replica,
            copies: AtomicU32::new(0),
            turn: Mutex::new(()),
            folding: Mutex::new(()),
            _lock: lock,
        })
    }

    /// What readers see now.
    pub(super) fn view(&self) -> Arc<View> {
        self.replica.view()
    }

    /// Begins to read the database.
    pub(super) fn read(&self) -> Result<ReadTxn, StoreError> {
        self.database.load().read()
    }

    /// Waits for the turn to write: with it, the database, which nobody exchanges meanwhile.
    pub(super) fn turn(&self) -> (Arc<Database>, MutexGuard<'_, ()>) {
        // It guards an order, not data, so a panic elsewhere leaves nothing broken.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        (self.database.load_full(), turn)
    }

    /// Waits for the turn to write the next image, which comes before the turn to write.
    pub(super) fn folding(&self) -> MutexGuard<'_, ()> {
        self.folding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody is writing the next image.
    pub(super) fn is_folding(&self) -> bool {
        matches!(self.folding.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Puts a copy in the place of the database. The caller has the turn to write.
    pub(super) fn exchange(&self, database: Database) {
        self.database.store(Arc::new(database));
    }

    /// The number of the next copy: LMDB opens a folder once in the life of a program.
    pub(super) fn next_copy(&self) -> u32 {
        self.copies.fetch_add(1, Ordering::Relaxed)
    }
}
