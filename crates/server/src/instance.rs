//! An instance: made once by `countersign init`, opened by everything else.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_domain::act::{Keys, Reviewer, Signer as ActSigner};
use countersign_domain::budget::BudgetsDocument;
use countersign_domain::identifier::{Identifier, NotAnIdentifier};
use countersign_domain::rules::{RULES_VERSION, RulesDocument};
use countersign_domain::time::Timestamp;
use countersign_log::about_people::stream_id;
use countersign_log::backend::posix::Posix;
use countersign_log::{Log, LogConfig, OpenError, Recovered};
use countersign_people::data_dir::DataDir;
use countersign_people::durable_file;
use countersign_people::keys::{KeyError, SecretKey};
use countersign_people::store::{LogMark, People, StoreError, StoreOptions, Way};
use countersign_policy::budget::Budgets;
use countersign_policy::budget::preset::harvest;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::note::{NoteKey, NoteKeyError};
use countersign_source::{Naming, Source};
use countersign_toml::TomlFileError;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::admission::ByBudgets;
use crate::canaries::{Canaries, CanaryError};
use crate::claimed_folder::{ClaimError, ClaimedFolder, make_folder};
use crate::clock::{self, MachineClock};
use crate::closes::{CloseError, Closes};
use crate::config::{self, Config, ConfigError};
use crate::consents::{Consents, TellError};
use crate::file_signer::FileSigner;
use crate::gateway::Gateway;
use crate::gateway::bearer::BearerToken;
use crate::gateway::ledger_page;
use crate::gateway::metrics::Metrics;
use crate::gateway::openapi::{ApiDocument, DocumentError};
use crate::governance::{self, FirstDocuments, Founders, GovernanceError};
use crate::people::beginning::Beginning;
use crate::people::schema;
use crate::recovery::{self, RecoveryError};
use crate::service::Service;
use crate::service::disk::LogDisk;
use crate::service::masks::MaskCache;
use crate::service::room::OPERATIONS_AT_ONCE_MAX;
use crate::service::token::Tokens;
use crate::service::usage::Usage;
use crate::start_files::{StartFileError, StartFiles, open_source};
use crate::witnesses::Witnesses;

/// What a new instance begins with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The name of the log.
    pub origin: String,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The reviewers.
    pub reviewers: Vec<Identifier>,
    /// Whether anybody may sign in as anybody.
    pub demo_login: bool,
    /// Whether the preset `harvest` is in force from the first entry on.
    pub harvest_budget: bool,
}

/// A new instance.
#[derive(Clone, Debug)]
pub struct Created {
    /// The log's key, as outsiders give it to a verifier.
    pub log_key: String,
    /// How many entries the log has.
    pub entries: u64,
}

