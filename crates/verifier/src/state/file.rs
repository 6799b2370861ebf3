//! The file of a state. It is replaced, never edited, so that whoever is cut off while writing leaves the one that
//! was there.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use countersign_protocol::note::NoteKey;

use super::{State, StateError};
use crate::regular_file;

/// The most bytes of a state: it has every act of the log, with its document.
const STATE_BYTES_MAX: u64 = 1 << 30;

impl State {
    /// Reads the state in this file; `None` if there is no such file.
    ///
    /// # Errors
    /// [`StateError`]: whatever is there and is not the state of this key's log.
    pub fn read(path: &Path, key: &NoteKey) -> Result<Option<Self>, StateError> {
        match regular_file::read(path, STATE_BYTES_MAX) {
            Ok(bytes) => Self::from_bytes(&bytes, key).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StateError::Read { path: path.to_owned(), error }),
        }
    }

    /// Writes the state into this file. When it returns, the file is durable; if it fails, or the machine does, what
    /// was there before stays.
    ///
    /// # Errors
    /// [`StateError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), StateError> {
        let bytes = self.to_bytes()?;
        let failed = |error| StateError::Write { path: path.to_owned(), error };
        replace(path, &bytes).map_err(failed)
    }
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let beside = folder.join(name);
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}
