//! The file layer: the few calls that durability is made of, so that they can be counted, made to fail
//! and forgotten in tests.
//!
//! What it is not: a general file system. All paths are relative to one root folder and written with `/`.

#[cfg(feature = "testing")]
pub mod memory;
pub mod posix;

use std::io;

/// Files under one root folder.
pub trait Backend: Send + Sync {
    /// Creates a folder with all that lead to it. They are durable when it returns, those too that were
    /// there already: whoever created them may have ended before making them durable.
    ///
    /// # Errors
    /// The file layer's own.
    fn create_folders(&self, path: &str, access: Access) -> io::Result<()>;

    /// Opens a file for reading and writing, and creates it if there is none. A new name is durable only
    /// after [`Backend::sync_folder`].
    ///
    /// # Errors
    /// The file layer's own; [`io::ErrorKind::NotFound`] if there is no such folder.
    fn open(&self, path: &str) -> io::Result<Box<dyn File>>;

    /// The whole of a file; `None` if there is none.
    ///
    /// # Errors
    /// The file layer's own.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;

    /// Whether there is a file of this name.
    ///
    /// # Errors
    /// The file layer's own.
    fn exists(&self, path: &str) -> io::Result<bool>;

    /// The length of the file of this name in bytes; `None` if there is none.
    ///
    /// # Errors
    /// The file layer's own.
    fn length_bytes(&self, path: &str) -> io::Result<Option<u64>>;

    /// Gives a file another name, in place of the file that had it.
    ///
    /// # Errors
    /// The file layer's own.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The file layer's own.
    fn sync_folder(&self, path: &str) -> io::Result<()>;

    /// Removes a folder with the files in it; one that is not there is no error.
    ///
    /// # Errors
    /// The file layer's own.
    fn remove_folder(&self, path: &str) -> io::Result<()>;

    /// Takes a lock that lasts until it is dropped, or its process ends; `None` if another has it.
    ///
    /// # Errors
    /// The file layer's own.
    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Lock>>>;
}

/// Who may look into a new folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Only the user of this process.
    Private,
    /// Everybody on the machine, a web server for instance.
    Public,
}

/// An open file.
pub trait File: Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// The file layer's own.
    fn length_bytes(&self) -> io::Result<u64>;

    /// Reads into `buffer` from this offset; less than the whole only at the end of the file.
    ///
    /// # Errors
    /// The file layer's own.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `bytes` at this offset.
    ///
    /// # Errors
    /// The file layer's own; some of the bytes may have been written then.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off.
    ///
    /// # Errors
    /// The file layer's own.
    fn truncate(&self, length_bytes: u64) -> io::Result<()>;

    /// Makes the contents durable (fdatasync).
    ///
    /// # Errors
    /// The file layer's own. Nothing can be said of what was not durable before.
    fn sync(&self) -> io::Result<()>;
}

/// A lock that is held until it is dropped.
pub trait Lock: Send + Sync {}

/// Puts a file with these bytes in place of whatever was there: readers see the old or the new one,
/// after a crash too, and the new one is durable when this returns.
///
/// # Errors
/// The file layer's own; the old file is then still there, or the new one already.
pub fn replace(backend: &dyn Backend, path: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = format!("{path}.tmp");
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = match backend.open(&beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            backend.create_folders(folder, Access::Public)?;
            backend.open(&beside)?
        }
        opened => opened?,
    };
    file.truncate(0)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    backend.rename(&beside, path)?;
    backend.sync_folder(folder)
}
