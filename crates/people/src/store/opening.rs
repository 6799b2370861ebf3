//! Opening a store: its lock, its database and its image.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::database::{Database, Opened};
use super::error::{ImageFault, StoreError, file_error};
use super::image::{Image, ImageName};
use super::image_writer::write_next;
use super::layout::{DATA, FORMAT_VERSION, STORE_LOCK, image_path, is_image};
use super::map::Mapped;
use super::meta;
use super::options::{Counts, StoreOptions};
use super::store_dir::StoreDir;

/// Makes the image again from the databases, where it is missing or damaged.
///
/// # Errors
/// [`StoreError`]; then the folder is as it was.
pub fn rebuild_image(dir: &Path, options: StoreOptions) -> Result<Counts, StoreError> {
    check_exists(dir)?;
    let _lock = lock(dir)?;
    let database = open_database(&Arc::new(StoreDir { path: dir.to_owned(), options }), dir)?;
    let mut txn = database.write()?;
    let (counts, name) = write_next(&txn, &mut |_, _| ())?;
    meta::put_image(&mut txn, name, u64::MAX)?;
    txn.commit()?;
    Ok(counts)
}

/// Whether there is a store in this folder.
pub(super) fn check_exists(dir: &Path) -> Result<(), StoreError> {
    let data = dir.join(DATA);
    match data.try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Missing { dir: dir.to_owned() }),
        Err(error) => Err(file_error(&data, "looking for it")(error)),
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
    let path = dir.join(STORE_LOCK);
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

/// Opens the database that lies in `files`. A new store begins with an image of nobody, so that there always is one.
pub(super) fn open_database(dir: &Arc<StoreDir>, files: &Path) -> Result<Database, StoreError> {
    match Database::open(dir, files)? {
        Opened::Written(database) => Ok(database),
        Opened::Empty(database) => {
            let mut txn = database.write()?;
            txn.tables.put_format(&mut txn, FORMAT_VERSION)?;
            let (_, name) = write_next(&txn, &mut |_, _| ())?;
            meta::put_image_name(&mut txn, name)?;
            txn.commit()?;
            Ok(database)
        }
    }
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
        if is_image(&path) && path != keep {
            fs::remove_file(&path).map_err(file_error(&path, "removing"))?;
        }
    }
    Ok(())
}
