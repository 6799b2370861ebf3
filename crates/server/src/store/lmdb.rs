//! The store as the rest of the server sees it: people, their settings, and grants.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;
use heed::{Env, RoTxn, RwTxn, WithTls};

use super::databases::Databases;
use super::error::{ImageFault, StoreError};
use super::grant::{GrantId, GrantRecord};
use super::image::Image;
use super::import::Import;
use super::map::{self, Mapped};
use super::record;
use super::view::View;

/// The version of the databases that this code reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// 256 GiB: address space, not disk. Ten million people with 338 friends each take about 60 GiB.
const MAP_BYTES_DEFAULT: usize = 256 << 30;

/// How the store is opened.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// The most that the databases can grow to, in bytes. It is address space and costs nothing unused.
    pub map_bytes: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { map_bytes: MAP_BYTES_DEFAULT }
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
    pub(super) env: Env<WithTls>,
    pub(super) databases: Databases,
    /// Held from the beginning of a write until readers see it, so that they see writes in order.
    writer: Mutex<()>,
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
        let env = open_environment(dir, options)?;
        let databases = open_databases(dir, &env, options)?;
        let generation = {
            let txn = env.read_txn().map_err(|source| database_error(dir, options, source))?;
            databases.generation(&txn).map_err(|source| database_error(dir, options, source))?
        };
        remove_other_images(dir, generation)?;
        let image = open_image(dir, generation)?;
        let people = Self {
            dir: dir.to_owned(),
            options,
            env,
            databases,
            writer: Mutex::new(()),
            view: ArcSwap::from_pointee(View::new(image)),
            _lock: lock,
        };
        people.load_changed_settings()?;
        Ok(people)
    }

    /// What readers see now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Begins an import. Nothing of it is there before it is committed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn import(&self) -> Result<Import<'_>, StoreError> {
        Import::begin(self)
    }

    /// How many people and friendships there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let view = self.view();
        let image = view.image();
        Counts { people: image.people_count().into(), friendships: image.friendships_count() }
    }

    /// The person that the platform calls so.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn person_of_account(&self, account: &str) -> Result<Option<Handle>, StoreError> {
        if account.is_empty() || account.len() > record::ACCOUNT_BYTES_MAX {
            return Ok(None);
        }
        let txn = self.read()?;
        let number = self.databases.accounts.get(&txn, account).map_err(|e| self.failed(e))?;
        let view = self.view();
        Ok(number.and_then(|number| view.person(number)).map(|person| person.handle()))
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
        let person = view.person(number).ok_or(StoreError::UnknownPerson)?;
        Ok(view.settings(number, &person))
    }

    /// Sets what the person chose: durable, and seen by the very next reader, when this returns.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`]; then nothing has changed.
    pub fn set_settings(&self, person: Handle, settings: Settings) -> Result<(), StoreError> {
        self.change_settings(person, |_| Ok(settings)).map(drop)
    }

    /// Changes what the person chose, from what it is now: nobody else's change comes in between, so
    /// that none is undone. Durable, and seen by the very next reader, when this returns.
    ///
    /// # Errors
    /// As [`People::set_settings`], and what `change` says; then nothing has changed.
    pub fn change_settings<E: From<StoreError>>(
        &self,
        person: Handle,
        change: impl FnOnce(Settings) -> Result<Settings, E>,
    ) -> Result<Settings, E> {
        let _writer = self.writer();
        let settings = change(self.settings(person)?)?;
        let view = self.view();
        let number = view.number_of(person).ok_or(StoreError::UnknownPerson)?;
        let bytes = record::settings_to_bytes(settings);
        self.write(|txn| self.databases.changed_settings.put(txn, &number, &bytes))?;
        view.changed.set(number, settings);
        Ok(settings)
    }

    /// Keeps a grant under this id, in the place of an earlier one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn put_grant(&self, id: GrantId, grant: &GrantRecord) -> Result<(), StoreError> {
        let _writer = self.writer();
        self.write(|txn| self.databases.grants.put(txn, &id.0, &grant.to_bytes()))
    }

    /// Keeps many grants, all of them or on an error none.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn put_grants(&self, grants: &[(GrantId, GrantRecord)]) -> Result<(), StoreError> {
        let _writer = self.writer();
        self.write(|txn| {
            grants.iter().try_for_each(|(id, grant)| {
                self.databases.grants.put(txn, &id.0, &grant.to_bytes())
            })
        })
    }

    /// The grant of this id.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn grant(&self, id: GrantId) -> Result<Option<GrantRecord>, StoreError> {
        let txn = self.read()?;
        let bytes = self.databases.grants.get(&txn, &id.0).map_err(|e| self.failed(e))?;
        bytes
            .map(|bytes| GrantRecord::from_bytes(bytes).ok_or_else(|| self.damaged("a grant")))
            .transpose()
    }

    /// Removes the grant of this id; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn remove_grant(&self, id: GrantId) -> Result<bool, StoreError> {
        let _writer = self.writer();
        self.write(|txn| self.databases.grants.delete(txn, &id.0))
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, ()> {
        // It guards an order, not data, so a panic elsewhere leaves nothing broken.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets readers see another image, once its generation is committed. The caller holds `writer`.
    pub(super) fn show(&self, generation: u64) -> Result<(), StoreError> {
        self.view.store(Arc::new(View::new(open_image(&self.dir, generation)?)));
        remove_other_images(&self.dir, generation)
    }

    pub(super) fn failed(&self, source: heed::Error) -> StoreError {
        database_error(&self.dir, self.options, source)
    }

    pub(super) fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Damaged { dir: self.dir.clone(), what }
    }

    fn read(&self) -> Result<RoTxn<'_, WithTls>, StoreError> {
        self.env.read_txn().map_err(|e| self.failed(e))
    }

    fn write<T>(
        &self,
        change: impl FnOnce(&mut RwTxn<'_>) -> heed::Result<T>,
    ) -> Result<T, StoreError> {
        let committed = || -> heed::Result<T> {
            let mut txn = self.env.write_txn()?;
            let outcome = change(&mut txn)?;
            txn.commit()?;
            Ok(outcome)
        };
        committed().map_err(|e| self.failed(e))
    }

    fn load_changed_settings(&self) -> Result<(), StoreError> {
        let view = self.view();
        let txn = self.read()?;
        for entry in self.databases.changed_settings.iter(&txn).map_err(|e| self.failed(e))? {
            let (number, bytes) = entry.map_err(|e| self.failed(e))?;
            let bytes = bytes.try_into().map_err(|_| self.damaged("somebody's settings"))?;
            view.changed.set(number, record::settings_from_bytes(bytes));
        }
        Ok(())
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// Makes the image again from the databases, where it is missing or damaged.
///
/// # Errors
/// [`StoreError`]; then the folder is as it was.
pub fn rebuild_image(dir: &Path, options: StoreOptions) -> Result<Counts, StoreError> {
    let _lock = lock(dir)?;
    let env = open_environment(dir, options)?;
    let databases = open_databases(dir, &env, options)?;
    let failed = |source| database_error(dir, options, source);
    let mut txn = env.write_txn().map_err(failed)?;
    let generation = databases.generation(&txn).map_err(failed)? + 1;
    let image_writer = super::image_writer::ImageWriter { dir, options, databases };
    let counts = image_writer.write(&mut txn, generation, &mut |_, _| ())?;
    txn.commit().map_err(failed)?;
    Ok(counts)
}

/// The name of the image of a generation.
pub(super) fn image_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("people-{generation}.image"))
}

