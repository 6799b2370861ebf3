//! New files that are whole and durable, with their names, or not there: keys, tokens and what an instance
//! begins with.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// The permissions of a file that only its owner may read.
pub const PRIVATE: u32 = 0o600;

/// The permissions of a file that everybody may read.
pub const PUBLIC: u32 = 0o644;

/// Writes a file that must not be there yet. When this returns, the file and its name are durable. After a
/// failure or a crash there is no file of this name, or the whole of it.
///
/// # Errors
/// What the system says; [`io::ErrorKind::AlreadyExists`] if there is such a file. Also if the file system
/// gives the file other permissions than [`PRIVATE`] where these are asked for.
pub fn create_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    create_new_with(path, bytes, mode, sync_folder)
}

/// Writes a file in the place of an earlier one: after a failure or a crash the old one is there, or the whole
/// new one.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = folder_of(path);
    written_beside(folder, bytes, mode)?.persist(path).map_err(|failed| failed.error)?;
    sync_folder(folder)
}

/// Makes the names in a folder durable.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder in which the name of a file is kept.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
}

fn create_new_with(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    sync: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    let beside = written_beside(folder, bytes, mode)?;
    beside.persist_noclobber(path).map_err(|failed| failed.error)?;
    sync(folder)
}

/// A durable file without its name yet, which is gone with the value.
fn written_beside(folder: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let mut beside = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    check_mode(mode, beside.as_file().metadata()?.mode())?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    Ok(beside)
}

/// A file system that keeps no permissions, as FAT and some network ones, gives a secret to everybody.
fn check_mode(asked: u32, found: u32) -> io::Result<()> {
    let found = found & 0o777;
    if asked == PRIVATE && found & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "the file system gives this file the permissions {found:o}, and only its owner may read it: use a file system that keeps permissions, or mount it with umask=077"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn durable_file_syncs_its_folder_once_its_name_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let synced = Mutex::new(Vec::new());
        let sync = |folder: &Path| {
            let content = fs::read(&path).unwrap_or_default();
            synced.lock().unwrap().push((folder.to_owned(), content));
            Ok(())
        };
        create_new_with(&path, b"secret", PRIVATE, sync).unwrap();
        assert_eq!(synced.into_inner().unwrap(), [(dir.path().to_owned(), b"secret".to_vec())]);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn durable_file_is_never_overwritten_and_a_failure_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "first").unwrap();
        let again = create_new(&path, b"second", PRIVATE).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
        assert!(create_new(&dir.path().join("no/such"), b"x", PRIVATE).is_err());
        assert_eq!(folder_of(Path::new("key")), Path::new("."));
    }

    #[test]
    fn durable_file_is_refused_where_a_secret_would_be_readable_by_others() {
        let refused = check_mode(PRIVATE, 0o100_755).unwrap_err().to_string();
        assert!(refused.contains("permissions 755"), "{refused}");
        assert!(check_mode(PRIVATE, 0o100_600).is_ok() && check_mode(PUBLIC, 0o100_777).is_ok());
    }
}
