//! A copy of a database in its place, without the bytes that LMDB leaves of what was deleted.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use super::database::Database;
use super::error::{StoreError, file_error};
use super::layout::{COPIES, DATA, LMDB_LOCK};
use super::opening::open_database;

/// Puts a copy of what is alive in the place of a database, and opens it. It is in a folder of this number while it is
/// made and opened; `of` is complete, and nobody writes there meanwhile or ever again.
pub(super) fn copied(of: &Database, number: u32) -> Result<Database, StoreError> {
    let dir = &of.dir().path;
    let files = dir.join(COPIES).join(number.to_string());
    fs::create_dir_all(&files).map_err(file_error(&files, "making the folder"))?;
    of.copy_to(&files.join(DATA))?;
    let copy = open_database(of.dir(), &files)?;
    // The lock goes first: a tool that copies the database sees the old one, which stays as it is, or registers
    // with whoever writes the new one.
    for name in [LMDB_LOCK, DATA] {
        let path = dir.join(name);
        fs::rename(files.join(name), &path).map_err(file_error(&path, "replacing"))?;
    }
    let folder = File::open(dir).and_then(|folder| folder.sync_all());
    folder.map_err(file_error(dir, "syncing"))?;
    // Empty now; what stays is removed at the next start.
    let _ = fs::remove_dir(&files).and_then(|()| fs::remove_dir(dir.join(COPIES)));
    Ok(copy)
}

/// Removes what a crash or an end left of copies.
pub(super) fn remove_copies(dir: &Path) -> Result<(), StoreError> {
    let copies = dir.join(COPIES);
    match fs::remove_dir_all(&copies) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(file_error(&copies, "removing")(error))
        }
        _ => Ok(()),
    }
}
