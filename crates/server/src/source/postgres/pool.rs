//! Connections: so many at most, each with its prepared statements, a broken one replaced, a late
//! question cancelled on the server.

use std::collections::HashMap;
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts};
use tokio_postgres::{CancelToken, Client, Config, Statement};

use super::tls::Tls;
use super::trouble::words;

/// How many statements a connection keeps prepared: field sets are the clients' choice, and memory
/// on the server is not theirs.
const STATEMENTS_MAX: usize = 128;

/// How long the server is waited for when it is told to give a question up.
const CANCEL: Duration = Duration::from_secs(5);

/// The connections of a source.
#[derive(Clone)]
pub(super) struct Pool {
    pool: managed::Pool<Connections>,
    connect: Duration,
    tls: Tls,
}

/// What makes connections.
struct Connections {
    config: Config,
    tls: Tls,
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
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Connection, Self::Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(reason = words(&error), "a connection to PostgreSQL broke");
            }
        });
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

impl Pool {
    pub(super) fn new(
        config: Config,
        tls: Tls,
        size: usize,
        connect: Duration,
    ) -> Result<Self, String> {
        let connections = Connections { config, tls: tls.clone() };
        let pool = managed::Pool::builder(connections)
            .max_size(size)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool, connect, tls })
    }

    /// A connection, as soon as one is free. How long that may take is the caller's affair.
    pub(super) async fn lease(&self) -> Result<Lease, String> {
        let timeouts = Timeouts { wait: None, create: Some(self.connect), recycle: None };
        let object = self.pool.timeout_get(&timeouts).await.map_err(|error| match error {
            PoolError::Backend(error) => words(&error),
            PoolError::Timeout(_) => {
                format!("no connection within {} ms", self.connect.as_millis())
            }
            _ => "there is no pool of connections any more".to_owned(),
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
