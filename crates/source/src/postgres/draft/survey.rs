//! What a database has: all tables that are somebody's, with columns, keys and references. It is read from the
//! catalogue, which every role may read, so that a role without any right sees what it lacks.

use std::collections::HashMap;

use tokio_postgres::Client;

use super::super::catalogue::{COLUMNS, Column};
use super::super::mapping::TableName;

/// The most tables that are looked at.
const TABLES_MAX: i64 = 5_000;

/// The tables of a database, and who looks.
pub(super) struct Survey {
    pub(super) role: String,
    pub(super) tables: Vec<TableSurvey>,
}

/// A table, view or foreign table.
pub(super) struct TableSurvey {
    pub(super) oid: u32,
    pub(super) name: TableName,
    /// Whether the role may look into its schema.
    pub(super) is_reachable: bool,
    /// About how many rows it has, if that is known.
    pub(super) rows_estimate: Option<u64>,
    /// The columns, in their order.
    pub(super) columns: Vec<(String, Column)>,
    /// The columns of the primary key.
    pub(super) primary_key: Vec<String>,
    /// The references of one column to another table.
    pub(super) references: Vec<Reference>,
}

/// A foreign key of one column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reference {
    pub(super) column: String,
    /// The table that it names, by its number in the catalogue.
    pub(super) table: u32,
    pub(super) to: String,
}

const TABLES: &str = "SELECT c.oid, n.nspname::text, c.relname::text, has_schema_privilege(n.oid, 'USAGE'), \
    CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END, \
    current_user::text \
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
    ORDER BY n.nspname, c.relname LIMIT $1";

const KEYS: &str = "SELECT k.conrelid, k.contype = 'p', k.confrelid, \
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (n, o) \
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o), \
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (n, o) \
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.o) \
    FROM pg_constraint AS k WHERE k.contype IN ('p', 'f') AND k.conparentid = 0 \
    AND k.conrelid = ANY ($1::oid[]) ORDER BY k.conrelid, k.conname";

impl Survey {
    /// Reads what there is.
    pub(super) async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let mut survey = Self { role: String::new(), tables: Vec::new() };
        for row in client.query(TABLES, &[&TABLES_MAX]).await? {
            survey.role = row.try_get(5)?;
            survey.tables.push(TableSurvey {
                oid: row.try_get(0)?,
                name: TableName { schema: row.try_get(1)?, name: row.try_get(2)? },
                is_reachable: row.try_get(3)?,
                rows_estimate: row.try_get::<_, Option<i64>>(4)?.and_then(|n| n.try_into().ok()),
                columns: Vec::new(),
                primary_key: Vec::new(),
                references: Vec::new(),
            });
        }
        let oids: Vec<u32> = survey.tables.iter().map(|table| table.oid).collect();
        let places: HashMap<u32, usize> = oids.iter().copied().zip(0..).collect();
        for row in client.query(COLUMNS, &[&oids]).await? {
            let table = places.get(&row.try_get(0)?).and_then(|at| survey.tables.get_mut(*at));
            if let Some(table) = table {
                table.columns.push((row.try_get(1)?, Column::of(&row)?));
            }
        }
        for row in client.query(KEYS, &[&oids]).await? {
            let table = places.get(&row.try_get(0)?).and_then(|at| survey.tables.get_mut(*at));
            let (columns, to): (Vec<String>, Vec<String>) = (row.try_get(3)?, row.try_get(4)?);
            let Some(table) = table else { continue };
            if row.try_get(1)? {
                table.primary_key = columns;
            } else if let (Ok([column]), Ok([to])) =
                (<[String; 1]>::try_from(columns), <[String; 1]>::try_from(to))
            {
                table.references.push(Reference { column, table: row.try_get(2)?, to });
            }
        }
        Ok(survey)
    }

    /// The table of this number.
    pub(super) fn of(&self, oid: u32) -> Option<&TableSurvey> {
        self.tables.iter().find(|table| table.oid == oid)
    }
}

impl TableSurvey {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// Whether the role may read no column of it.
    pub(super) fn is_hidden(&self) -> bool {
        !self.is_reachable || !self.columns.iter().any(|(_, column)| column.is_readable)
    }
}
