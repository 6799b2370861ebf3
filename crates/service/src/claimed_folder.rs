//! The folder of something that is being made: a new instance, a new witness. One process alone can claim it, and what
//! could not be finished is removed again, so that it can be made anew.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use countersign_people::durable_file;

/// A folder that this process fills.
pub(crate) struct ClaimedFolder {
    path: PathBuf,
    /// Whether it was made for this.
    is_new: bool,
}

/// A folder that cannot be claimed, or was not finished.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The folder has something in it.
    #[error("{} is not empty; give a folder that does not exist, or is empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("{}: {error}", path.display())]
    File {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// What was made cannot be removed.
    #[error(
        "{unfinished}. What was made before could not be removed ({error}): remove what is in {}, then run this again",
        path.display()
    )]
    Left {
        /// The folder.
        path: PathBuf,
        /// Why it was not finished.
        unfinished: String,
        /// What the system says.
        error: io::Error,
    },
}

impl ClaimedFolder {
    /// Takes a folder that does not exist or is empty, by making `first` in it, which one process alone can.
    ///
    /// # Errors
    /// [`ClaimError::NotEmpty`], [`ClaimError::File`]; then nothing is there that was not there before.
    pub(crate) fn claim(path: &Path, first: &Path) -> Result<Self, ClaimError> {
        let is_new = !path.exists();
        let occupied = || ClaimError::NotEmpty { path: path.to_owned() };
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(occupied());
        }
        let failed = |error| ClaimError::File { path: path.to_owned(), error };
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.and_then(|()| durable_file::sync_folder(durable_file::folder_of(path)))
            .map_err(failed)?;
        match make_folder(first) {
            Ok(()) => Ok(Self { path: path.to_owned(), is_new }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(occupied()),
            Err(error) => {
                if is_new {
                    // One that something is in by now stays.
                    let _ = fs::remove_dir(path);
                }
                Err(ClaimError::File { path: first.to_owned(), error })
            }
        }
    }

    /// Keeps what `fill` made, or removes it all if it failed.
    ///
    /// # Errors
    /// What `fill` says; [`ClaimError::Left`] if what it made stays.
    pub(crate) fn filled<T, E: From<ClaimError> + std::fmt::Display>(
        self,
        fill: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        fill().map_err(|failed| match self.remove() {
            Ok(()) => failed,
            Err(error) => {
                let unfinished = failed.to_string();
                ClaimError::Left { path: self.path.clone(), unfinished, error }.into()
            }
        })
    }

    fn remove(&self) -> io::Result<()> {
        if self.is_new {
            return fs::remove_dir_all(&self.path);
        }
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Makes one folder, durably, that its owner alone can read.
///
/// # Errors
/// What the system says.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    durable_file::sync_folder(durable_file::folder_of(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum FillError {
        #[error(transparent)]
        Claim(#[from] ClaimError),
        #[error("no room")]
        NoRoom,
    }

    fn fail_in(folder: &Path) -> Result<(), FillError> {
        let keys = folder.join("keys");
        ClaimedFolder::claim(folder, &keys)?.filled(|| {
            fs::write(keys.join("a.key"), "a").unwrap();
            fs::write(folder.join("settings"), "b").unwrap();
            Err(FillError::NoRoom)
        })
    }

    #[test]
    fn claimed_folder_that_was_not_filled_leaves_what_was_there_before() {
        let dir = tempfile::tempdir().unwrap();
        let (new, empty) = (dir.path().join("new"), dir.path().join("empty"));
        fs::create_dir(&empty).unwrap();
        for _ in 0..2 {
            for folder in [&new, &empty] {
                assert!(matches!(fail_in(folder), Err(FillError::NoRoom)));
            }
            assert!(!new.exists());
            assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
        }
    }

    #[test]
    fn claimed_folder_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, keys) = (dir.path().join("a"), dir.path().join("a/keys"));
        let first = ClaimedFolder::claim(&folder, &keys).unwrap();
        let refused =
            |outcome| matches!(outcome, Err(FillError::Claim(ClaimError::NotEmpty { .. })));
        assert!(refused(fail_in(&folder)));
        // Another process looked before the first one made its folder.
        let racing = ClaimedFolder::claim(&dir.path().join("b"), &keys);
        assert!(matches!(racing, Err(ClaimError::NotEmpty { .. })));
        assert!(keys.exists());
        assert_eq!(first.filled(|| Ok::<_, FillError>(7)).unwrap(), 7);
        assert!(keys.exists());
    }
}
