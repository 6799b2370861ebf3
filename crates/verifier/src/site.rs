//! The public site of a log: a checkpoint, tiles, entry bundles and documents as static files, which
//! any host or folder can serve.
//!
//! What it is not: it judges nothing that it reads, and it does not speak HTTP (the binary does).

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use countersign_protocol::site_path::tile_bytes_max;
use countersign_protocol::tile::{TilePath, TileSource};

use crate::regular_file;

/// Where a log's public files are read from. Paths have `/` between their parts and none before.
pub trait Site {
    /// The bytes of a file, or `None` if there is no such file.
    ///
    /// # Errors
    /// [`SiteError`] when it cannot be said, or the file is larger than `bytes_max`.
    fn read(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SiteError>;

    /// The names of the files in a folder, none if there is no such folder; `None` where the site
    /// cannot list.
    ///
    /// # Errors
    /// [`SiteError::Unreadable`] when it should be possible and is not.
    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, SiteError>;
}

/// Why a file of the site cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// The file is there and cannot be read, or nobody can say whether it is there.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system or the server says.
        reason: String,
    },
    /// The file is larger than any file of its kind.
    #[error("{path} has more than the {bytes_max} bytes that such a file can have")]
    TooLarge {
        /// The file.
        path: String,
        /// The limit.
        bytes_max: u64,
    },
    /// The file is not there, and there is nothing to do without it.
    #[error("{path} is missing")]
    Missing {
        /// The file.
        path: String,
    },
}

/// A site in a folder.
#[derive(Clone, Debug)]
pub struct FolderSite {
    root: PathBuf,
}

impl FolderSite {
    /// The site in this folder.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}

impl Site for FolderSite {
    fn read(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SiteError> {
        let unreadable = |error: std::io::Error| SiteError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let file = match regular_file::open(&self.root.join(path)) {
            Ok(file) => file,
            Err(error) if is_absence(error.kind()) => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mut bytes = Vec::new();
        file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > bytes_max {
            return Err(SiteError::TooLarge { path: path.to_owned(), bytes_max });
        }
        Ok(Some(bytes))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, SiteError> {
        let unreadable = |error: std::io::Error| SiteError::Unreadable {
            path: folder.to_owned(),
            reason: error.to_string(),
        };
        let listed = match std::fs::read_dir(self.root.join(folder)) {
            Ok(listed) => listed,
            Err(error) if is_absence(error.kind()) => return Ok(Some(Vec::new())),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        for file in listed {
            names.push(file.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(Some(names))
    }
}

/// A part of the path that is a file where a folder should be is the file's absence too.
const fn is_absence(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The files of the tree on a site.
pub struct SiteTiles<'a, S: ?Sized>(pub &'a S);

impl<S: Site + ?Sized> TileSource for SiteTiles<'_, S> {
    type Error = SiteError;

    fn tile(&self, path: &TilePath) -> Result<Vec<u8>, SiteError> {
        let name = path.to_string();
        let bytes = self.0.read(&name, tile_bytes_max(path))?;
        bytes.ok_or(SiteError::Missing { path: name })
    }
}
