//! The PostgreSQL source: answers from the tables of a platform as they are, with one statement for
//! viewer and friends.
//!
//! It needs the right to read the tables that its mapping names and nothing else: sessions are
//! read-only, which is asked back, and Countersign's own data stays in its own store.
//!
//! What it is not: it migrates nothing, and takes no SQL from any file.

mod answer;
pub mod catalogue;
pub mod check;
pub mod draft;
pub mod fit;
pub mod mapping;
pub mod mapping_file;
mod platform_choices;
mod pool;
mod pool_metrics;
mod remedies;
mod session;
pub mod statement;
mod tls;
mod trouble;

use std::collections::HashMap;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign_domain::field::FieldSet;
use countersign_domain::schema::FieldSchema;
use countersign_log::append::PEOPLE_MAX;
use countersign_log::guarded::Guarded;
use countersign_toml::{Fault, TomlFileError};
use futures_util::TryStreamExt as _;
use prometheus_client::metrics::counter::Counter;
use tokio_postgres::types::ToSql;

use super::{Circle, Fetched, Naming, PlatformChoice, Question, SourceError};
use crate::metrics::QuestionMetrics;
use crate::settings::postgres::{PostgresSettings, TlsMode};
use answer::Answer;
use catalogue::{Catalogue, Kind};
use check::Report;
use countersign_people::store::People;
use mapping::Mapping;
use platform_choices::Newcomers;
use pool::{Lease, Pool};
use pool_metrics::PoolMetrics;
use prometheus_client::registry::Registry;
use session::Session;
use statement::{Parameter, Statement};
use tls::Tls;

/// How many statements are kept written: field sets are the clients' choice.
const STATEMENTS_MAX: usize = 1_024;

/// How long the answer to whether the database can be reached is kept, so that asking often costs
/// the database nothing.
const READY_KEPT: Duration = Duration::from_secs(1);

/// How much longer than a question a statement may take, in milliseconds: a late one is cancelled, and the
/// server ends it by itself if nobody is left who could.
const STATEMENT_LONGER_MS: u64 = 1_000;

/// The source over a database.
pub struct PostgresSource {
    people: Arc<People>,
    naming: Naming,
    database: Database,
    metrics: QuestionMetrics,
    ready: tokio::sync::Mutex<Option<(Instant, Result<(), String>)>>,
}

/// A database with a mapping that fits it.
struct Database {
    pool: Pool,
    mapping: Mapping,
    catalogue: Catalogue,
    newcomers: Newcomers,
    limit: Duration,
    statements: Mutex<HashMap<Fields, Arc<Statement>>>,
}

/// The fields of a question: the viewer's, and friends' where it is about them.
type Fields = (FieldSet, Option<FieldSet>);

/// A source that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The settings of the connection.
    #[error("{path}: {fault}")]
    Settings {
        /// The configuration.
        path: String,
        /// The key, what was found and what is allowed.
        fault: Fault,
    },
    /// The mapping file.
    #[error(transparent)]
    Mapping(#[from] TomlFileError),
    /// The database does not answer.
    #[error("[source.postgres] the database cannot be asked: {reason}")]
    Unreachable {
        /// Why, without any data of people.
        reason: String,
    },
    /// The mapping does not fit the database.
    #[error("the mapping does not fit the database:\n{report}")]
    Unfit {
        /// What was found, table by table.
        report: Box<Report>,
    },
}

