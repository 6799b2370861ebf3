//! Opening a store: its lock, its databases and its image.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use heed::{Env, WithTls};

use super::databases::Databases;
use super::error::{ImageFault, StoreError};
use super::image::{Image, ImageName};
use super::image_writer::ImageWriter;
use super::lmdb::{Counts, FORMAT_VERSION, StoreOptions};
use super::map::{self, Mapped};
use crate::file_system::named_cause;

/// Makes the image again from the databases, where it is missing or damaged.
///
/// # Errors
/// [`StoreError`]; then the folder is as it was.
pub fn rebuild_image(dir: &Path, options: StoreOptions) -> Result<Counts, StoreError> {
    check_exists(dir)?;
    let _lock = lock(dir)?;
    let env = open_environment(dir, options)?;
    let databases = open_databases(dir, &env, options)?;
    let failed = |source| database_error(dir, options, source);
    let mut txn = env.write_txn().map_err(failed)?;
    let generation = databases.image(&txn).map_err(failed)?.generation + 1;
    let image_writer = ImageWriter { dir, options, databases };
    let (counts, name) = image_writer.write(&txn, generation, &mut |_, _| ())?;
    databases.put_image(&mut txn, name, u64::MAX).map_err(failed)?;
    txn.commit().map_err(failed)?;
    Ok(counts)
}

/// Whether there is a store in this folder.
pub(super) fn check_exists(dir: &Path) -> Result<(), StoreError> {
    let data = dir.join("data.mdb");
    match data.try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Missing { dir: dir.to_owned() }),
        Err(error) => Err(file_error(&data, "looking for it")(error)),
    }
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
        source => StoreError::Database { source: named_cause(source, &dir), dir },
    }
}

/// The lock of a store's folder. The system ends it with the process, however that ends.
pub(super) struct Lock(File);

impl Drop for Lock {
    /// Closing would not do: a process that is just being started elsewhere may still share the file.
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked when the last one who shares it closes it.
        let _ = self.0.unlock();
    }
}

pub(super) fn lock(dir: &Path) -> Result<Lock, StoreError> {
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

pub(super) fn open_environment(
    dir: &Path,
    options: StoreOptions,
) -> Result<Env<WithTls>, StoreError> {
    map::open_environment(dir, options.map_bytes).map_err(|e| database_error(dir, options, e))
}

/// Opens the databases. A new store begins with an image of nobody, so that there always is one.
pub(super) fn open_databases(
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
        let writer = ImageWriter { dir, options, databases };
        let (_, name) = writer.write(&txn, 1, &mut |_, _| ())?;
        databases.put_image_name(&mut txn, name).map_err(failed)?;
        txn.commit().map_err(failed)?;
    }
    Ok(databases)
}

pub(super) fn open_image(dir: &Path, name: ImageName) -> Result<Image, StoreError> {
    let path = image_path(dir, name.generation);
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
    let (found, expected) = (image.generation(), name.generation);
    if found != expected {
        return Err(damaged(ImageFault::Generation { found, expected }));
    }
    if image.name() != name {
        return Err(damaged(ImageFault::Other { generation: expected }));
    }
    Ok(image)
}

/// Removes images that no committed generation names: of earlier ones, and of imports that a crash ended.
pub(super) fn remove_other_images(dir: &Path, generation: u64) -> Result<(), StoreError> {
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
