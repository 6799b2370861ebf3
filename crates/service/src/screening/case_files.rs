//! The case files of an instance, one per partner, in a folder that only its user may look into: mode 0700,
//! files 0600. They are replaced whole, and durable when a command says that something was done.
//!
//! `PARTNER.json` is the case as it stands. `concluded/DIGEST.json` is what was handed in under this commitment:
//! it stays, so that every commitment in the log can be opened.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_log::backend::posix::Posix;
use countersign_log::backend::{Backend as _, Lock};
use countersign_people::data_dir::DataDir;
use countersign_protocol::canonical::{self, CanonicalError};
use serde::Deserialize;

use super::report::{CaseFile, REPORT_VERSION, Report};

/// Where the files of concluded screenings are.
const CONCLUDED: &str = "concluded";

/// The folder of the case files.
pub struct CaseFiles(PathBuf);

/// The case files, while no other command changes them.
pub struct LockedCaseFiles {
    files: CaseFiles,
    _lock: Box<dyn Lock>,
}

/// A case file that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CaseFileError {
    /// It cannot be read or written.
    #[error("{}: {error}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Others than its owner may read it.
    #[error("{}: others than its owner may read this report (mode {mode:o}), and it names people; run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Written by another version of Countersign.
    #[error("{}: version {found} of a report is not known; this program reads version {REPORT_VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u64,
    },
    /// It is no case file, or somebody edited it.
    #[error("{}: {error}; restore it from a backup, or remove it and screen the partner anew", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: CanonicalError,
    },
    /// Somebody else is at it.
    #[error("{}: another command is changing the case files; run this one again when it has ended", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The system gives no salt.
    #[error("the system gives no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl CaseFiles {
    /// The case files of an instance.
    #[must_use]
    pub fn new(directory: &DataDir) -> Self {
        Self(directory.screening())
    }

    /// Keeps other commands from changing the files until it is dropped.
    ///
    /// # Errors
    /// [`CaseFileError::Busy`] if another command is at it.
    pub fn lock(self) -> Result<LockedCaseFiles, CaseFileError> {
        let system = |error| CaseFileError::System { path: self.0.clone(), error };
        create_folder(&self.0.join(CONCLUDED)).map_err(system)?;
        let lock = Posix::new(self.0.clone()).lock("lock").map_err(system)?;
        let lock = lock.ok_or_else(|| CaseFileError::Busy { path: self.0.clone() })?;
        Ok(LockedCaseFiles { files: self, _lock: lock })
    }

    /// The case of a partner, if it was screened.
    ///
    /// # Errors
    /// [`CaseFileError`].
    pub fn read(&self, partner: &Identifier) -> Result<Option<CaseFile>, CaseFileError> {
        read(&self.path(partner))
    }

    /// Whether what was concluded under this commitment is here, and opens it.
    ///
    /// # Errors
    /// [`CaseFileError`].
    pub fn opens(&self, commitment: Digest) -> Result<bool, CaseFileError> {
        let path = self.0.join(CONCLUDED).join(format!("{commitment}.json"));
        let Some(case) = read(&path)? else { return Ok(false) };
        let found = case.commitment().map_err(|error| CaseFileError::Form { path, error })?;
        Ok(found == commitment)
    }

    fn path(&self, partner: &Identifier) -> PathBuf {
        self.0.join(format!("{partner}.json"))
    }
}

impl LockedCaseFiles {
    /// The case of a partner, if it was screened.
    ///
    /// # Errors
    /// [`CaseFileError`].
    pub fn read(&self, partner: &Identifier) -> Result<Option<CaseFile>, CaseFileError> {
        self.files.read(partner)
    }

    /// Puts a report in the place of the partner's last one, under a new salt.
    ///
    /// # Errors
    /// [`CaseFileError`]; the old file or the new one is there then.
    pub fn write(&self, report: Report) -> Result<(), CaseFileError> {
        let case = CaseFile::new(report)?;
        replace(&self.files.path(&case.report.partner), &case)
    }

    /// Keeps a case for good, under the commitment to it.
    ///
    /// # Errors
    /// [`CaseFileError`].
    pub fn keep(&self, case: &CaseFile, commitment: Digest) -> Result<(), CaseFileError> {
        replace(&self.files.0.join(CONCLUDED).join(format!("{commitment}.json")), case)
    }
}

fn read(path: &Path) -> Result<Option<CaseFile>, CaseFileError> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Versioned {
        report: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    let system = |error| CaseFileError::System { path: path.to_owned(), error };
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(system)?,
    };
    let mode = file.metadata().map_err(system)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(CaseFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(system)?;
    if let Ok(Versioned { report: Version { version } }) = serde_json::from_slice(&bytes)
        && version != u64::from(REPORT_VERSION)
    {
        return Err(CaseFileError::Version { path: path.to_owned(), found: version });
    }
    let form = |error| CaseFileError::Form { path: path.to_owned(), error };
    canonical::from_bytes(&bytes).map(Some).map_err(form)
}

/// Puts a case in the place of a file: readers see the old or the new one, after a crash too.
fn replace(path: &Path, case: &CaseFile) -> Result<(), CaseFileError> {
    let bytes = canonical::to_bytes(case)
        .map_err(|error| CaseFileError::Form { path: path.to_owned(), error })?;
    let beside = path.with_extension("new");
    let written = || {
        // Left behind by a crash, it could be open to others.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), sync_folder)
    };
    written().map_err(|error| CaseFileError::System { path: path.to_owned(), error })
}

/// Makes a folder, with what leads to it, that nobody else may look into, and makes its name durable.
fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    folder.ancestors().skip(1).take(2).try_for_each(sync_folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