pub(super) fn file_error(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::File { path, action, source }
}

pub(super) fn database_error(dir: &Path, options: StoreOptions, source: heed::Error) -> StoreError {
    let dir = dir.to_owned();
    match source {
        heed::Error::Mdb(heed::MdbError::MapFull) => {
            StoreError::Full { dir, map_bytes: options.map_bytes }
        }
        source => StoreError::Database { dir, source },
    }
}

/// The lock of a store's folder. The system ends it with the process, however that ends.
struct Lock(File);

impl Drop for Lock {
    /// Closing would not do: a process that is just being started elsewhere may still share the file.
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked when the last one who shares it closes it.
        let _ = self.0.unlock();
    }
}

fn lock(dir: &Path) -> Result<Lock, StoreError> {
    fs::create_dir_all(dir).map_err(file_error(dir, "making the folder"))?;
    let path = dir.join("people.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(file_error(&path, "opening"))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(file_error(&path, "locking")(source)),
    }
}

fn open_environment(dir: &Path, options: StoreOptions) -> Result<Env<WithTls>, StoreError> {
    map::open_environment(dir, options.map_bytes).map_err(|e| database_error(dir, options, e))
}

/// Opens the databases. A new store begins with an image of nobody, so that there always is one.
fn open_databases(
    dir: &Path,
    env: &Env<WithTls>,
    options: StoreOptions,
) -> Result<Databases, StoreError> {
    let failed = |source| database_error(dir, options, source);
    let found = Databases::format(env).map_err(failed)?;
    if let Some(found) = found.filter(|format| *format != FORMAT_VERSION) {
        return Err(StoreError::UnknownFormat { dir: dir.to_owned(), found });
    }
    let databases = Databases::open(env).map_err(failed)?;
    if found.is_none() {
        let mut txn = env.write_txn().map_err(failed)?;
        databases.put_format(&mut txn, FORMAT_VERSION).map_err(failed)?;
        let image_writer = super::image_writer::ImageWriter { dir, options, databases };
        image_writer.write(&mut txn, 1, &mut |_, _| ())?;
        txn.commit().map_err(failed)?;
    }
    Ok(databases)
}

