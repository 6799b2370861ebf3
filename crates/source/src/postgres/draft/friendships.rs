//! Which table has the friendships, and which of its rows count.

use super::super::catalogue::Kind;
use super::super::mapping::{Stored, Test};
use super::people::{self, Candidate};
use super::survey::{Survey, TableSurvey};
use super::words::{squeezed, words};

/// A table that may be the one of friendships between people of a table.
pub(super) struct Pair<'s> {
    pub(super) table: &'s TableSurvey,
    /// The columns with the keys of the two people.
    pub(super) columns: [&'s str; 2],
    /// The column of the people's table that they name.
    pub(super) key: &'s str,
    pub(super) score: i32,
    pub(super) reasons: Vec<String>,
    /// Whether a row says what one of the two did, as who follows whom.
    pub(super) is_directed: bool,
}

/// What a table of friendships is called.
const FRIENDS: [(&str, i32); 18] = [
    ("friendship", 60),
    ("friend", 60),
    ("amistad", 50),
    ("know", 50),
    ("acquaintance", 50),
    ("connection", 40),
    ("contact", 40),
    ("buddy", 40),
    ("relationship", 40),
    ("relation", 40),
    ("link", 30),
    ("edge", 30),
    ("tie", 30),
    ("graph", 30),
    ("follow", 25),
    ("follower", 25),
    ("following", 25),
    ("subscription", 15),
];

/// What is between two people and no friendship.
const OTHERS: [&str; 30] = [
    "block",
    "mute",
    "message",
    "like",
    "report",
    "request",
    "invite",
    "invitation",
    "poke",
    "vote",
    "transaction",
    "payment",
    "rating",
    "review",
    "comment",
    "mention",
    "notification",
    "gift",
    "transfer",
    "suggestion",
    "recommendation",
    "ignore",
    "hide",
    "dismissal",
    "log",
    "event",
    "conversation",
    "note",
    "endorsement",
    "session",
];

/// What columns are called that name one of two people.
const SIDES: [&str; 24] = [
    "person",
    "user",
    "account",
    "member",
    "friend",
    "follower",
    "followee",
    "followed",
    "following",
    "requester",
    "addressee",
    "receiver",
    "sender",
    "recipient",
    "target",
    "source",
    "from",
    "to",
    "left",
    "right",
    "other",
    "contact",
    "player",
    "profile",
];

/// What says that a row is of one side alone.
const DIRECTED: [&str; 6] =
    ["follow", "follower", "followee", "followed", "following", "subscription"];

/// What is said where both agreed.
const AGREED: [&str; 16] = [
    "accepted",
    "accept",
    "confirmed",
    "active",
    "friends",
    "friend",
    "approved",
    "mutual",
    "connected",
    "established",
    "ok",
    "aceptado",
    "aceptada",
    "bestaetigt",
    "angenommen",
    "yes",
];

impl<'s> Pair<'s> {
    /// The candidates for these people, the best first.
    pub(super) fn all(survey: &'s Survey, people: &Candidate<'s>) -> Vec<Self> {
        let mut found: Vec<Self> =
            survey.tables.iter().filter_map(|table| Self::of(table, people)).collect();
        found.sort_by_key(|pair| std::cmp::Reverse(pair.score));
        found
    }

    fn of(table: &'s TableSurvey, people: &Candidate<'s>) -> Option<Self> {
        let names = words(&table.name.name);
        if table.oid == people.table.oid || names.iter().any(|word| OTHERS.contains(&word.as_str()))
        {
            return None;
        }
        let (columns, key, is_referring) = Self::columns(table, people)?;
        let mut found =
            Self { table, columns, key, score: 0, reasons: Vec::new(), is_directed: false };
        let [one, other] = columns;
        if is_referring {
            found.add(50, format!("{one} and {other} both refer to {}", people.table.name));
        } else {
            found
                .add(20, format!("{one} and {other} have the type of {}.{key}", people.table.name));
        }
        let said = FRIENDS.iter().filter(|(word, _)| names.iter().any(|name| name == word));
        match said.max_by_key(|(_, score)| *score) {
            Some((word, score)) => found.add(*score, format!("its name says {word:?}")),
            None if !is_referring => return None,
            None => {}
        }
        let is_whole = table.primary_key.len() == 2
            && columns.iter().all(|column| table.primary_key.iter().any(|key| key == column));
        if is_whole {
            found.add(15, "the two are its primary key".to_owned());
        }
        let sides = columns.iter().flat_map(|column| words(column));
        found.is_directed =
            names.into_iter().chain(sides).any(|word| DIRECTED.contains(&word.as_str()));
        Some(found)
    }