/// An instance that cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The log could not be told what people chose.
    #[error("what people chose could not be logged: {0}")]
    Untold(#[from] TellError),
    /// The folder of a new instance.
    #[error(transparent)]
    Folder(#[from] ClaimError),
    /// Approvals need two reviewers, and each of them has one key.
    #[error("--reviewers: name at least two different reviewers, each of them once")]
    Reviewers,
    /// Without a certificate nobody outside may reach the server.
    #[error(
        "--listen: begin with a loopback address, then set listen and [tls] in countersign.toml"
    )]
    ListenOutside,
    /// The configuration that the new instance would have.
    #[error("nothing was made: {message}")]
    Settings {
        /// The key, what was found and what is allowed.
        message: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file that the start reads.
    #[error(transparent)]
    StartFile(#[from] StartFileError),
    /// The field schema.
    #[error(transparent)]
    Schema(#[from] TomlFileError),
    /// The people store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Parts of it are of different ages.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The log.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// The log's name.
    #[error(transparent)]
    Origin(#[from] NoteKeyError),
    /// A founding act.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// The budgets to begin with.
    #[error(transparent)]
    Budgets(#[from] NotAnIdentifier),
    /// What closes the log's periods.
    #[error(transparent)]
    Closes(#[from] CloseError),
    /// People whom nobody is.
    #[error(transparent)]
    Canaries(#[from] CanaryError),
    /// What is said about the endpoints.
    #[error(transparent)]
    ApiDocument(#[from] DocumentError),
}

/// After so many seconds without an entry a start asks whether the clock is right.
const GAP_S: u64 = 7 * 86_400;

/// The keys that are made for the platform itself.
const PLATFORM_KEYS: [&str; 5] = ["log", "receipts", "root", "tokens", "vrf"];

/// Makes a new instance in an empty or new folder.
///
/// # Errors
/// [`InstanceError`]. Then nothing is left behind: nobody has the keys yet, so none is lost.
pub fn create(path: &Path, founding: &Founding) -> Result<Created, InstanceError> {
    let directory = DataDir::new(path);
    let text = checked_settings(founding)?;
    let claimed = ClaimedFolder::claim(path, &directory.keys())?;
    claimed.filled(|| fill(&directory, founding, &text))
}

/// Makes all files of an instance whose folder, and the one of its keys, are there.
fn fill(directory: &DataDir, founding: &Founding, text: &str) -> Result<Created, InstanceError> {
    let path = directory.keys().join("reviewers");
    make_folder(&path).map_err(|error| InstanceError::File { path, error })?;
    write_new(&directory.config(), text, 0o644)?;
    write_new(&directory.schema(), schema::DEFAULT_SCHEMA, 0o644)?;
    for name in PLATFORM_KEYS {
        SecretKey::generate()?.write_new(&directory.key(name))?;
    }
    for path in [directory.admin_token(), directory.metrics_token(), directory.decide_token()] {
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(KeyError::Randomness)?;
        write_new(&path, &const_hex::encode(token), 0o600)?;
    }
    let reviewers = make_reviewers(directory, &founding.reviewers)?;
    let people = People::open(&directory.people(), StoreOptions::default())?;
    let budgets = founding.harvest_budget.then(harvest).transpose()?;
    found_log(directory, &people, reviewers, budgets.as_ref())
}

/// Whether the machine's clock is believed although it was set forward.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockTrust {
    /// Not further than the configuration allows.
    Watched,
    /// Somebody has looked, and it is right.
    Accepted,
}

/// Opens an instance for serving.
///
/// # Errors
/// [`InstanceError`], naming the file, key or format that is wrong.
pub async fn open(directory: &DataDir, trust: ClockTrust) -> Result<Arc<Gateway>, InstanceError> {
    let config = Config::read(&directory.config())?;
    let files = StartFiles::read(directory, &config)?;
    let people = People::open_existing(&directory.people(), StoreOptions::default())?;
    let sign_in_code = config.tokens.demo_login.then(BearerToken::random);
    let sign_in_code = sign_in_code.transpose().map_err(KeyError::Randomness)?;
    let (log, budgets) = open_log_by(directory, &config, trust)?;
    let people = Arc::new(compared(people, directory)?);
    let register = log.register();
    let schema = files.compare(directory, &register)?;
    let (naming, source) = open_source(directory, &config, &people, schema).await?;
    let api = ApiDocument::new(&config)?;
    let parts = Parts {
        directory: directory.clone(),
        log_key: files.log_key,
        receipts: files.receipts,
        token_key: files.token_key,
        canaries: files.canaries,
        witnesses: files.witnesses.map(Arc::new),
        config,
        log,
        budgets,
        people,
        naming,
        source,
    };
    let service = parts.service(Way::AdminApi).await?;
    // Before anybody is served: what a crash cut short.
    service.consents.tell().await?;
    let metrics = Metrics::of(&service.source, &service.closes, service.witnesses.as_deref());
    Ok(Arc::new(Gateway {
        service: Arc::new(service),
        metrics,
        admin_token: files.admin_token,
        metrics_token: files.metrics_token,
        decide_token: files.decide_token,
        tls: files.tls,
        sign_in_code,
        api,
    }))
}

/// Opens the rest of an instance whose log is open, for a command, while no server runs. A source that cannot be opened
/// is told of when somebody is asked for who is not known here.
///
/// # Errors
/// [`InstanceError`], naming the file, key or format that is wrong.
pub async fn open_service(
    directory: &DataDir,
    config: &Config,
    log: Log,
    budgets: Budgets,
) -> Result<Service, InstanceError> {
    let people = Arc::new(open_people(directory)?);
    let log_key = SecretKey::read(&directory.key("log"))?.public();
    let register = log.register();
    let schema = register.schema().ok_or(StartFileError::NoSchema)?;
    let (naming, source) =
        open_source(directory, config, &people, schema).await.or_else(|error| {
            let newcomers = Beginning::from(config.source.new_people()).choice(schema, "");
            let naming = Naming::new(Arc::clone(&people), newcomers);
            Ok::<_, InstanceError>((naming, Source::Unopened { reason: error.to_string() }))
        })?;
    let parts = Parts {
        directory: directory.clone(),
        log_key: NoteKey::new(config.origin(), log_key)?,
        receipts: Arc::new(FileSigner::read(&directory.key("receipts"))?),
        token_key: SecretKey::read(&directory.key("tokens"))?,
        canaries: Canaries::open(directory, config.canary.email_domain.clone())?,
        witnesses: None,
        config: config.clone(),
        log,
        budgets,
        people,
        naming,
        source,
    };
    parts.service(Way::Command).await
}

/// What an instance is put together from.
struct Parts {
    directory: DataDir,
    config: Config,
    log_key: NoteKey,
    log: Log,
    budgets: Budgets,
    people: Arc<People>,
    naming: Naming,
    source: Source,
    receipts: Arc<FileSigner>,
    token_key: SecretKey,
    canaries: Canaries,
    witnesses: Option<Arc<Witnesses>>,
}

impl Parts {
    /// The instance. Choices that are made here come by this way.
    async fn service(self, way: Way) -> Result<Service, InstanceError> {
        let Self { directory, config, log, people, receipts, canaries, .. } = self;
        canaries.check(&people)?;
        let closes = open_closes(&directory, &log, &people, config.log.close_every_s).await?;
        Ok(Service {
            log_key: self.log_key.to_string(),
            consents: Consents::new(Arc::clone(&people), log.clone(), receipts.clone()),
            closes,
            canaries,
            naming: self.naming,
            tokens: Tokens::new(config.origin(), config.tokens.lifetime_s, &self.token_key),
            masks: MaskCache::new(log.register(), &config),
            source: self.source,
            usage: Usage::new(&config.limits),
            disk: LogDisk::new(directory.log(), config.log.disk_reserve_mib << 20),
            operations: Arc::new(Semaphore::new(OPERATIONS_AT_ONCE_MAX)),
            people,
            receipts,
            witnesses: self.witnesses,
            log,
            budgets: self.budgets,
            directory,
            config,
            way,
        })
    }
}

/// Opens the people of an instance whose log is open and not written to. They are as new as the log, or refused.
///
/// # Errors
/// [`InstanceError::Store`], [`InstanceError::Recovery`].
pub fn open_people(directory: &DataDir) -> Result<People, InstanceError> {
    compared(People::open_existing(&directory.people(), StoreOptions::default())?, directory)
}

/// These people, held against the log beside them.
fn compared(people: People, directory: &DataDir) -> Result<People, InstanceError> {
    let mark = recovery::check(&people, &Posix::new(directory.log()))?;
    people.put_log_mark(mark)?;
    Ok(people)
}

/// Making whole what a crash left of a close reads a whole period.
async fn open_closes(
    directory: &DataDir,
    log: &Log,
    people: &Arc<People>,
    every_s: u64,
) -> Result<Arc<Closes>, InstanceError> {
    let (directory, log, people) = (directory.clone(), log.clone(), Arc::clone(people));
    let opened = spawn_blocking(move || Closes::open(&directory, log, people, every_s));
    // It is cut short only by a panic, which has been told of.
    let opened = opened.await.unwrap_or(Err(CloseError::UnderWay));
    Ok(Arc::new(opened?))
}

/// Opens the log of an instance alone, as a command does while no server runs.
///
/// # Errors
/// [`InstanceError`]; [`OpenError`] says so when another process has the log open.
pub fn open_log(directory: &DataDir, config: &Config) -> Result<Log, InstanceError> {
    Ok(open_log_counting(directory, config)?.0)
}

/// Opens the log of an instance alone, with the people whom its clients have reached.
///
/// # Errors
/// As [`open_log`].
pub fn open_log_counting(
    directory: &DataDir,
    config: &Config,
) -> Result<(Log, Budgets), InstanceError> {
    open_log_by(directory, config, ClockTrust::Watched)
}

/// Opens a log that there is already: one that was lost is not made anew beside the people that it knows.
fn open_log_by(
    directory: &DataDir,
    config: &Config,
    trust: ClockTrust,
) -> Result<(Log, Budgets), InstanceError> {
    stream_id(&Posix::new(directory.log())).map_err(RecoveryError::from)?;
    open_or_make_log(directory, config, trust)
}

/// INVARIANT: every log that this program appends to admits by budgets. Maintained here, the only place
/// that opens one.
fn open_or_make_log(
    directory: &DataDir,
    config: &Config,
    trust: ClockTrust,
) -> Result<(Log, Budgets), InstanceError> {
    let signer = Arc::new(FileSigner::read(&directory.key("log"))?);
    let settings = LogConfig {
        origin: config.origin().to_owned(),
        pool_wait_ms: config.log.pool_wait_ms,
        publish_interval_ms: config.log.publish_interval_ms,
        merge_delay_s: config.log.publish_deadline_s,
        clock_step_max_s: config.log.clock_step_max_s,
        accept_clock: trust == ClockTrust::Accepted,
    };
    let backend = Arc::new(Posix::new(directory.log()));
    let (clock, budgets) = (Arc::new(MachineClock), Budgets::default());
    let admission = Arc::new(ByBudgets(budgets.clone()));
    let (log, recovered) = Log::open_admitting(&settings, backend, signer, clock, admission)?;
    tracing::info!(entries = recovered.entries, newest = %recovered.newest, "the log is open");
    tell_gap(&recovered, clock::now());
    if let Err(otherwise) = ledger_page::compare(&log.register()) {
        tracing::warn!("{otherwise}");
    }
    Ok((log, budgets))
}

/// Says when the clock is far from the newest entry: nobody else can tell whether it is right.
fn tell_gap(recovered: &Recovered, now: Timestamp) {
    let (newest, now_s) = (recovered.newest, now.seconds());
    if recovered.entries > 0 && now_s.saturating_sub(newest.seconds()) > GAP_S {
        tracing::warn!(%newest, %now, "the newest entry is old; if this machine's clock is wrong, stop and set it before anything is logged: times in the log never run back");
    }
    if newest.seconds().saturating_sub(now_s) > ACT_SKEW_S {
        tracing::warn!(%newest, %now, "the newest entry is from after now by this machine's clock; time in the log holds still until the clock has caught up");
    }
}

/// The log's key, as outsiders give it to a verifier.
///
/// # Errors
/// [`InstanceError`] if configuration or key cannot be read.
pub fn log_key(directory: &DataDir) -> Result<String, InstanceError> {
    let config = Config::read(&directory.config())?;
    let key = SecretKey::read(&directory.key("log"))?;
    Ok(NoteKey::new(config.origin(), key.public())?.to_string())
}

/// What holds for everybody in a new instance, until other rules are published.
#[must_use]
pub fn default_rules() -> RulesDocument {
    RulesDocument {
        version: RULES_VERSION,
        special_categories_of_friends: false,
        minor_friend_fields: vec!["id".to_owned(), "name".to_owned()],
        closed_territories: Vec::new(),
        screening_required: false,
        ledger_page: Some(ledger_page::digest()),
        cedar: String::new(),
    }
}

/// The text of the new configuration, once all that can be refused has been looked at.
fn checked_settings(founding: &Founding) -> Result<String, InstanceError> {
    let different: BTreeSet<_> = founding.reviewers.iter().collect();
    if different.len() < 2 || different.len() != founding.reviewers.len() {
        return Err(InstanceError::Reviewers);
    }
    if !founding.listen.ip().is_loopback() {
        return Err(InstanceError::ListenOutside);
    }
    let demo_login = format!("demo_login = {}", founding.demo_login);
    let text = config::TEMPLATE
        .replace("demo_login = false", &demo_login)
        .replace("{listen}", &founding.listen.to_string())
        .replace("{origin}", &founding.origin);
    let config = Config::check_text(&text)
        .map_err(|error| InstanceError::Settings { message: error.without_place() })?;
    // Any key will do: what matters is the name.
    NoteKey::new(config.origin(), SecretKey::generate()?.public())?;
    Ok(text)
}

fn make_reviewers(
    directory: &DataDir,
    names: &[Identifier],
) -> Result<Vec<(Identifier, SecretKey)>, InstanceError> {
    let mut reviewers = Vec::new();
    for name in names {
        let key = SecretKey::generate()?;
        key.write_new(&directory.key(&format!("reviewers/{name}")))?;
        reviewers.push((name.clone(), key));
    }
    Ok(reviewers)
}

fn found_log(
    directory: &DataDir,
    people: &People,
    reviewers: Vec<(Identifier, SecretKey)>,
    budgets: Option<&BudgetsDocument>,
) -> Result<Created, InstanceError> {
    let config = Config::read(&directory.config())?;
    let root = SecretKey::read(&directory.key("root"))?;
    let keys = Keys {
        root: root.public(),
        receipts: SecretKey::read(&directory.key("receipts"))?.public(),
        reviewers: reviewers
            .iter()
            .map(|(id, key)| Reviewer { id: id.clone(), key: key.public() })
            .collect(),
    };
    let reviewers = reviewers.into_iter().map(|(id, key)| (ActSigner::Reviewer(id), key)).collect();
    let founders = Founders { root, reviewers };
    let schema = schema::read(&directory.schema())?;
    let now = clock::now();
    let (schema, rules) = (schema.to_document(), default_rules());
    let documents = FirstDocuments { schema: &schema, rules: &rules, budgets };
    let acts = governance::founding_acts(config.origin(), &founders, keys, &documents, now)?;
    let (log, _) = open_or_make_log(directory, &config, ClockTrust::Watched)?;
    let submitted = acts.into_iter().try_for_each(|act| {
        governance::submit_blocking(&log, act)?;
        Ok::<_, InstanceError>(())
    });
    // Also behind a failure: nothing writes any more then to what is removed.
    log.shutdown();
    submitted?;
    let entries = log.head();
    people.put_log_mark(LogMark { stream: log.stream_id(), entries })?;
    Ok(Created { log_key: log_key(directory)?, entries })
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), InstanceError> {
    durable_file::create_new(path, text.as_bytes(), mode)
        .map_err(|error| InstanceError::File { path: path.to_owned(), error })
}