fn open_image(dir: &Path, generation: u64) -> Result<Image, StoreError> {
    let path = image_path(dir, generation);
    let damaged = |fault| {
        let (path, dir) = (path.clone(), dir.to_owned());
        StoreError::ImageDamaged { path, dir, fault }
    };
    let bytes = Mapped::open(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => {
            StoreError::ImageMissing { path: path.clone(), dir: dir.to_owned() }
        }
        // An empty file cannot be mapped.
        io::ErrorKind::InvalidInput => damaged(ImageFault::NotAnImage),
        _ => file_error(&path, "mapping")(source),
    })?;
    let image = Image::open(bytes).map_err(damaged)?;
    let found = image.generation();
    if found != generation {
        return Err(damaged(ImageFault::Generation { found, expected: generation }));
    }
    Ok(image)
}

/// Removes images that no committed generation names: of earlier ones, and of imports that a crash ended.
fn remove_other_images(dir: &Path, generation: u64) -> Result<(), StoreError> {
    let keep = image_path(dir, generation);
    for entry in fs::read_dir(dir).map_err(file_error(dir, "listing"))? {
        let path = entry.map_err(file_error(dir, "listing"))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("people-") && name.ends_with(".image") && path != keep {
            fs::remove_file(&path).map_err(file_error(&path, "removing"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_another_format_is_refused_not_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        people.write(|txn| people.databases.put_format(txn, FORMAT_VERSION + 1)).unwrap();
        drop(people);
        for _ in 0..2 {
            let error = People::open(dir.path(), StoreOptions::default()).unwrap_err();
            assert!(matches!(error, StoreError::UnknownFormat { found: 2, .. }), "{error}");
        }
        let error = rebuild_image(dir.path(), StoreOptions::default()).unwrap_err();
        assert!(matches!(error, StoreError::UnknownFormat { found: 2, .. }), "{error}");
    }
}
