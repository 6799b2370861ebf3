//! `countersign source check` on a database: the tables, the rights, the plan, and a question about
//! one person, of which only the size is told.

use std::fmt;
use std::path::Path;

use countersign_domain::field::FieldSet;
use countersign_domain::schema::FieldSchema;
use serde::Serialize;
use tokio_postgres::types::ToSql;

use super::catalogue::Catalogue;
use super::fit::{self, TableReport};
use super::mapping::Mapping;
use super::pool::Peer;
use super::statement::{self, Parameter, quoted};
use super::{Database, OpenError, trouble};
use crate::settings::postgres::{PostgresSettings, TlsMode};

/// From how many rows on reading all of a table in every question is worth a word.
const ROWS_MANY: u64 = 1_000;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of PostgreSQL.
    pub version: String,
    /// The role that connects.
    pub role: String,
    /// Whether every session is what it was asked to be: read-only, with a time limit, and so on.
    pub sessions: &'static str,
    /// Whether connections are private.
    pub tls: bool,
    /// The tables that the mapping names.
    pub tables: Vec<TableReport>,
    /// What concerns no table alone.
    pub warnings: Vec<String>,
    /// The question that was tried, unless tables are missing.
    pub trial: Option<Trial>,
}

/// A question that was tried.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// It was answered.
    Answered {
        /// How many friends the person has.
        friends: usize,
        /// How many bytes the values have.
        value_bytes: usize,
    },
    /// There is nobody to ask about.
    Nobody,
    /// It failed.
    Failed {
        /// Why, without any data of people.
        reason: String,
    },
}

impl Report {
    /// What can be told without a question.
    pub(super) fn of(
        mapping: &Mapping,
        catalogue: &Catalogue,
        settings: &PostgresSettings,
        peer: Peer,
    ) -> Self {
        let mut warnings = Vec::new();
        if peer == Peer::TransactionPooler {
            warnings.push(
                "a pooler in transaction mode stands before the database; it keeps prepared statements and sessions are what they were asked to be, as far as two of them show: set what a session has to be for the role with ALTER ROLE … SET"
                    .to_owned(),
            );
        }
        if catalogue.is_superuser {
            warnings.push(
                "the role is a superuser; make one that may SELECT from these tables and nothing else"
                    .to_owned(),
            );
        }
        if mapping.people.minor.is_none() {
            warnings.push(
                "the mapping does not say who is a minor, so nobody is treated as one".to_owned(),
            );
        }
        Self {
            version: catalogue.version.clone(),
            role: catalogue.role.clone(),
            // Otherwise there would be no report.
            sessions: "read-only, as asked back",
            tls: settings.tls != TlsMode::Disable,
            tables: fit::compare(mapping, catalogue),
            warnings,
            trial: None,
        }
    }

    /// Whether the mapping fits.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.tables.iter().all(|table| table.missing.is_empty())
            && !matches!(self.trial, Some(Trial::Failed { .. }))
    }

    /// Everything to be looked at, each with its table.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let of_table = |table: &TableReport| {
            let name = table.table.clone();
            let line = move |warning: &String| format!("{name}: {warning}");
            table.warnings.iter().map(line).collect::<Vec<_>>()
        };
        self.warnings.iter().cloned().chain(self.tables.iter().flat_map(of_table))
    }
}

/// Connects, compares, and tries a question.
///
/// # Errors
/// [`OpenError`] if there is nothing to compare with.
pub async fn check(
    settings: &PostgresSettings,
    folder: &Path,
    schema: &FieldSchema,
) -> Result<Report, OpenError> {
    let (database, mut report) = Database::open(settings, folder, schema).await?;
    if report.fits() {
        let limit_ms = database.limit_ms();
        let trial = tokio::time::timeout(database.limit * 3, database.tried(&mut report)).await;
        report.trial = Some(trial.unwrap_or_else(|_| Trial::Failed {
            reason: format!("it took longer than {limit_ms} ms"),
        }));
    }
    Ok(report)
}

