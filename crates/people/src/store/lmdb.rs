//! The store as the rest of the server sees it: people, their settings, and grants.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arc_swap::ArcSwap;
use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;

use super::choice::Choice;
use super::databases;
use super::erasure;
use super::error::StoreError;
use super::fold::Bell;
use super::guesses::Guesses;
use super::history::Made;
use super::image::Image;
use super::kept::{Importer, Kept, Reading, Seen, Writer};
use super::opening::{self, Lock, database_error, lock, open_image, remove_other_images};
use super::outbox::Holds;
use super::overlay::Changed;
use super::record;
use super::view::View;

/// The version of the databases that this code reads and writes.
pub const FORMAT_VERSION: u32 = 7;

/// 256 GiB: address space, not disk. Ten million people with 338 friends each take about 60 GiB.
const MAP_BYTES_DEFAULT: usize = 256 << 30;

/// How the store is opened.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// The most that the databases can grow to, in bytes. It is address space and costs nothing unused.
    pub map_bytes: usize,
    /// So many changed people are folded into a new image.
    pub fold_people: u32,
    /// So many bytes of memory under changed people are, too.
    pub fold_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { map_bytes: MAP_BYTES_DEFAULT, fold_people: 64 << 10, fold_bytes: 256 << 20 }
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// People.
    pub people: u64,
    /// Friendships, each counted once.
    pub friendships: u64,
}

/// The store of people. One program at a time has it open.
pub struct People {
    pub(super) dir: PathBuf,
    pub(super) options: StoreOptions,
    /// Exchanged by whoever holds `writer`, and by nobody else.
    pub(super) kept: ArcSwap<Kept>,
    /// How many copies of the database were made since the store was opened.
    pub(super) copies: AtomicU32,
    /// Held from the beginning of a write until readers see it, so that they see writes in order.
    writer: Mutex<()>,
    /// Held by whoever writes the next image; taken before `writer`.
    folding: Mutex<()>,
    pub(super) bell: Bell,
    pub(super) guesses: Guesses,
    view: ArcSwap<View>,
    _lock: Lock,
}

