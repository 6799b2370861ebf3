//! What PostgreSQL says when something fails, without what it says about rows: messages, details and hints
//! can hold values, so that only the SQLSTATE and our own words for its class are passed on.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use super::super::SourceError;

/// What went wrong, in words that hold no data.
pub(super) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(state) = error.code() {
        return format!("PostgreSQL says {} ({})", state.code(), meaning(state));
    }
    if error.is_closed() {
        return "the connection is closed".to_owned();
    }
    // Besides what the database says, there are only the ways to it.
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(error) = found.downcast_ref::<std::io::Error>() {
            return match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => format!("TLS: {error}"),
                None => format!("no connection: {}", error.kind()),
            };
        }
        if found.is::<tokio_postgres::types::WrongType>() || found.is::<std::str::Utf8Error>() {
            return "a value is of another type than it should be".to_owned();
        }
        cause = found.source();
    }
    // The outer sentence names a stage of the protocol and nothing else.
    error.to_string()
}

fn meaning(state: &SqlState) -> &'static str {
    match state.code() {
        "08P01" => {
            "the protocol is refused: a pooler such as PgBouncer does so with the startup parameter `options`, which has to reach the database"
        }
        "26000" => "a prepared statement is not there",
        "42501" => "the role may not read it",
        "42P05" => "a prepared statement is there already",
        "42703" => "a column is not there",
        "42P01" => "a table is not there",
        "57014" => "the statement was cancelled",
        "21000" => "one row was expected and there are several",
        "25006" => "the session is read-only",
        code => match code.get(..2).unwrap_or_default() {
            "08" => "the connection failed",
            "22" => "a value cannot be read as the mapping says",
            "28" => "the role or its password is refused",
            "3D" => "there is no such database",
            "40" => "the transaction was rolled back",
            "42" => "the statement does not fit the database",
            "53" => "the database has no room left",
            "54" => "a limit of the database was passed",
            "55" => "the database is busy with itself",
            "57" => "the database is shutting down or not yet up",
            "58" => "the system under the database failed",
            "XX" => "the database failed inside",
            _ => "see PostgreSQL's list of error codes",
        },
    }
}

/// Whether the connection is gone, which need not be so of the next one.
pub(super) fn is_broken(error: &tokio_postgres::Error) -> bool {
    let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN];
    error.is_closed() || error.code().is_some_and(|state| ended.contains(state))
}

/// Whether a statement was prepared before a table changed, so that its rows would be of other types than it
/// said. Prepared anew, it may do.
pub(super) fn is_outdated(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED)
}

/// What to do about a session in which prepared statements do not last.
pub(super) const UNPREPARED: &str = "what was prepared is not there any more: a pooler in transaction mode, such as PgBouncer before 1.21, gives each statement another session; take its session mode, or PgBouncer 1.21 or later with max_prepared_statements, or connect to the database itself";

/// Whether a statement that was prepared is not there, or one that was not is: the session is another one.
pub(super) fn is_unprepared(error: &tokio_postgres::Error) -> bool {
    let states = [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT];
    error.code().is_some_and(|state| states.contains(state))
}

/// Which error of a source it is.
pub(super) fn source_error(error: &tokio_postgres::Error, limit_ms: u64) -> SourceError {
    let reason = words(error);
    match error.code() {
        Some(state) if *state == SqlState::QUERY_CANCELED => SourceError::Late { limit_ms },
        Some(_) if is_unprepared(error) => {
            SourceError::Misconfigured { reason: format!("{reason}: {UNPREPARED}") }
        }
        Some(state) => match state.code().get(..2) {
            // No right, no table, no database, no password, a startup parameter that a pooler does not know.
            Some("08" | "28" | "3D" | "42") if *state != SqlState::CONNECTION_FAILURE => {
                SourceError::Misconfigured {
                    reason: format!("{reason}; run `countersign source check`"),
                }
            }
            Some("21" | "22") => SourceError::Nonsense { reason },
            _ => SourceError::Unavailable { reason },
        },
        None if reason.starts_with("a value") => SourceError::Nonsense { reason },
        None => SourceError::Unavailable { reason },
    }
}
