//! `countersign source check` on a database: the tables, the rights, the plan, and a question about
//! one person, of which only the size is told.

use std::fmt;
use std::path::Path;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_people::store::Choice;
use serde::Serialize;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::catalogue::Catalogue;
use super::fit::{self, TableReport};
use super::mapping::Mapping;
use super::platform_choices::Newcomers;
use super::pool::Peer;
use super::statement::{self, Parameter, Statement, quoted};
use super::{Database, OpenError, trouble};
use crate::settings::postgres::{PostgresSettings, TlsMode};

/// From how many rows on reading all of a table in every question is worth a word.
const ROWS_MANY: u64 = 1_000;

/// How many people are looked at for friends.
const SAMPLE_PEOPLE: usize = 100;

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
        /// How many of those friends somebody would see whom nobody was asked about yet: those whose `id` is open
        /// through a friend's device or app when they are met for the first time.
        friends_open: usize,
        /// How many bytes the values have.
        value_bytes: usize,
        /// How many people were looked at for friends, and how many of them have any.
        sample: Option<Sample>,
    },
    /// There is nobody to ask about.
    Nobody,
    /// It failed.
    Failed {
        /// Why, without any data of people.
        reason: String,
    },
}

/// Some people, looked at for friends.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// How many they are.
    pub people: i64,
    /// How many of them have a friend.
    pub with_friends: i64,
    /// Whether there is a row of friendships at all.
    pub has_rows: bool,
    /// Whether one of them counts, by the conditions of the mapping.
    pub has_counted: bool,
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

/// Connects, compares, and tries a question, where new people begin with this preset.
///
/// # Errors
/// [`OpenError`] if there is nothing to compare with.
pub async fn check(
    settings: &PostgresSettings,
    folder: &Path,
    schema: &FieldSchema,
    new_people: Preset,
) -> Result<Report, OpenError> {
    let choice = Choice { settings: new_people.settings(schema), preset: Some(new_people) };
    let newcomers = Newcomers { choice, schema: schema.clone() };
    let (database, mut report) = Database::open(settings, folder, newcomers).await?;
    if report.fits() {
        let limit_ms = database.limit_ms();
        let trial = tokio::time::timeout(database.limit * 3, database.tried(&mut report)).await;
        let trial = trial.unwrap_or_else(|_| Trial::Failed {
            reason: format!("it took longer than {limit_ms} ms"),
        });
        report.warnings.extend(trial.warnings(&database, new_people));
        report.trial = Some(trial);
    }
    Ok(report)
}

impl Trial {
    /// Why nobody would be seen in an answer, in sentences.
    fn warnings(&self, database: &Database, new_people: Preset) -> Vec<String> {
        let Self::Answered { friends, friends_open, sample, .. } = self else { return Vec::new() };
        let table = &database.mapping.friendships.scope.table;
        let mut warnings = Vec::new();
        match sample {
            Some(Sample { has_rows: false, .. }) => {
                warnings.push(format!("nobody has friends: {table} has no rows"));
            }
            Some(Sample { has_counted: false, .. }) => warnings.push(format!(
                "nobody has friends: {table} has rows, and none of them counts by the `where` and `stored` of [friendships]"
            )),
            Some(Sample { people, with_friends: 0, .. }) if *people > 0 => warnings.push(format!(
                "of {people} people, none has a friend: look at whether the columns of [friendships] have the people's key, and whether `where` of [people] leaves friends out"
            )),
            _ => {}
        }
        if *friends > 0 && *friends_open == 0 {
            let by_columns = if database.mapping.settings.is_empty() {
                "; or say in [[settings]] of the mapping in which columns people chose already"
            } else {
                ", or `opens = true` in [[settings]] of the mapping"
            };
            warnings.push(format!(
                "answers will show no friends at first: people begin with new_people = {:?}, which opens nothing through friends' devices and apps. Each person opens it by `countersign people settings`, the admin API or a line of the feed. Where people have agreed to more before, set new_people in [source] of countersign.toml, as \"friends-basics\"{by_columns}",
                new_people.name()
            ));
        }
        warnings
    }
}

