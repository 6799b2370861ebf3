//! An import of people from files: what every kind of files has in common.

use std::path::PathBuf;

use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_people::store::{Counts, Import, Importer, NewPerson, People, Profile, StoreError};

use super::beginning::Beginning;
use super::links::Links;
use super::progress::Progress;

/// How an import is done.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions<'a> {
    /// The schema in force; a field that it does not have is refused.
    pub schema: &'a FieldSchema,
    /// The settings that people start with, where the files say nothing.
    pub beginning: Beginning,
    /// The last sequence of the change feed that is in the files. The feed goes on after it, even where it
    /// had come further.
    pub sequence: Option<u64>,
    /// When it is done.
    pub now: Timestamp,
    /// Where progress is shown.
    pub progress: Progress,
}

/// What an import has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// People in the files.
    pub people: u64,
    /// Those of them who were not in the store before.
    pub people_new: u64,
    /// Friendships in the files, each counted once.
    pub friendships: u64,
    /// What the store has now.
    pub store: Counts,
}

/// Why nothing was imported. No value of a field is in it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("{}: reading failed: {source}; nothing was imported", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}:{column}: expected {expected}; nothing was imported", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: u64,
        /// The character of the line, counted from one.
        column: u64,
        /// What should stand there.
        expected: String,
    },
    /// A file was another one when it was read again.
    #[error("{}: it changed while it was read; import it again; nothing was imported", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Files of another layout than is read.
    #[error("{}: {found}; wanted is {wanted}; nothing was imported", path.display())]
    Layout {
        /// The folder or file.
        path: PathBuf,
        /// What is there, or missing.
        found: String,
        /// The layout that is read.
        wanted: &'static str,
    },
    /// A folder of neither kind.
    #[error(
        "{}: expected a folder with facebook_combined.txt (SNAP) or person_0_0.csv (LDBC)",
        path.display()
    )]
    UnknownKind {
        /// The path.
        path: PathBuf,
    },
    /// The schema lacks a field that this kind of files has.
    #[error(
        "the field schema has no {field:?}, which these files have; add it at the end of the schema"
    )]
    MissingField {
        /// The field's name.
        field: &'static str,
    },
    /// The files may be older than what the feed said.
    #[error(
        "a change feed has been applied up to sequence {sequence}, and files from before would undo it: say with \
         --sequence which is the last sequence that is in these files, then send the feed from there; \
         nothing was imported"
    )]
    FeedApplied {
        /// The last sequence that is applied.
        sequence: u64,
    },
    /// Nobody generates people of a platform that feeds its own.
    #[error(
        "a change feed has been applied up to sequence {sequence}; people are generated only where none was: \
         use another folder; nothing was generated"
    )]
    FeedGenerated {
        /// The last sequence that is applied.
        sequence: u64,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports all people whom `read` puts into the batch: everything, or on any error nothing. Run again, it changes
/// nothing; people whom the files no longer have stay. Where a change feed was applied, the files say as
/// of which sequence they are, and the feed goes on after it.
///
/// # Errors
/// [`ImportError`], with file, line and column where the files are at fault.
pub fn run(
    people: &People,
    options: &ImportOptions<'_>,
    read: impl FnOnce(&mut Batch<'_>) -> Result<(), ImportError>,
) -> Result<ImportReport, ImportError> {
    let importer = people.importer();
    let mut batch = Batch::begin(&importer, options)?;
    let sequence = batch.import.sequence()?;
    if sequence > 0 && options.sequence.is_none() {
        return Err(ImportError::FeedApplied { sequence });
    }
    read(&mut batch)?;
    batch.finish()
}

/// An import while files are read into it.
pub struct Batch<'a> {
    /// How it is done.
    pub options: ImportOptions<'a>,
    /// What the store takes.
    pub import: Import<'a>,
    /// The friendships so far.
    pub links: Links,
    people: u64,
    people_new: u64,
}

impl<'a> Batch<'a> {
    /// Begins an import.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin(
        importer: &'a Importer<'_>,
        options: &ImportOptions<'a>,
    ) -> Result<Self, StoreError> {
        let (import, links) = (Import::begin(importer, options.now)?, Links::default());
        Ok(Self { options: *options, import, links, people: 0, people_new: 0 })
    }

    /// Puts a person with the settings that people begin with; their number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn person(
        &mut self,
        account: &str,
        profile: &mut Profile,
        minor: bool,
    ) -> Result<u32, StoreError> {
        let settings = self.options.beginning.choice(self.options.schema, account);
        self.put(NewPerson { account, minor, settings, profile })
    }

    /// Puts a person with settings of their own; their number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put(&mut self, person: NewPerson<'_>) -> Result<u32, StoreError> {
        let placed = self.import.person(person)?;
        self.people += 1;
        self.people_new += u64::from(placed.is_new);
        self.links.imported(placed.number);
        Ok(placed.number)
    }

    /// Writes the friendships, and commits all.
    ///
    /// # Errors
    /// [`ImportError::Store`]; then nothing has changed.
    pub fn finish(mut self) -> Result<ImportReport, ImportError> {
        let progress = self.options.progress;
        let friendships = self.links.write(&mut self.import, progress)?;
        if let Some(sequence) = self.options.sequence {
            self.import.set_sequence(sequence)?;
        }
        let bar = progress.step("writing the image", 0);
        let store = self.import.commit(&mut |done, total| {
            bar.total(total);
            bar.at(done);
        })?;
        Ok(ImportReport { people: self.people, people_new: self.people_new, friendships, store })
    }
}
