//! The files of an instance that a start reads whole, beside people and log: keys, tokens, certificate, witness
//! policy, canaries. `countersign check` reads them by the same functions, so that it passes nothing that the start
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
use tokio_rustls::TlsAcceptor;

use crate::canaries::{Canaries, CanaryError};
use crate::clock;
use crate::config::Config;
use crate::file_signer::FileSigner;
use crate::gateway::bearer::{BearerToken, TokenFileError};
use crate::network::listener;
use crate::people::beginning::Beginning;
use crate::witnesses::{Witnesses, WitnessesError};

/// What a start reads.
pub struct StartFiles {
    /// The log's key, as outsiders give it to a verifier.
    pub log_key: NoteKey,
    /// What signs receipts.
    pub receipts: Arc<FileSigner>,
    /// What access tokens are made with.
    pub token_key: SecretKey,
    /// What the admin API asks for.
    pub admin_token: BearerToken,
    /// What the metrics ask for.
    pub metrics_token: BearerToken,
    /// What `/decide` asks for.
    pub decide_token: BearerToken,
    /// The certificate with its key, where there is one.
    pub tls: Option<TlsAcceptor>,
    /// Who cosigns the log's checkpoints, if anybody.
    pub witnesses: Option<Witnesses>,
    /// People whom nobody is.
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
    /// A token of the platform's own.
    #[error(transparent)]
    Token(#[from] TokenFileError),
    /// The certificate or its key.
    #[error(transparent)]
    Tls(std::io::Error),
    /// Who cosigns the log.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// People whom nobody is.
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
    pub fn read(directory: &DataDir, config: &Config) -> Result<Self, StartFileError> {
        check_file_systems(directory, config)?;
        let log_key = SecretKey::read(&directory.key("log"))?.public();
        let log_key = NoteKey::new(config.origin(), log_key)?;
        let witnesses = config.witnesses.as_ref();
        let witnesses =
            witnesses.map(|settings| Witnesses::open(settings, directory.path(), &log_key));
        Ok(Self {
            receipts: Arc::new(FileSigner::read(&directory.key("receipts"))?),
            token_key: SecretKey::read(&directory.key("tokens"))?,
            admin_token: BearerToken::read(&directory.admin_token())?,
            metrics_token: BearerToken::read(&directory.metrics_token())?,
            decide_token: BearerToken::read(&directory.decide_token())?,
            tls: read_tls(directory, config)?,
            witnesses: witnesses.transpose()?,
            canaries: Canaries::open(directory, config.canary.email_domain.clone())?,
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
        if register.keys().map(|keys| keys.receipts) != Some(self.receipts.public_key()) {
            return Err(StartFileError::ReceiptsKey { path: directory.key("receipts") });
        }
        register.schema().ok_or(StartFileError::NoSchema)
    }
}

/// Opens the source of profiles and friendships of these people.
///
/// # Errors
/// [`StartFileError::Source`].
pub async fn open_source(
    directory: &DataDir,
    config: &Config,
    people: &Arc<People>,
    schema: &FieldSchema,
) -> Result<(Naming, Source), StartFileError> {
    let newcomers = Beginning::from(config.source.new_people()).choice(schema, "");
    let naming = Naming::new(Arc::clone(people), newcomers);
    let source =
        Source::open(&config.source, people, &naming, directory.path(), schema, clock::now).await?;
    Ok((naming, source))
}

/// Each of these may be a mount of its own.
fn check_file_systems(directory: &DataDir, config: &Config) -> Result<(), FileSystemError> {
    let stream = directory.log().join("stream");
    let (people, accounts) = (directory.people(), directory.account_directory());
    let folders = [directory.path(), &stream, &people, &accounts];
    let allow = "set network_file_system = true in [log] of countersign.toml";
    file_system::check(&folders, config.log.network_file_system, allow)
}

fn read_tls(directory: &DataDir, config: &Config) -> Result<Option<TlsAcceptor>, StartFileError> {
    let Some(tls) = &config.tls else { return Ok(None) };
    let folder = directory.path();
    let read = listener::read_tls(&folder.join(&tls.certificate), &folder.join(&tls.key));
    read.map(Some).map_err(StartFileError::Tls)
}