impl PostgresSource {
    /// Connects, and compares mapping and database.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        people: Arc<People>,
        naming: Naming,
        settings: &PostgresSettings,
        folder: &Path,
        schema: &FieldSchema,
    ) -> Result<Self, OpenError> {
        let newcomers = Newcomers { choice: naming.newcomers(), schema: schema.clone() };
        let (database, report) = Database::open(settings, folder, newcomers).await?;
        if !report.fits() {
            return Err(OpenError::Unfit { report: Box::new(report) });
        }
        for warning in report.warnings() {
            tracing::warn!("source: {warning}");
        }
        let metrics = QuestionMetrics::default();
        Ok(Self { people, naming, database, metrics, ready: tokio::sync::Mutex::default() })
    }

    /// What the database tells of the people that a question is about.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn fetch(&self, question: &Question<'_>) -> Result<Fetched, SourceError> {
        let account = self.people.account_of(question.viewer).ok_or(SourceError::UnknownPerson)?;
        let (viewer, friends) = (question.viewer_fields, question.friend_fields);
        let began = Instant::now();
        let fetched = self.database.fetch(&account, viewer, friends).await;
        self.metrics.answered(began, &fetched);
        Ok(fetched?.0)
    }

    /// Lets what the source counts be seen, and its connections, in a registry of the source's.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        registry.register_collector(Box::new(PoolMetrics(self.database.pool.clone())));
    }

    /// Those people, with settings as they are this moment.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn circle(
        &self,
        fetched: Fetched,
        question: &Question<'_>,
    ) -> Result<Guarded<Circle>, SourceError> {
        fetched.into_circle(&self.naming, question).await.map(Guarded::new)
    }

    /// Whether the database has a person of this account, spelled so.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn knows(&self, account: &str) -> Result<bool, SourceError> {
        Ok(self.look_up(account).await?.is_some())
    }

    /// The person of this account, if the database has one: with what they chose there, where the mapping names
    /// columns for that.
    ///
    /// # Errors
    /// [`SourceError`].
    pub(super) async fn look_up(
        &self,
        account: &str,
    ) -> Result<Option<Option<Arc<PlatformChoice>>>, SourceError> {
        let statement = statement::knows(&self.database.mapping, &self.database.catalogue);
        match self.database.asked(&statement, account).await {
            Ok((fetched, _)) => Ok(Some(fetched.viewer().and_then(|viewer| viewer.chosen.clone()))),
            Err(SourceError::UnknownPerson) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the mapping names columns in which people chose on the platform.
    #[must_use]
    pub fn reads_settings(&self) -> bool {
        !self.database.mapping.settings.is_empty()
    }

    /// How many friends were left out of answers.
    #[must_use]
    pub const fn left_out(&self) -> &Counter {
        self.naming.left_out()
    }

    /// Whether the database can be asked, as of a second ago at most.
    ///
    /// # Errors
    /// Why not, without any data of people.
    pub async fn ready(&self) -> Result<(), SourceError> {
        // One asks at a time, and whoever waits has that answer: connections are there for questions.
        let mut kept = self.ready.lock().await;
        let found = match &*kept {
            Some((at, found)) if at.elapsed() < READY_KEPT => found.clone(),
            _ => {
                let found = self.database.reached().await.map_err(|error| error.to_string());
                if let Err(reason) = &found {
                    tracing::warn!(reason, "the database cannot be asked");
                }
                *kept = Some((Instant::now(), found.clone()));
                found
            }
        };
        found.map_err(|reason| SourceError::Unavailable { reason })
    }
}

impl Database {
    /// Connects and compares; what does not fit stands in the report.
    async fn open(
        settings: &PostgresSettings,
        folder: &Path,
        newcomers: Newcomers,
    ) -> Result<(Self, Report), OpenError> {
        let mapping = mapping_file::read(&folder.join(&settings.mapping), &newcomers.schema)?;
        let (config, tls) = connection(settings, folder).map_err(|fault| {
            let path = folder.join("countersign.toml").display().to_string();
            OpenError::Settings { path, fault }
        })?;
        let connect = Duration::from_millis(settings.connect_timeout_ms);
        let unreachable = |reason| OpenError::Unreachable { reason };
        let session = session(settings);
        let pool = Pool::new(config, session, tls, settings.pool_size, connect);
        let pool = pool.map_err(unreachable)?;
        let limit = Duration::from_millis(settings.timeout_ms);
        let refused = |error: pool::ConnectError| unreachable(error.reason());
        // Both are looked at with a patience of their own: this is no question.
        let peer = tokio::time::timeout(connect * 2 + limit, pool.peer()).await;
        let peer = peer.map_err(|_| unreachable("it takes too long".to_owned()))?;
        let peer = peer.map_err(refused)?;
        let catalogue = {
            let mut lease = pool.lease().await.map_err(refused)?;
            let read = catalogue_of(&mut lease, &mapping);
            match tokio::time::timeout(connect + limit, read).await {
                Ok(read) => read.map_err(|error| unreachable(trouble::words(&error)))?,
                Err(_) => return Err(unreachable("it takes too long".to_owned())),
            }
        };
        let report = Report::of(&mapping, &catalogue, settings, peer);
        let statements = Mutex::default();
        Ok((Self { pool, mapping, catalogue, newcomers, limit, statements }, report))
    }

    fn limit_ms(&self) -> u64 {
        u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX)
    }

    /// The statement for these fields.
    fn statement(&self, viewer: FieldSet, friends: Option<FieldSet>) -> Arc<Statement> {
        let mapped: FieldSet = self.mapping.fields.keys().copied().collect();
        let fields = (viewer.and(mapped), friends.map(|friends| friends.and(mapped)));
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = statements.get(&fields) {
            return Arc::clone(statement);
        }
        let (mapping, catalogue) = (&self.mapping, &self.catalogue);
        let statement =
            Arc::new(statement::question(mapping, catalogue, fields.0, fields.1, PEOPLE_MAX));
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        statements.insert(fields, Arc::clone(&statement));
        statement
    }

    /// The person of this account, with friends where their fields are asked for; and how many people and
    /// bytes they are.
    async fn fetch(
        &self,
        account: &str,
        viewer: FieldSet,
        friends: Option<FieldSet>,
    ) -> Result<(Fetched, (usize, usize)), SourceError> {
        let statement = self.statement(viewer, friends);
        self.asked(&statement, account).await
    }

    /// Runs a statement within the time that a question has.
    async fn asked(
        &self,
        statement: &Statement,
        account: &str,
    ) -> Result<(Fetched, (usize, usize)), SourceError> {
        if !self.can_be_account(account) {
            return Err(SourceError::UnknownPerson);
        }
        let answer = self.asked_patiently(statement, account);
        match tokio::time::timeout(self.limit, answer).await {
            Ok(answered) => answered,
            Err(_) => Err(SourceError::Late { limit_ms: self.limit_ms() }),
        }
    }

    /// Runs a statement. A connection that broke while it lay in the pool is replaced, once: to read
    /// again changes nothing.
    async fn asked_patiently(
        &self,
        statement: &Statement,
        account: &str,
    ) -> Result<(Fetched, (usize, usize)), SourceError> {
        let mut is_second = false;
        loop {
            let lease = self.pool.lease().await;
            let mut lease = lease.map_err(|error| error.into_source_error(self.limit_ms()))?;
            let mut answered = self.run(&mut lease, statement, account).await;
            if let Err(Failure::Database(error)) = &answered
                && trouble::is_outdated(error)
                && let Some(connection) = lease.connection()
            {
                connection.forget(&statement.text);
                answered = self.run(&mut lease, statement, account).await;
            }
            match answered {
                Err(Failure::Database(error)) if trouble::is_broken(&error) && !is_second => {
                    is_second = true;
                }
                Err(Failure::Database(error)) => {
                    // The server said so, and waits for the next question.
                    lease.done();
                    return Err(trouble::source_error(&error, self.limit_ms()));
                }
                Err(Failure::Answer(error)) => return Err(error),
                Ok(answered) => return Ok(answered),
            }
        }
    }

    async fn run(
        &self,
        lease: &mut Lease,
        statement: &Statement,
        account: &str,
    ) -> Result<(Fetched, (usize, usize)), Failure> {
        let Some(connection) = lease.connection() else {
            let reason = "the connection is gone".to_owned();
            return Err(Failure::Answer(SourceError::Unavailable { reason }));
        };
        let prepared = connection.prepared(&statement.text).await?;
        let account_parameter = Parameter::Text(account.to_owned());
        let parameters = std::iter::once(&account_parameter).chain(&statement.parameters);
        let parameters: Vec<&(dyn ToSql + Sync)> =
            parameters.map(|parameter| parameter as &(dyn ToSql + Sync)).collect();
        let rows = connection.client.query_raw(&prepared, parameters).await?;
        let mut rows = pin!(rows);
        let mut answer = Answer::new(statement, &self.mapping, &self.newcomers, account);
        while let Some(row) = rows.try_next().await? {
            answer.row(&row).map_err(Failure::Answer)?;
        }
        // Whatever is wrong with the answer, the server waits for the next question.
        lease.done();
        let size = answer.size();
        answer.fetched().map(|fetched| (fetched, size)).map_err(Failure::Answer)
    }

    /// Whether the account column could hold this, as the server would spell it.
    fn can_be_account(&self, account: &str) -> bool {
        let people = &self.mapping.people;
        match self.catalogue.kind(&people.scope.table, &people.account) {
            Kind::Integer => {
                account.parse::<i64>().is_ok_and(|number| number.to_string() == account)
            }
            Kind::Uuid => {
                let is_of_uuid = |(at, byte): (usize, u8)| match at {
                    8 | 13 | 18 | 23 => byte == b'-',
                    _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                };
                account.len() == 36 && account.bytes().enumerate().all(is_of_uuid)
            }
            _ => !account.contains('\0'),
        }
    }

    /// One round trip to the database.
    async fn reached(&self) -> Result<(), SourceError> {
        let reach = async {
            let lease = self.pool.lease().await;
            let mut lease = lease.map_err(|error| error.into_source_error(self.limit_ms()))?;
            if let Some(connection) = lease.connection() {
                let checked = connection.client.check_connection().await;
                checked.map_err(|error| trouble::source_error(&error, self.limit_ms()))?;
            }
            lease.done();
            Ok(())
        };
        match tokio::time::timeout(self.limit, reach).await {
            Ok(reached) => reached,
            Err(_) => Err(SourceError::Late { limit_ms: self.limit_ms() }),
        }
    }
}

