//! `countersign source draft`: a mapping from what a database has, with the reason for each choice, and what could not
//! be placed as comments. It reads the catalogue, and of rows no more than whether friendships have their opposite and
//! which labels a column has that is called as a status is.
//!
//! What it is not: right about every schema. Whoever uses a draft reads it first, and `countersign source check` asks
//! the database whether it fits.

mod choices;
mod fields;
mod friendships;
mod joins;
mod people;
mod samples;
mod survey;
mod toml;
mod words;
mod write;

use std::path::Path;
use std::time::Duration;

use countersign_domain::schema::FieldSchema;
use countersign_toml::TomlError;
use serde::Serialize;
use tokio_postgres::Client;

use self::friendships::Pair;
use self::people::Candidate;
use self::samples::Samples;
use self::survey::Survey;
use self::write::DraftInput;
use super::catalogue::Catalogue;
use super::pool::{self, Pool};
use super::{OpenError, connection, fit, mapping_file, session, trouble};
use crate::settings::postgres::PostgresSettings;

/// How many candidates for people are held against all tables.
const PEOPLE_TRIED: usize = 20;

/// How long all that is asked may take, as often as a question.
const QUESTIONS_LONG: u32 = 20;

/// A mapping that was drafted.
#[derive(Clone, Debug, Serialize)]
pub struct Draft {
    /// The text of the file.
    pub mapping: String,
    /// Which table has the people, and why.
    pub people: Reason,
    /// Which table has the friendships, and why; nothing where none was found.
    pub friendships: Option<Reason>,
    /// What somebody has to look at before the file can be used.
    pub open_questions: Vec<String>,
    /// What the owner of the tables can run so that the role may read what is mapped.
    pub statements: Vec<String>,
}

/// A table that was chosen, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// The table.
    pub table: String,
    /// What speaks for it.
    pub reasons: Vec<String>,
}

/// No mapping can be drafted.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The database cannot be asked.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No table looks like the one of people.
    #[error(
        "none of {tables} tables looks like one with a row for each person; write the mapping by hand, as docs/sources.md says, or make a view of people and draft again"
    )]
    NoPeople {
        /// How many tables and views there are.
        tables: usize,
    },
    /// What was drafted cannot be read again.
    #[error(
        "the draft cannot be read again: {0}; write the mapping by hand, as docs/sources.md says"
    )]
    Unreadable(TomlError),
}

/// Drafts a mapping of the database that these settings name.
///
/// # Errors
/// [`DraftError`].
pub async fn draft(
    settings: &PostgresSettings,
    folder: &Path,
    schema: &FieldSchema,
) -> Result<Draft, DraftError> {
    let unreachable = |reason| OpenError::Unreachable { reason };
    let (config, tls) = connection(settings, folder).map_err(|fault| {
        let path = folder.join("countersign.toml").display().to_string();
        OpenError::Settings { path, fault }
    })?;
    let connect = Duration::from_millis(settings.connect_timeout_ms);
    let pool = Pool::new(config, session(settings), tls, 1, connect).map_err(unreachable)?;
    let refused = |error: pool::ConnectError| unreachable(error.reason());
    let mut lease = pool.lease().await.map_err(refused)?;
    let Some(connection) = lease.connection() else {
        return Err(unreachable("the connection is closed".to_owned()).into());
    };
    let limit = Duration::from_millis(settings.timeout_ms) * QUESTIONS_LONG;
    let drafted = tokio::time::timeout(limit, drafted(&connection.client, schema)).await;
    let drafted = drafted.map_err(|_| unreachable("it takes too long".to_owned()))?;
    if drafted.is_ok() {
        lease.done();
    }
    drafted
}

async fn drafted(client: &Client, schema: &FieldSchema) -> Result<Draft, DraftError> {
    let failed = |error| OpenError::Unreachable { reason: trouble::words(&error) };
    let survey = Survey::read(client).await.map_err(failed)?;
    let (people, pair, others) = chosen(&survey)?;
    let samples = Samples::read(client, &survey, &people, pair.as_ref()).await;
    let written = write::write(
        schema,
        &DraftInput {
            survey: &survey,
            people: &people,
            pair: pair.as_ref(),
            others: &others,
            samples: &samples,
        },
    );
    let mapping = mapping_file::parse(&written.text, schema).map_err(DraftError::Unreadable)?;
    let catalogue = Catalogue::read(client, &fit::tables(&mapping)).await.map_err(failed)?;
    let reports = fit::compare(&mapping, &catalogue);
    Ok(Draft {
        mapping: written.text,
        people: Reason { table: people.table.name.to_string(), reasons: people.reasons },
        friendships: pair
            .map(|pair| Reason { table: pair.table.name.to_string(), reasons: pair.reasons }),
        open_questions: written.open_questions,
        statements: fit::statements(&reports),
    })
}

/// The people and the friendships that suit each other best, and who else could be people.
fn chosen(survey: &Survey) -> Result<(Candidate<'_>, Option<Pair<'_>>, Vec<String>), DraftError> {
    let mut candidates = Candidate::all(survey);
    candidates.truncate(PEOPLE_TRIED);
    let mut found: Vec<(Candidate<'_>, Option<Pair<'_>>)> = candidates
        .into_iter()
        .map(|people| {
            let pair = Pair::all(survey, &people).into_iter().next();
            (people, pair)
        })
        .collect();
    let score = |(people, pair): &(Candidate<'_>, Option<Pair<'_>>)| {
        people.score + pair.as_ref().map_or(0, |pair| pair.score)
    };
    found.sort_by_key(|found| std::cmp::Reverse(score(found)));
    let best = found.first().map(score).unwrap_or_default();
    let others = found.iter().skip(1).filter(|other| score(other) * 2 > best).take(3);
    let others = others.map(|other| other.0.table.name.to_string()).collect();
    match found.into_iter().next() {
        Some((people, pair)) => Ok((people, pair, others)),
        None => Err(DraftError::NoPeople { tables: survey.tables.len() }),
    }
}
