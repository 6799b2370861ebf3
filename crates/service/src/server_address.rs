//! Where commands reach the server that runs on an instance: it writes the address down while it listens, since an
//! option or the environment may have another than the configuration file.
//!
//! INVARIANT: while somebody holds the log's lock, the file is that holder's or is not there: whoever opens the log
//! takes away what a server left that was killed. So commands show the admin token to nobody else.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use countersign_people::data_dir::DataDir;

/// The address of a running server, which is forgotten when this ends.
#[derive(Debug)]
pub struct ServerAddress(PathBuf);

impl ServerAddress {
    /// Writes down where commands reach the server: a URL without a slash at its end, or `unix:` and a socket file.
    ///
    /// # Errors
    /// What the system says, with the file.
    pub fn write(directory: &DataDir, address: &str) -> io::Result<Self> {
        let path = directory.server_address();
        fs::write(&path, address).map_err(|error| named(&path, &error))?;
        Ok(Self(path))
    }

    /// What was written down; `None` where no server listens.
    ///
    /// # Errors
    /// What the system says, with the file.
    pub fn read(directory: &DataDir) -> io::Result<Option<String>> {
        let path = directory.server_address();
        match fs::read_to_string(&path) {
            Ok(address) => Ok(Some(address)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(named(&path, &error)),
        }
    }

    /// Takes away what a server left that was killed.
    pub(crate) fn forget(directory: &DataDir) {
        // Most often there is nothing.
        let _ = fs::remove_file(directory.server_address());
    }
}

impl Drop for ServerAddress {
    fn drop(&mut self) {
        // Whoever opens the log next takes away what is left.
        let _ = fs::remove_file(&self.0);
    }
}

fn named(path: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
