//! What a draft looks at in rows: whether friendships have their opposite, and which labels a column has. Nothing of
//! anybody is kept. What cannot be read, or takes too long, is not known.

use std::collections::HashMap;

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::super::catalogue::Kind;
use super::super::mapping::Test;
use super::super::statement::{quoted, quoted_table};
use super::friendships::{self, Agreement, Pair};
use super::joins::JoinedTable;
use super::people::{self, Candidate};
use super::survey::{Survey, TableSurvey};
use super::words::words;

/// How many rows are looked at.
const ROWS: usize = 1_000;

/// A column with more values than this has no labels.
const LABELS_MAX: usize = 20;

/// A longer value is no label.
const LABEL_BYTES_MAX: usize = 32;

/// What columns with labels are called.
const LABELLED: [&str; 10] = [
    "status",
    "state",
    "stage",
    "kind",
    "type",
    "estado",
    "visibility",
    "privacy",
    "level",
    "audience",
];

/// What rows show.
#[derive(Default)]
pub(super) struct Samples {
    labels: HashMap<(u32, String), Vec<String>>,
    /// Of so many friendships, so many have their opposite.
    pub(super) opposite: Option<(i64, i64)>,
}

impl Samples {
    pub(super) async fn read(
        client: &Client,
        survey: &Survey,
        people: &Candidate<'_>,
        pair: Option<&Pair<'_>>,
    ) -> Self {
        let mut samples = Self::default();
        let key = pair.map(|pair| pair.key).or_else(|| people::key(people.table));
        let joined = JoinedTable::all(survey, people.table, key.unwrap_or_default());
        for table in joined.iter().map(|joined| joined.table).chain(pair.map(|pair| pair.table)) {
            samples.read_labels(client, table).await;
        }
        if let Some(pair) = pair {
            let tests = friendship_tests(pair, &samples);
            samples.opposite = opposite(client, pair, &tests).await;
        }
        samples
    }

    /// The labels of a column, as far as they were read.
    pub(super) fn labels(&self, table: &TableSurvey, column: &str) -> Vec<String> {
        self.labels.get(&(table.oid, column.to_owned())).cloned().unwrap_or_default()
    }

    async fn read_labels(&mut self, client: &Client, table: &TableSurvey) {
        for (name, column) in &table.columns {
            let last = words(name).pop().unwrap_or_default();
            let is_plain = matches!(column.kind, Kind::Text | Kind::Word | Kind::Integer);
            if !is_plain || !column.labels.is_empty() || !LABELLED.contains(&last.as_str()) {
                continue;
            }
            let sql = format!(
                "SELECT DISTINCT \"v\" FROM (SELECT {}::text AS \"v\" FROM {} LIMIT {ROWS}) AS \"s\" \
                 WHERE \"v\" IS NOT NULL ORDER BY \"v\" LIMIT {}",
                quoted(name),
                quoted_table(&table.name),
                LABELS_MAX + 1
            );
            let Ok(rows) = client.query(&sql, &[]).await else { continue };
            let labels: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
            let are_labels = labels.len() <= LABELS_MAX
                && labels.iter().all(|label| label.len() <= LABEL_BYTES_MAX);
            if are_labels {
                self.labels.insert((table.oid, name.clone()), labels);
            }
        }
    }
}

/// What has to hold of a row of friendships, as far as that is known.
pub(super) fn friendship_tests(pair: &Pair<'_>, samples: &Samples) -> Vec<(String, Test)> {
    let mut tests = people::conditions(pair.table);
    let agreement = friendships::agreement(pair.table, &|name| samples.labels(pair.table, name));
    if let Some(Agreement::Known { column, test, .. }) = agreement {
        tests.push((column, test));
    }
    tests
}

/// Of how many rows it was looked at whether the opposite is there, and of how many it is.
async fn opposite(
    client: &Client,
    pair: &Pair<'_>,
    tests: &[(String, Test)],
) -> Option<(i64, i64)> {
    let table = quoted_table(&pair.table.name);
    let [one, other] = pair.columns.map(quoted);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
    let mut conditions = String::new();
    for (column, test) in tests {
        let column = quoted(column);
        conditions += &match test {
            Test::Is(value) => {
                parameters.push(value);
                format!(" AND {column}::text = ${}::text", parameters.len())
            }
            Test::IsNull(true) => format!(" AND {column} IS NULL"),
            Test::IsNull(false) => format!(" AND {column} IS NOT NULL"),
        };
    }
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM {table} \
           WHERE {one} = \"s\".\"b\" AND {other} = \"s\".\"a\"{conditions})) \
         FROM (SELECT {one} AS \"a\", {other} AS \"b\" FROM {table} WHERE true{conditions} LIMIT {ROWS}) AS \"s\""
    );
    let row = client.query_one(&sql, &parameters).await.ok()?;
    Some((row.try_get(0).ok()?, row.try_get(1).ok()?))
}
