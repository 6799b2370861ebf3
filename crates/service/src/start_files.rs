//! The files of an instance that a start reads whole, beside people and log: keys, witness policy,
//! canaries. `countersign check` reads them by the same functions, so that it passes nothing that the start
//! refuses.
//!
//! What it is not: people, log and periods, which are held against each other (see `recovery` and `closes`).

use std::path::PathBuf;
use std::sync::Arc;

use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use countersign_log::signer::Signer as _;
use countersign_people::data_dir::DataDir;
use countersign_people::file_system::{self, FileSystemError};
use countersign_people::keys::{KeyError, SecretKey};
use countersign_people::store::People;
use countersign_protocol::note::{NoteKey, NoteKeyError};
use countersign_source::{Naming, OpenError as SourceOpenError, Source};

use crate::canaries::{Canaries, CanaryError};
use crate::clock;
use crate::file_signer::FileSigner;
use crate::people::beginning::Beginning;
use crate::settings::Settings;
use crate::witnesses::{Witnesses, WitnessesError};

/// What a start reads.
pub struct StartFiles {
    /// The log's key, as outsiders give it to a verifier.
    pub log_key: NoteKey,
    /// What signs receipts.
    pub receipts: Arc<FileSigner>,
    /// What access tokens are made with.
    pub token_key: SecretKey,
    /// Who cosigns the log's checkpoints, if anybody.
    pub witnesses: Option<Witnesses>,
    /// The fictitious accounts.
    pub canaries: Canaries,
}

/// A file that a start does not begin with.
#[derive(Debug, thiserror::Error)]
pub enum StartFileError {
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The log's name.
    #[error(transparent)]
    Origin(#[from] NoteKeyError),
    /// Who cosigns the log.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// The fictitious accounts.
    #[error(transparent)]
    Canaries(#[from] CanaryError),
    /// The file system.
    #[error(transparent)]
    FileSystem(#[from] FileSystemError),
    /// Receipts would be signed with a key that the log does not name.
    #[error("{}: the log names another key for receipts; put the right key there, or have the root key sign a `keys` act that names this one", path.display())]
    ReceiptsKey {
        /// The key file.
        path: PathBuf,
    },
    /// There is no field schema in force.
    #[error(
        "the log has no field schema, so that no field can be decided about; submit a field_schema act"
    )]
    NoSchema,
    /// The source of profiles and friendships.
    #[error(transparent)]
    Source(#[from] SourceOpenError),
}

impl StartFiles {
    /// Reads them.
    ///
    /// # Errors
    /// [`StartFileError`], naming the file that is wrong.
    pub fn read(directory: &DataDir, settings: &Settings) -> Result<Self, StartFileError> {
        check_file_systems(directory, settings)?;
        let log_key = SecretKey::read(&directory.key("log"))?.public();
        let log_key = NoteKey::new(&settings.origin, log_key)?;
        let witnesses = settings.witnesses.as_ref();
        let witnesses =
            witnesses.map(|settings| Witnesses::open(settings, directory.path(), &log_key));
        Ok(Self {
            receipts: Arc::new(FileSigner::read(&directory.key("receipts"))?),
            token_key: SecretKey::read(&directory.key("tokens"))?,
            witnesses: witnesses.transpose()?,
            canaries: Canaries::open(directory, settings.canary.email_domain.clone())?,
            log_key,
        })
    }

    /// Holds them against what the log says; the field schema in force.
    ///
    /// # Errors
    /// [`StartFileError::ReceiptsKey`], [`StartFileError::NoSchema`].
    pub fn compare<'a>(
        &self,
        directory: &DataDir,
        register: &'a Register,
    ) -> Result<&'a FieldSchema, StartFileError> {
        compare_receipts_key(directory, &self.receipts, register)?;
        register.schema().ok_or(StartFileError::NoSchema)
    }
}

/// Holds what signs receipts against the log.
///
/// # Errors
/// [`StartFileError::ReceiptsKey`].
pub fn compare_receipts_key(
    directory: &DataDir,
    receipts: &FileSigner,
    register: &Register,
) -> Result<(), StartFileError> {
    if register.keys().map(|keys| keys.receipts) == Some(receipts.public_key()) {
        return Ok(());
    }
    Err(StartFileError::ReceiptsKey { path: directory.key("receipts") })
}

/// Opens the source of profiles and friendships of these people.
///
/// # Errors
/// [`StartFileError::Source`].
pub async fn open_source(
    directory: &DataDir,
    settings: &Settings,
    people: &Arc<People>,
    schema: &FieldSchema,
) -> Result<(Naming, Source), StartFileError> {
    let newcomers = Beginning::from(settings.source.new_people()).choice(schema, "");
    let naming = Naming::new(Arc::clone(people), newcomers);
    let source =
        Source::open(&settings.source, people, &naming, directory.path(), schema, clock::now)
            .await?;
    // Who is named before their row is read is not to have more open than the row will say.
    let naming = if source.reads_settings() { naming.closed_unless_read() } else { naming };
    Ok((naming, source))
}

/// Each of these may be a mount of its own.
///
/// # Errors
/// [`FileSystemError`] for one of the network that was not allowed.
pub fn check_file_systems(directory: &DataDir, settings: &Settings) -> Result<(), FileSystemError> {
    let stream = directory.log().join("stream");
    let (people, accounts) = (directory.people(), directory.account_directory());
    let folders = [directory.path(), &stream, &people, &accounts];
    let allow = "set network_file_system = true in [log] of countersign.toml";
    file_system::check(&folders, settings.log.network_file_system, allow)
}
