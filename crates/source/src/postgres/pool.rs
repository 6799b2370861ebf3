//! Connections: so many at most, each with its prepared statements, a broken one replaced, a late
//! question cancelled on the server. None is used before its session is what it was asked to be.

use std::collections::HashMap;
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts};
use tokio_postgres::{CancelToken, Client, Config, Statement};

use super::super::SourceError;
use super::session::Session;
use super::tls::Tls;
use super::trouble::{self, words};

/// How many statements a connection keeps prepared: field sets are the clients' choice, and memory
/// on the server is not theirs.
const STATEMENTS_MAX: usize = 128;

/// How long the server is waited for when it is told to give a question up.
const CANCEL: Duration = Duration::from_secs(5);

/// How long a second session is waited for, while a first one is in a transaction.
const WAIT_FOR_SECOND: Duration = Duration::from_millis(500);

/// The connections of a source.
#[derive(Clone)]
pub(super) struct Pool {
    pool: managed::Pool<Connections>,
    connect: Duration,
    tls: Tls,
}

/// What the connections of a pool do.
pub(super) struct PoolUsage {
    /// The most that there may be.
    pub(super) most: usize,
    /// How many there are.
    pub(super) connections: usize,
    /// On how many of them nothing is asked.
    pub(super) idle: usize,
    /// How many questions wait for one.
    pub(super) waiting: usize,
}

/// What makes connections.
struct Connections {
    config: Config,
    session: Session,
    tls: Tls,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// What the database says, or the way to it.
    Database(tokio_postgres::Error),
    /// None came about in time, or there is no pool any more.
    Unavailable(String),
    /// The session is not what it was asked to be, or does not last.
    Session(String),
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Peer {
    /// One session of the database, as far as can be told.
    Session,
    /// A pooler that gives each transaction any session, and keeps prepared statements all the same.
    TransactionPooler,
}

impl From<tokio_postgres::Error> for ConnectError {
    fn from(error: tokio_postgres::Error) -> Self {
        if trouble::is_unprepared(&error) {
            return Self::Session(trouble::UNPREPARED.to_owned());
        }
        Self::Database(error)
    }
}

impl ConnectError {
    /// In words that hold no data.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Database(error) => words(error),
            Self::Unavailable(reason) | Self::Session(reason) => reason.clone(),
        }
    }

    /// Which error of a source it is, for a question that may take so long.
    pub(super) fn into_source_error(self, limit_ms: u64) -> SourceError {
        match self {
            Self::Database(error) => trouble::source_error(&error, limit_ms),
            Self::Unavailable(reason) => SourceError::Unavailable { reason },
            Self::Session(reason) => SourceError::Misconfigured { reason },
        }
    }
}

/// A connection with what is prepared on it.
pub(super) struct Connection {
    pub(super) client: Client,
    statements: HashMap<String, Statement>,
    /// The task that reads and writes; it ends with the client.
    _driver: tokio::task::JoinHandle<()>,
}

impl managed::Manager for Connections {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, Self::Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(reason = words(&error), "a connection to PostgreSQL broke");
            }
        });
        if let Some(differences) = self.session.differences(&client).await? {
            return Err(ConnectError::Session(differences));
        }
        Ok(Connection { client, statements: HashMap::new(), _driver: driver })
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> RecycleResult<Self::Error> {
        // No question to the server: that would be another round trip for each one of ours.
        if connection.client.is_closed() {
            return Err(RecycleError::message("closed"));
        }
        Ok(())
    }
}

impl Connection {
    /// The statement of this text, prepared if it was not yet.
    pub(super) async fn prepared(
        &mut self,
        text: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).await?;
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        self.statements.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Lets the statement of this text be prepared again.
    pub(super) fn forget(&mut self, text: &str) {
        self.statements.remove(text);
    }
}

