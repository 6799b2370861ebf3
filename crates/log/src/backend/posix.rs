//! The file layer on a POSIX file system.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fdatasync, flock};

use super::{Access, Backend, File, Lock};

/// Files below a folder of the machine.
#[derive(Clone, Debug)]
pub struct Posix {
    root: PathBuf,
}

impl Posix {
    /// Files below `root`, which exists.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

/// Creates the folders of `path` below `root`, and calls `sync` on each one's parent.
fn create_folders(
    root: &Path,
    path: &str,
    mode: u32,
    mut sync: impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut folder = root.to_owned();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let parent = folder.clone();
        folder.push(name);
        match fs::DirBuilder::new().mode(mode).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync(&parent)?,
        }
    }
    Ok(())
}

impl Backend for Posix {
    fn create_folders(&self, path: &str, access: Access) -> io::Result<()> {
        let mode = match access {
            Access::Private => 0o700,
            Access::Public => 0o755,
        };
        create_folders(&self.root, path, mode, sync_folder)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(self.at(path))?;
        Ok(Box::new(PosixFile(file)))
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.at(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        self.at(path).try_exists()
    }

    fn length_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        match fs::metadata(self.at(path)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        sync_folder(&self.at(path))
    }

    fn remove_folder(&self, path: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.at(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Lock>>> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.at(path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Box::new(PosixLock { _file: file }))),
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

struct PosixFile(fs::File);

impl File for PosixFile {
    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn truncate(&self, length_bytes: u64) -> io::Result<()> {
        self.0.set_len(length_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(fdatasync(&self.0)?)
    }
}

/// The kernel lets go of the lock when the file is closed.
struct PosixLock {
    _file: fs::File,
}

impl Lock for PosixLock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crash_folders_that_were_there_already_are_made_durable_too() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("log/tile")).unwrap();
        let mut synced = Vec::new();
        let mut create = |path| {
            create_folders(root.path(), path, 0o755, |folder| {
                synced.push(folder.strip_prefix(root.path()).unwrap().to_owned());
                Ok(())
            })
        };
        create("log/tile/0").unwrap();
        assert_eq!(synced, ["", "log", "log/tile"].map(PathBuf::from));
        assert!(root.path().join("log/tile/0").is_dir());
    }
}
