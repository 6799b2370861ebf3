//! Tables of which at most one row belongs to a person: those that have the person's key and no other key, and those
//! whose rows have a name for what a column of the person's is a number of.

use super::super::catalogue::Kind;
use super::survey::{Survey, TableSurvey};
use super::words::{common_prefix, squeezed, words};

/// The most tables that are joined.
const JOINS_MAX: usize = 8;

/// The table of people, or a table that is joined to it.
pub(super) struct JoinedTable<'s> {
    pub(super) table: &'s TableSurvey,
    /// What it is called in the file; nothing for the table of people.
    pub(super) alias: Option<String>,
    /// The column of the person's row.
    pub(super) from: String,
    /// The column of this table that is named by it.
    pub(super) to: String,
    /// What the person's row says with it, where this table only has the name for a number.
    pub(super) says: Option<String>,
}

impl<'s> JoinedTable<'s> {
    /// The table of people and what belongs to it, where `key` is the column by which others name a person.
    pub(super) fn all(survey: &'s Survey, people: &'s TableSurvey, key: &str) -> Vec<Self> {
        let own =
            Self { table: people, alias: None, from: String::new(), to: String::new(), says: None };
        let mut joined = vec![own];
        for table in survey.tables.iter().filter(|table| table.oid != people.oid) {
            let one = table.references.iter().find(|r| {
                let is_unique = table.column(&r.column).is_some_and(|column| column.is_unique);
                r.table == people.oid && r.to == key && is_unique
            });
            if let Some(reference) = one {
                joined.push(Self {
                    table,
                    alias: Some(table.name.name.clone()),
                    from: key.to_owned(),
                    to: reference.column.clone(),
                    says: None,
                });
            }
        }
        for reference in &people.references {
            let table = survey.of(reference.table).filter(|table| table.oid != people.oid);
            let Some(table) = table else { continue };
            let named = table
                .columns
                .iter()
                .any(|(name, column)| column.kind == Kind::Text && is_label(table, name));
            let says = bare(people, &reference.column);
            if named && !says.is_empty() {
                joined.push(Self {
                    table,
                    alias: Some(says.clone()),
                    from: reference.column.clone(),
                    to: reference.to.clone(),
                    says: Some(says),
                });
            }
        }
        joined.truncate(JOINS_MAX + 1);
        let mut known: Vec<String> = Vec::new();
        joined.retain(|joined| {
            let alias = joined.alias.clone().unwrap_or_default();
            let is_new = !known.contains(&alias);
            known.push(alias);
            is_new
        });
        joined
    }

    /// What a column of this table is called where fields are looked for: without the prefix that all its columns
    /// have; and where the table has names for numbers, what it is the name of.
    pub(super) fn called<'a>(&'a self, name: &'a str) -> &'a str {
        match &self.says {
            Some(says) if is_label(self.table, name) => says,
            Some(_) => "",
            None => without_prefix(self.table, name),
        }
    }
}

/// Whether a column is the text for what its table's rows are.
fn is_label(table: &TableSurvey, name: &str) -> bool {
    ["name", "title", "label", "displayname"]
        .contains(&squeezed(without_prefix(table, name)).as_str())
}

/// What a column that refers to another table is about: `city_id` is about a city.
fn bare(people: &TableSurvey, column: &str) -> String {
    let words = words(without_prefix(people, column)).join("_");
    words.trim_end_matches("id").trim_end_matches('_').to_owned()
}

pub(super) fn without_prefix<'a>(table: &TableSurvey, name: &'a str) -> &'a str {
    let prefix = common_prefix(table.columns.iter().map(|(name, _)| name.as_str()));
    name.strip_prefix(prefix).unwrap_or(name)
}