impl Connections {
    /// Looks who is at the other end, with two connections. While one is in a transaction, the other gets a
    /// session of its own. A pooler of transactions gives the other one, after that, the session that was given
    /// back last, and what was prepared on another one is not there, unless the pooler sees to it. Another program
    /// may have left a statement of the same name there, so ours has a number in it that no other has.
    async fn peer(&self) -> Result<Peer, ConnectError> {
        let tag = getrandom::u32().map_err(|error| ConnectError::Unavailable(error.to_string()))?;
        let who = format!("SELECT (pg_catalog.pg_backend_pid()::bigint << 32) + {tag}");
        let one = managed::Manager::create(self).await?;
        // There may be room for one connection only, which is no fault.
        let Ok(two) = managed::Manager::create(self).await else { return Ok(Peer::Session) };
        one.client.batch_execute("BEGIN").await?;
        one.client.simple_query(&who).await?;
        // Where the pooler has one session only, this waits for the transaction of the first.
        let before = async {
            let who = two.client.prepare(&who).await?;
            let row = two.client.query_one(&who, &[]).await?;
            Ok::<_, tokio_postgres::Error>((who, row.try_get::<_, i64>(0)?))
        };
        let before = tokio::time::timeout(WAIT_FOR_SECOND, before).await;
        one.client.batch_execute("COMMIT").await?;
        let Ok(before) = before else { return Ok(Peer::Session) };
        let (who, before) = before?;
        let after = two.client.query_one(&who, &[]).await?.try_get::<_, i64>(0).ok();
        if after == Some(before) {
            return Ok(Peer::Session);
        }
        if after.is_none_or(|after| after & i64::from(u32::MAX) != i64::from(tag)) {
            return Err(ConnectError::Session(trouble::UNPREPARED.to_owned()));
        }
        match self.session.differences(&two.client).await? {
            Some(differences) => Err(ConnectError::Session(differences)),
            None => Ok(Peer::TransactionPooler),
        }
    }
}

impl Pool {
    pub(super) fn new(
        config: Config,
        session: Session,
        tls: Tls,
        size: usize,
        connect: Duration,
    ) -> Result<Self, String> {
        let connections = Connections { config, session, tls: tls.clone() };
        let pool = managed::Pool::builder(connections)
            .max_size(size)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool, connect, tls })
    }

    /// What its connections do.
    pub(super) fn usage(&self) -> PoolUsage {
        let managed::Status { max_size, size, available, waiting, .. } = self.pool.status();
        PoolUsage { most: max_size, connections: size, idle: available, waiting }
    }

    /// Who is at the other end of connections.
    ///
    /// # Errors
    /// [`ConnectError`], also for a pooler that does not keep what is prepared.
    pub(super) async fn peer(&self) -> Result<Peer, ConnectError> {
        self.pool.manager().peer().await
    }

    /// A connection, as soon as one is free. How long that may take is the caller's affair.
    pub(super) async fn lease(&self) -> Result<Lease, ConnectError> {
        let timeouts = Timeouts { wait: None, create: Some(self.connect), recycle: None };
        let object = self.pool.timeout_get(&timeouts).await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(_) => ConnectError::Unavailable(format!(
                "no connection within {} ms",
                self.connect.as_millis()
            )),
            _ => ConnectError::Unavailable("there is no pool of connections any more".to_owned()),
        })?;
        let cancel = object.client.cancel_token();
        Ok(Lease { object: Some(object), cancel, tls: self.tls.clone(), is_done: false })
    }
}

/// A connection in use. One on which a question was not read to its end, because time ran out or
/// nobody waits any more, is told to give up and is not used again; its place is taken until then.
pub(super) struct Lease {
    object: Option<Object<Connections>>,
    cancel: CancelToken,
    tls: Tls,
    is_done: bool,
}

impl Lease {
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.object.as_deref_mut()
    }

    /// Says that the question was read to its end.
    pub(super) const fn done(&mut self) {
        self.is_done = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let Some(object) = self.object.take() else { return };
        // Outside of a runtime there is nothing left that could be busy with it.
        let runtime = tokio::runtime::Handle::try_current();
        let (Ok(runtime), false) = (runtime, object.client.is_closed()) else {
            drop(Object::take(object));
            return;
        };
        let (cancel, tls) = (self.cancel.clone(), self.tls.clone());
        runtime.spawn(async move {
            let given_up = async {
                let _ = cancel.cancel_query(tls).await;
                // The server comes to this when it has done with the question.
                let _ = object.client.check_connection().await;
            };
            let _ = tokio::time::timeout(CANCEL, given_up).await;
            // Not before: while the server is busy with it, it is one of so many at most.
            drop(Object::take(object));
        });
    }
}