    /// Two columns that name people, what they name, and whether foreign keys say so.
    fn columns(
        table: &'s TableSurvey,
        people: &Candidate<'s>,
    ) -> Option<([&'s str; 2], &'s str, bool)> {
        let mut referring = table.references.iter().filter(|r| r.table == people.table.oid);
        if let (Some(one), Some(other)) = (referring.next(), referring.next())
            && one.to == other.to
            && one.column != other.column
        {
            let place = |name: &str| table.columns.iter().position(|(known, _)| known == name);
            let mut columns = [one.column.as_str(), other.column.as_str()];
            columns.sort_by_key(|name| place(name));
            return Some((columns, one.to.as_str(), true));
        }
        let key = people::key(people.table)?;
        let kind = people.table.column(key)?.kind;
        let is_side = |(name, column): &&(String, super::super::catalogue::Column)| {
            let words = words(name);
            column.kind == kind && words.iter().any(|word| SIDES.contains(&word.as_str()))
        };
        let sides: Vec<&str> =
            table.columns.iter().filter(is_side).map(|(name, _)| name.as_str()).collect();
        let sides = <[&str; 2]>::try_from(sides).ok()?;
        Some((sides, key, false))
    }

    fn add(&mut self, score: i32, reason: String) {
        self.score += score;
        self.reasons.push(reason);
    }
}

/// What a column says of how far a friendship is.
pub(super) enum Agreement {
    /// A row counts where this holds; the column's values, as far as they are known.
    Known { column: String, test: Test, values: Vec<String> },
    /// There is a column for it, and which of its values it is, is not known.
    Unknown { column: String, values: Vec<String> },
}

/// A column that says whether both agreed. What the values of a text are is the caller's to look up.
pub(super) fn agreement(
    table: &TableSurvey,
    values_of: &dyn Fn(&str) -> Vec<String>,
) -> Option<Agreement> {
    for (name, column) in &table.columns {
        let bare = squeezed(name);
        let is_date = matches!(column.kind, Kind::Date | Kind::Instant | Kind::LocalTime);
        let agreed = AGREED.iter().any(|word| {
            bare == *word || bare == format!("is{word}") || (is_date && bare == format!("{word}at"))
        });
        let known =
            |test| Some(Agreement::Known { column: name.clone(), test, values: Vec::new() });
        if agreed && is_date {
            return known(Test::IsNull(false));
        }
        if agreed && column.kind == Kind::Boolean {
            return known(Test::Is("true".to_owned()));
        }
    }
    let is_status = |name: &str| {
        let words = words(name);
        let last = words.last().map(String::as_str).unwrap_or_default();
        ["status", "state", "stage", "kind", "type", "estado"].contains(&last)
    };
    let (name, column) = table.columns.iter().find(|(name, column)| {
        is_status(name) && matches!(column.kind, Kind::Text | Kind::Word | Kind::Integer)
    })?;
    let values = if column.labels.is_empty() { values_of(name) } else { column.labels.clone() };
    let column = name.clone();
    let is_agreed = |value: &&String| AGREED.contains(&value.to_lowercase().as_str());
    match values.iter().find(is_agreed).cloned() {
        Some(value) => Some(Agreement::Known { column, test: Test::Is(value), values }),
        None => Some(Agreement::Unknown { column, values }),
    }
}

/// How often friendships stand there, as far as rows show: of so many, so many have their opposite.
pub(super) fn stored(is_directed: bool, sampled: Option<(i64, i64)>) -> (Stored, String) {
    match sampled {
        Some((rows, opposite)) if rows > 0 && rows == opposite => {
            (Stored::Twice, format!("of {rows} rows that were looked at, each has its opposite"))
        }
        _ if is_directed => (
            Stored::Mutual,
            "who follows whom: a friendship is where both do".to_owned(),
        ),
        Some((rows, 0)) if rows > 0 => {
            (Stored::Once, format!("of {rows} rows that were looked at, none has its opposite"))
        }
        Some((rows, opposite)) if rows > 0 => (
            Stored::Mutual,
            format!(
                "of {rows} rows that were looked at, {opposite} have their opposite, and those alone count; \"once\" if one row is enough"
            ),
        ),
        _ => (
            Stored::Once,
            "there were no rows to look at; \"twice\" if each friendship stands there from either side"
                .to_owned(),
        ),
    }
}
