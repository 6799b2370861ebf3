//! Lists as files: fetched by whoever runs the command, named by them, and known by their SHA-256.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::screening::ScreeningList as PublicList;
use countersign_policy::screening::index::Index;
use countersign_policy::screening::list::{ListError, ScreeningList};
use sha2::{Digest as _, Sha256};

/// A list's file, under the name that entries give it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListFile {
    /// The list's name.
    pub name: Identifier,
    /// Where the file is.
    pub path: PathBuf,
}

/// A list that can be screened against.
#[derive(Debug)]
pub struct LoadedList {
    /// What entries say of it.
    pub public: PublicList,
    /// What names are looked up in.
    pub index: Index,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListFileError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is no list.
    #[error("{}: {error}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        error: ListError,
    },
    /// Two lists under one name: an entry could not tell them apart.
    #[error("--list {name}: two files have this name; give each a name of its own")]
    Twice {
        /// The name.
        name: Identifier,
    },
}

impl FromStr for ListFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = text
            .split_once('=')
            .ok_or_else(|| "NAME=FILE is expected, as us-csl=consolidated.csv".to_owned())?;
        let name = Identifier::parse(name).map_err(|error| error.to_string())?;
        Ok(Self { name, path: PathBuf::from(path) })
    }
}

impl ListFile {
    /// Refuses two lists of one name.
    ///
    /// # Errors
    /// [`ListFileError::Twice`].
    pub fn check_names(files: &[Self]) -> Result<(), ListFileError> {
        for (at, file) in files.iter().enumerate() {
            if files.iter().take(at).any(|earlier| earlier.name == file.name) {
                return Err(ListFileError::Twice { name: file.name.clone() });
            }
        }
        Ok(())
    }

    /// SHA-256 of the file.
    ///
    /// # Errors
    /// [`ListFileError::Unreadable`].
    pub fn digest(&self) -> Result<Digest, ListFileError> {
        Ok(digest(&self.read()?))
    }

    /// Reads and indexes the list.
    ///
    /// # Errors
    /// [`ListFileError`]: unreadable, or no list that could be screened against.
    pub fn load(&self) -> Result<LoadedList, ListFileError> {
        let bytes = self.read()?;
        let list = ScreeningList::from_csv(&bytes)
            .map_err(|error| ListFileError::Wrong { path: self.path.clone(), error })?;
        let entries = list.listings().len() as u64;
        let public = PublicList { list: self.name.clone(), digest: digest(&bytes), entries };
        Ok(LoadedList { public, index: Index::new(list) })
    }

    fn read(&self) -> Result<Vec<u8>, ListFileError> {
        fs::read(&self.path)
            .map_err(|error| ListFileError::Unreadable { path: self.path.clone(), error })
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}