impl Database {
    /// Asks for everything about one person, and looks at the plan.
    async fn tried(&self, report: &mut Report) -> Trial {
        let account = match self.example(report).await {
            Ok(Some(account)) => account,
            Ok(None) => return Trial::Nobody,
            Err(reason) => return Trial::Failed { reason },
        };
        match self.fetch(&account, FieldSet::ALL, Some(FieldSet::ALL)).await {
            Ok((_, (people, value_bytes))) => Trial::Answered { friends: people - 1, value_bytes },
            Err(error) => Trial::Failed { reason: error.to_string() },
        }
    }

    /// Somebody's account; and in the report, which tables the plan would read as a whole.
    async fn example(&self, report: &mut Report) -> Result<Option<String>, String> {
        let mut lease = self.pool.lease().await.map_err(|error| error.reason())?;
        let Some(connection) = lease.connection() else { return Ok(None) };
        let client = &connection.client;
        let words = |error| trouble::words(&error);
        let found = client.query_opt(&statement::example(&self.mapping), &[]).await;
        let found = found.map_err(words)?;
        let account: Option<String> = match found {
            Some(row) => row.try_get(0).map_err(words)?,
            None => None,
        };
        if let Some(account) = &account {
            let statement = self.statement(FieldSet::ALL, Some(FieldSet::ALL));
            let account = Parameter::Text(account.clone());
            let parameters = std::iter::once(&account).chain(&statement.parameters);
            let parameters: Vec<&(dyn ToSql + Sync)> =
                parameters.map(|parameter| parameter as &(dyn ToSql + Sync)).collect();
            let explain = format!("EXPLAIN {}", statement.text);
            let plan = client.query(&explain, &parameters).await.map_err(words)?;
            let lines = plan.iter().map(|row| row.try_get(0)).collect::<Result<Vec<&str>, _>>();
            self.note_plan(&lines.map_err(words)?, report);
        }
        lease.done();
        Ok(account)
    }

    fn note_plan(&self, lines: &[&str], report: &mut Report) {
        for (name, table) in &self.catalogue.tables {
            let is_large = table.rows_estimate.is_some_and(|rows| rows >= ROWS_MANY);
            let scans = [name.name.clone(), quoted(&name.name)]
                .map(|spelled| format!("Seq Scan on {spelled} "));
            let is_scanned = lines.iter().any(|line| scans.iter().any(|scan| line.contains(scan)));
            let reported = report.tables.iter_mut().find(|found| found.table == name.to_string());
            if let Some(reported) = reported.filter(|_| is_large && is_scanned) {
                reported.warnings.push("every question reads all of its rows".to_owned());
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.tls { "on" } else { "off" };
        write!(f, "PostgreSQL {}, as role {}, TLS {tls}", self.version, self.role)?;
        write!(f, ", sessions {}", self.sessions)?;
        for warning in &self.warnings {
            write!(f, "\n  warning  {warning}")?;
        }
        for table in &self.tables {
            write!(f, "\n{}", table.table)?;
            if let Some(rows) = table.rows_estimate {
                write!(f, ", about {rows} rows")?;
            }
            for column in &table.columns {
                let used_for = column.used_for.join(", ");
                write!(f, "\n  ok       {} {}: {used_for}", column.column, column.type_name)?;
            }
            for missing in &table.missing {
                write!(f, "\n  MISSING  {missing}")?;
            }
            for warning in &table.warnings {
                write!(f, "\n  warning  {warning}")?;
            }
        }
        match &self.trial {
            None => Ok(()),
            Some(Trial::Nobody) => {
                write!(f, "\nquestion\n  warning  there is nobody in it to ask about")
            }
            Some(Trial::Failed { reason }) => write!(f, "\nquestion\n  FAILED   {reason}"),
            Some(Trial::Answered { friends, value_bytes }) => write!(
                f,
                "\nquestion\n  ok       everything about one person and {friends} friends: {value_bytes} bytes of values"
            ),
        }
    }
}