impl Database {
    /// Asks for everything about one person, and looks at the plan.
    async fn tried(&self, report: &mut Report) -> Trial {
        let account = match self.example(report).await {
            Ok(Some(account)) => account,
            Ok(None) => return Trial::Nobody,
            Err(reason) => return Trial::Failed { reason },
        };
        let sample = self.sample().await;
        match self.fetch(&account, FieldSet::ALL, Some(FieldSet::ALL)).await {
            Ok((fetched, (people, value_bytes))) => {
                let newcomers = self.newcomers.choice.settings;
                let begun = fetched.friends().map(|friend| {
                    friend.chosen.as_ref().map_or(newcomers, |chosen| chosen.begins.settings)
                });
                let is_open = |begun: &Settings| {
                    let routes = [Route::FriendsDevice, Route::FriendsApp];
                    routes.iter().any(|route| begun.open(*route).contains(FieldId::ID))
                };
                let friends_open = begun.filter(is_open).count();
                Trial::Answered { friends: people - 1, friends_open, value_bytes, sample }
            }
            Err(error) => Trial::Failed { reason: error.to_string() },
        }
    }

    /// Looks at some people for friends; nothing where that takes too long.
    async fn sample(&self) -> Option<Sample> {
        let statement = statement::sample(&self.mapping, &self.catalogue, SAMPLE_PEOPLE);
        let mut lease = self.pool.lease().await.ok()?;
        let connection = lease.connection()?;
        let asked = asked_about(&connection.client, &statement.text, "", &statement);
        let rows = tokio::time::timeout(self.limit, asked).await.ok()?.ok()?;
        lease.done();
        let row = rows.first()?;
        Some(Sample {
            people: row.try_get(0).ok()?,
            with_friends: row.try_get(1).ok()?,
            has_rows: row.try_get(2).ok()?,
            has_counted: row.try_get(3).ok()?,
        })
    }

    /// Somebody's account; and in the report, which tables the plan would read as a whole.
    async fn example(&self, report: &mut Report) -> Result<Option<String>, String> {
        let mut lease = self.pool.lease().await.map_err(|error| error.reason())?;
        let Some(connection) = lease.connection() else { return Ok(None) };
        let client = &connection.client;
        let words = |error| trouble::words(&error);
        let example = statement::example(&self.mapping, &self.catalogue);
        let found = asked_about(client, &example.text, "", &example).await.map_err(words)?;
        let account: Option<String> = match found.first() {
            Some(row) => row.try_get(0).map_err(words)?,
            None => None,
        };
        if let Some(account) = &account {
            let statement = self.statement(FieldSet::ALL, Some(FieldSet::ALL));
            let explain = format!("EXPLAIN {}", statement.text);
            let plan = asked_about(client, &explain, account, &statement).await.map_err(words)?;
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

/// Runs a text with the parameters of a statement, the account first.
async fn asked_about(
    client: &Client,
    text: &str,
    account: &str,
    statement: &Statement,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let account = Parameter::Text(account.to_owned());
    let parameters = std::iter::once(&account).chain(&statement.parameters);
    let parameters: Vec<&(dyn ToSql + Sync)> =
        parameters.map(|parameter| parameter as &(dyn ToSql + Sync)).collect();
    client.query(text, &parameters).await
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
            None => {}
            Some(Trial::Nobody) => {
                write!(f, "\nquestion\n  warning  there is nobody in it to ask about")?;
            }
            Some(Trial::Failed { reason }) => write!(f, "\nquestion\n  FAILED   {reason}")?,
            Some(Trial::Answered { friends, friends_open, value_bytes, sample }) => {
                write!(
                    f,
                    "\nquestion\n  ok       everything about one person and {friends} friends: {value_bytes} bytes of values"
                )?;
                write!(f, "\n  ok       {friends_open} of these friends begin with an open id")?;
                if let Some(Sample { people, with_friends, .. }) = sample {
                    write!(f, "\n  ok       of {people} people, {with_friends} have friends")?;
                }
            }
        }
        let statements = fit::statements(&self.tables);
        if statements.is_empty() {
            return Ok(());
        }
        write!(f, "\nto run as the owner of the tables")?;
        statements.iter().try_for_each(|statement| write!(f, "\n  {statement}"))
    }
}