/// Why a statement gave no answer.
enum Failure {
    Database(tokio_postgres::Error),
    Answer(SourceError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

async fn catalogue_of(
    lease: &mut Lease,
    mapping: &Mapping,
) -> Result<Catalogue, tokio_postgres::Error> {
    let read = match lease.connection() {
        Some(connection) => Catalogue::read(&connection.client, &fit::tables(mapping)).await,
        None => Ok(Catalogue::default()),
    };
    if read.is_ok() {
        lease.done();
    }
    read
}

/// What each session is to be.
const fn session(settings: &PostgresSettings) -> Session {
    Session { statement_timeout_ms: settings.timeout_ms + STATEMENT_LONGER_MS }
}

/// How to connect, or what is wrong with the settings.
fn connection(
    settings: &PostgresSettings,
    folder: &Path,
) -> Result<(tokio_postgres::Config, Tls), Fault> {
    let mut config = settings.connection()?;
    if let Some(password) = settings.password(folder)? {
        config.password(password.as_bytes());
    }
    config.options(session(settings).options()).application_name("countersign");
    config.connect_timeout(Duration::from_millis(settings.connect_timeout_ms));
    let tls = match settings.tls {
        TlsMode::Disable => {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
            Tls::none()
        }
        TlsMode::VerifyFull => {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
            let ca_file = settings.ca_file.as_ref().map(|file| folder.join(file));
            Tls::verifying(ca_file.as_deref())
                .map_err(|error| Fault::at("source.postgres.ca_file", error))?
        }
    };
    Ok((config, tls))
}

impl std::fmt::Debug for PostgresSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSource").finish_non_exhaustive()
    }
}
