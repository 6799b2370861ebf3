//! A mapping: where in a platform's tables people, friendships and fields stand. What the file says,
//! checked as far as that goes without the database; names in it are names, never SQL.
//!
//! What it is not: it knows no types ([`catalogue`](super::catalogue)) and writes no statement
//! ([`statement`](super::statement)).

use std::collections::BTreeMap;
use std::fmt;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::route::Route;

/// A whole mapping.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapping {
    /// Where people stand, one row each.
    pub people: People,
    /// Where friendships stand.
    pub friendships: Friendships,
    /// The fields that have values, with their names.
    pub fields: BTreeMap<FieldId, (String, Shape)>,
    /// What people chose on the platform already, column by column.
    pub settings: Vec<SettingsRule>,
}

/// A column in which people chose, on the platform, who may see what.
#[derive(Clone, PartialEq, Debug)]
pub struct SettingsRule {
    /// The column, of the table of people or of what is joined to it.
    pub column: ColumnAt,
    /// The values at which the fields are open, as text. At any other, null included, they are closed.
    pub open_at: Vec<String>,
    /// The fields that can be opened: of all of them, those that there are today.
    pub opened: FieldSet,
    /// The fields that are closed: of all of them, those that will come as well.
    pub closed: FieldSet,
    /// The routes that it is about.
    pub routes: Vec<Route>,
    /// Whether people who are new begin with what it opens. Otherwise it closes alone.
    pub opens: bool,
}

/// A table by schema and name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TableName {
    /// The schema, `public` where the file names none.
    pub schema: String,
    /// The name of table, view or foreign table.
    pub name: String,
}

/// A table with what is joined to it and which of its rows count.
#[derive(Clone, PartialEq, Debug)]
pub struct Scope {
    /// The table.
    pub table: TableName,
    /// Tables of which at most one row belongs to each row of this one, in order.
    pub joins: Vec<Join>,
    /// What has to hold of a row.
    pub filters: Vec<Filter>,
}

/// The table of people.
#[derive(Clone, PartialEq, Debug)]
pub struct People {
    /// Table, joins and filters.
    pub scope: Scope,
    /// The column with the platform's name for the person.
    pub account: String,
    /// The column by which other tables name the person; often the same.
    pub key: String,
    /// What tells a minor, if anything does.
    pub minor: Option<Minor>,
}

/// What tells that a person is a minor. Where it is not known, the person counts as one.
#[derive(Clone, PartialEq, Debug)]
pub enum Minor {
    /// A boolean column.
    Column(ColumnAt),
    /// A date of birth.
    Born {
        /// The column with the date.
        column: ColumnAt,
        /// The age at which somebody is no minor any more, in years.
        younger_than_years: u8,
    },
}

/// The table of friendships.
#[derive(Clone, PartialEq, Debug)]
pub struct Friendships {
    /// The table and which of its rows count; nothing is joined to it.
    pub scope: Scope,
    /// The columns with the keys of the two people.
    pub columns: [String; 2],
    /// How often each friendship stands there.
    pub stored: Stored,
}

/// How often a friendship stands in its table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stored {
    /// Once, either way round.
    Once,
    /// Twice, once from either side: the friends of the first are in the second column.
    Twice,
    /// A row says what one of the two did, as who follows whom: friends are those of whom there are both rows.
    Mutual,
}

/// A table of which at most one row belongs to each row that it is joined to.
#[derive(Clone, PartialEq, Debug)]
pub struct Join {
    /// The table.
    pub table: TableName,
    /// The column of the tables before it that names the row.
    pub from: ColumnAt,
    /// The column of this table that is named by it.
    pub to: String,
}

/// A column of a scope's table (place 0) or of one of its joins (place 1 and on).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnAt {
    /// Which table.
    pub place: usize,
    /// The column.
    pub name: String,
}

/// What has to hold of a row.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    /// The column.
    pub column: ColumnAt,
    /// What has to hold of it.
    pub test: Test,
}

/// What has to hold of a column.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    /// It has this value, as text.
    Is(String),
    /// It is null, or it is not.
    IsNull(bool),
}

/// How a value is made.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// From a column.
    Column(ColumnShape),
    /// From several, those that are there joined to one text.
    Joined {
        /// The parts.
        parts: Vec<Shape>,
        /// What stands between them.
        separator: String,
    },
    /// The same for everybody. It is a part of objects, and makes no value by itself.
    Constant(serde_json::Value),
    /// An object; absent where none of its columns has a value.
    Object(Vec<(String, Shape)>),
    /// The values of related rows.
    List(Box<Related>),
    /// The value of the first of the related rows.
    First(Box<Related>),
}

/// A value from a column.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnShape {
    /// The column.
    pub column: ColumnAt,
    /// The steps into a JSON column.
    pub path: Vec<String>,
    /// How a date is written.
    pub date: Option<DateFormat>,
    /// As what the value is taken, where that is not what its type suggests.
    pub taken_as: Option<TakenAs>,
    /// Text that is replaced, and by what.
    pub replace: Option<(String, String)>,
}

/// As what a value is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TakenAs {
    /// As text: numbers that are ids.
    Text,
    /// As JSON: text columns that hold JSON.
    Json,
}

/// How a date is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateFormat {
    /// As the Graph API says birthdays.
    MonthDayYear,
    /// A birthday without its year.
    MonthDay,
    /// The year alone.
    Year,
    /// ISO 8601.
    YearMonthDay,
    /// As the Graph API says instants, in UTC.
    Instant,
}

/// Rows of another table that belong to a person.
#[derive(Clone, PartialEq, Debug)]
pub struct Related {
    /// Table, joins and filters.
    pub scope: Scope,
    /// The column with the person's key.
    pub key: String,
    /// The order of the rows.
    pub order: Vec<Order>,
    /// What becomes of each row.
    pub value: Shape,
}

/// A column that rows are ordered by.
#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    /// The column.
    pub column: ColumnAt,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl DateFormat {
    /// All of them, as the file names them and as PostgreSQL's `to_char` does.
    pub const ALL: [(&'static str, Self, &'static str); 5] = [
        ("MM/DD/YYYY", Self::MonthDayYear, "MM/DD/YYYY"),
        ("MM/DD", Self::MonthDay, "MM/DD"),
        ("YYYY", Self::Year, "YYYY"),
        ("YYYY-MM-DD", Self::YearMonthDay, "YYYY-MM-DD"),
        ("YYYY-MM-DDTHH:MM:SS+0000", Self::Instant, "YYYY-MM-DD\"T\"HH24:MI:SS\"+0000\""),
    ];

    /// As `to_char` names it.
    #[must_use]
    pub fn template(self) -> &'static str {
        Self::ALL.iter().find(|(_, format, _)| *format == self).map_or("", |(.., found)| found)
    }
}

impl Scope {
    /// The table at a place.
    #[must_use]
    pub fn table_at(&self, place: usize) -> Option<&TableName> {
        match place.checked_sub(1) {
            None => Some(&self.table),
            Some(join) => self.joins.get(join).map(|join| &join.table),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}