impl People {
    /// Opens the store in this folder, or begins one.
    ///
    /// # Errors
    /// [`StoreError`]; among others when another program has it open, when it is of an unknown
    /// format, and when its image is missing or damaged.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let lock = lock(dir)?;
        erasure::remove_copies(dir)?;
        let kept = Kept::open(dir, dir, options)?;
        let name = kept.read().and_then(|txn| txn.databases.image(&txn));
        let name = name.map_err(|source| database_error(dir, options, source))?;
        remove_other_images(dir, name.generation)?;
        let image = open_image(dir, name)?;
        let people = Self {
            dir: dir.to_owned(),
            options,
            kept: ArcSwap::from_pointee(kept),
            copies: AtomicU32::new(0),
            writer: Mutex::new(()),
            folding: Mutex::new(()),
            bell: Bell::default(),
            guesses: Guesses::new(),
            view: ArcSwap::from_pointee(View::new(image)),
            _lock: lock,
        };
        people.load_changed()?;
        if people.has_remnants()? {
            // A crash may have come between, and left an image with people who were destroyed.
            people.fold(&mut |_, _| ())?;
            people.compact()?;
        }
        Ok(people)
    }

    /// The folder that it lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.dir
    }

    /// Opens the store in this folder, where there has to be one.
    ///
    /// # Errors
    /// As [`People::open`]; [`StoreError::Missing`].
    pub fn open_existing(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        opening::check_exists(dir)?;
        Self::open(dir, options)
    }

    /// What readers see now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// What readers see once everything that is committed now is seen. A commit is durable, and in the databases,
    /// a moment before readers see it; this waits for whoever is between the two.
    #[must_use]
    pub fn settled_view(&self) -> Arc<View> {
        let _turn = self.writer();
        self.view()
    }

    /// Waits for the turn to change people.
    #[must_use]
    pub fn writer(&self) -> Writer<'_> {
        // It guards an order, not data, so a panic elsewhere leaves nothing broken.
        let turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Writer::new(self, self.kept.load_full(), turn)
    }

    /// Waits for the turn to import people.
    #[must_use]
    pub fn importer(&self) -> Importer<'_> {
        let folding = self.folding();
        Importer::new(self.writer(), folding)
    }

    /// The last sequence of the change feed that was applied; zero before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn feed_sequence(&self) -> Result<u64, StoreError> {
        let txn = self.read()?;
        txn.databases.feed(&txn).map_err(|e| self.failed(e))
    }

    /// How often canaries were changed, as far as the store was told: their file, which can be restored without it,
    /// has as many changes or more.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn canary_changes(&self) -> Result<u64, StoreError> {
        let txn = self.read()?;
        txn.databases.canary_changes(&txn).map_err(|e| self.failed(e))
    }

    /// Tells the store how often canaries were changed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn put_canary_changes(&self, count: u64) -> Result<(), StoreError> {
        self.writer().write(|databases, txn| databases.put_canary_changes(txn, count))
    }

    /// How many people and friendships there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.view().counts()
    }

    /// The person that the platform calls so, or called so before it removed them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn person_of_account(&self, account: &str) -> Result<Option<Handle>, StoreError> {
        if account.is_empty() || account.len() > record::ACCOUNT_BYTES_MAX {
            return Ok(None);
        }
        let txn = self.read()?;
        let number = txn.databases.accounts.get(&txn, account).map_err(|e| self.failed(e))?;
        let view = self.view();
        Ok(number.and_then(|number| view.person(number)).map(|person| person.handle()))
    }

    /// Whether the platform has removed this person, of whom the store keeps handle, secret and settings.
    #[must_use]
    pub fn is_removed(&self, person: Handle) -> bool {
        let view = self.view();
        let number = view.number_of(person);
        number.and_then(|number| view.person(number)).is_some_and(|person| person.is_removed())
    }

    /// What the platform calls this person.
    #[must_use]
    pub fn account_of(&self, person: Handle) -> Option<String> {
        let view = self.view();
        view.person(view.number_of(person)?)?.account().map(str::to_owned)
    }

    /// What the person chose.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`].
    pub fn settings(&self, person: Handle) -> Result<Settings, StoreError> {
        let view = self.view();
        let number = view.number_of(person).ok_or(StoreError::UnknownPerson)?;
        Ok(view.person(number).ok_or(StoreError::UnknownPerson)?.settings())
    }

    /// Sets what the person chose: durable, and seen by the very next reader, when this returns.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`]; then nothing has changed.
    pub fn set_settings(
        &self,
        person: Handle,
        made: Made,
        settings: Settings,
    ) -> Result<(), StoreError> {
        self.change_settings(person, made, |_| Ok::<_, StoreError>(settings)).map(drop)
    }

    /// Changes what the person chose, from what it is now: nobody else's change comes in between, so
    /// that none is undone. Durable, in the person's history, and seen by the very next reader, when this
    /// returns.
    ///
    /// # Errors
    /// As [`People::set_settings`], and what `change` says; then nothing has changed.
    pub fn change_settings<E: From<StoreError>, C: Into<Choice>>(
        &self,
        person: Handle,
        made: Made,
        change: impl FnOnce(Settings) -> Result<C, E>,
    ) -> Result<Settings, E> {
        self.choose(person, made, Holds::AtOnce, change).map(|(settings, _)| settings)
    }

    pub(super) fn folding(&self) -> MutexGuard<'_, ()> {
        self.folding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody is writing the next image.
    pub(super) fn is_folding(&self) -> bool {
        matches!(self.folding.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Lets readers see another image, once its generation is committed, which holds everything until
    /// this commit of changes. The caller holds `writer`.
    pub(super) fn show(&self, image: Image, stamp: u64) {
        let generation = image.generation();
        self.view.store(Arc::new(self.view().folded(image, stamp)));
        // What was to be done is done, and durable; a leftover takes room until the next image or start.
        if let Err(error) = remove_other_images(&self.dir, generation) {
            tracing::warn!(%error, "the new image serves; an earlier one could not be removed and takes room");
        }
    }

    /// Lets readers see people as they are now. The caller holds `writer`.
    pub(super) fn show_changed(&self, changed: Vec<(u32, Arc<Changed>)>) {
        self.view.store(Arc::new(self.view().with(changed)));
        if self.is_fold_due() {
            self.bell.ring();
        }
    }

    pub(super) fn failed(&self, source: heed::Error) -> StoreError {
        database_error(&self.dir, self.options, source)
    }

    pub(super) fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Damaged { dir: self.dir.clone(), what }
    }

    pub(super) fn read(&self) -> Result<Reading, StoreError> {
        self.kept.load().read().map_err(|e| self.failed(e))
    }

    fn load_changed(&self) -> Result<(), StoreError> {
        let txn = self.read()?;
        let mut changed = Vec::new();
        for entry in txn.databases.changed.iter(&txn).map_err(|e| self.failed(e))? {
            let (number, stamp) = entry.map_err(|e| self.failed(e))?;
            changed.push((number, self.changed(txn.seen(), number, databases::number(stamp))?));
        }
        self.show_changed(changed);
        Ok(())
    }

    /// A person as a transaction sees them, for the overlay.
    pub(super) fn changed(
        &self,
        (databases, txn): Seen<'_>,
        number: u32,
        stamp: u64,
    ) -> Result<Arc<Changed>, StoreError> {
        let record = databases.people.get(txn, &number).map_err(|e| self.failed(e))?;
        let friends = databases.friends.get(txn, &number).map_err(|e| self.failed(e))?;
        let changed = Changed::new(
            record.ok_or_else(|| self.damaged("a person"))?,
            friends.unwrap_or_default(),
            stamp,
        );
        changed.map(Arc::new).ok_or_else(|| self.damaged("a person"))
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").field("dir", &self.dir).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rebuild_image;

    #[test]
    fn a_store_of_another_format_is_refused_not_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let other = FORMAT_VERSION + 1;
        people.writer().write(|databases, txn| databases.put_format(txn, other)).unwrap();
        drop(people);
        for _ in 0..2 {
            let error = People::open(dir.path(), StoreOptions::default()).unwrap_err();
            assert!(
                matches!(error, StoreError::UnknownFormat { found, .. } if found == other),
                "{error}"
            );
        }
        let error = rebuild_image(dir.path(), StoreOptions::default()).unwrap_err();
        assert!(
            matches!(error, StoreError::UnknownFormat { found, .. } if found == other),
            "{error}"
        );
    }
}
