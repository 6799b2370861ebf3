//! Which table has a row for each person, and which columns name a person.

use super::super::catalogue::Kind;
use super::super::mapping::Test;
use super::survey::{Survey, TableSurvey};
use super::words::{common_prefix, squeezed, words};

/// A table that may be the one of people, and what speaks for it.
pub(super) struct Candidate<'s> {
    pub(super) table: &'s TableSurvey,
    pub(super) score: i32,
    pub(super) reasons: Vec<String>,
}

/// What a table of people is called.
const PEOPLE: [(&str, i32); 13] = [
    ("person", 40),
    ("user", 40),
    ("account", 40),
    ("member", 40),
    ("persona", 30),
    ("usuario", 30),
    ("benutzer", 30),
    ("utilisateur", 30),
    ("customer", 20),
    ("player", 20),
    ("participant", 20),
    ("student", 20),
    ("profile", 10),
];

/// What is known of people and of little else.
const PERSONAL: [&str; 18] = [
    "name",
    "firstname",
    "lastname",
    "givenname",
    "surname",
    "fullname",
    "displayname",
    "username",
    "login",
    "email",
    "emailaddress",
    "birthday",
    "birthdate",
    "dateofbirth",
    "dob",
    "gender",
    "passwordhash",
    "phone",
];

impl<'s> Candidate<'s> {
    /// The candidates, the best first.
    pub(super) fn all(survey: &'s Survey) -> Vec<Self> {
        let mut found: Vec<Self> =
            survey.tables.iter().filter_map(|table| Self::of(table, survey)).collect();
        found.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
        found
    }

    fn of(table: &'s TableSurvey, survey: &Survey) -> Option<Self> {
        let mut found = Self { table, score: 0, reasons: Vec::new() };
        let words = words(&table.name.name);
        let last = words.last()?;
        if let Some((word, score)) = PEOPLE.iter().find(|(word, _)| word == last) {
            // `user_account` is a name for people, `bank_account` need not be.
            let score = if words.len() == 1 { score + 10 } else { score / 2 };
            found.add(score, format!("its name says {word:?}"));
        }
        let personal = table.columns.iter().map(|(name, _)| name.as_str());
        let prefix = common_prefix(personal.clone());
        let is_personal = |name: &&str| {
            let name = squeezed(name.strip_prefix(prefix).unwrap_or(name));
            PERSONAL.contains(&name.as_str())
        };
        let personal: Vec<&str> = personal.filter(is_personal).take(8).collect();
        if !personal.is_empty() {
            let count = i32::try_from(personal.len()).unwrap_or_default();
            found.add(6 * count, format!("it has {}", personal.join(", ")));
        }
        let referring = survey
            .tables
            .iter()
            .filter(|other| other.references.iter().any(|r| r.table == table.oid));
        let referring = i32::try_from(referring.count()).unwrap_or(i32::MAX);
        if referring > 0 {
            found.add(2 * referring.min(10), format!("{referring} tables refer to it"));
        }
        key(table)?;
        (found.score > 0).then_some(found)
    }

    pub(super) fn add(&mut self, score: i32, reason: String) {
        self.score += score;
        self.reasons.push(reason);
    }
}

/// Whether a column can name a person.
pub(super) const fn is_name(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Text | Kind::Uuid)
}

/// The column by which other tables name a row: its primary key, or what looks like one.
pub(super) fn key(table: &TableSurvey) -> Option<&str> {
    if let [key] = table.primary_key.as_slice()
        && table.column(key).is_some_and(|column| is_name(column.kind))
    {
        return Some(key);
    }
    let names = words(&table.name.name);
    let own = names.last().map(|word| format!("{word}id")).unwrap_or_default();
    let prefix = common_prefix(table.columns.iter().map(|(name, _)| name.as_str()));
    let named = |wanted: &str| {
        let column = table.columns.iter().find(|(name, column)| {
            let bare = squeezed(name.strip_prefix(prefix).unwrap_or(name));
            is_name(column.kind) && bare == wanted
        });
        column.map(|(name, _)| name.as_str())
    };
    let unique = || {
        let column = table.columns.iter().find(|(_, c)| is_name(c.kind) && c.is_unique);
        column.map(|(name, _)| name.as_str())
    };
    named("id").or_else(|| named(&own)).or_else(|| named("uuid")).or_else(unique)
}

/// Conditions that a row of people or friendships has to meet, by what columns are called.
pub(super) fn conditions(table: &TableSurvey) -> Vec<(String, Test)> {
    let mut found = Vec::new();
    for (name, column) in &table.columns {
        let bare = squeezed(name);
        let ends = [
            "deletedat",
            "removedat",
            "endedat",
            "leftat",
            "closedat",
            "suspendedat",
            "deactivatedat",
            "blockedat",
            "unfriendedat",
            "bannedat",
        ];
        let never = [
            "isdeleted",
            "deleted",
            "isremoved",
            "removed",
            "isbanned",
            "banned",
            "isblocked",
            "blocked",
            "suspended",
            "issuspended",
            "disabled",
            "isdisabled",
        ];
        let always = ["isactive", "active", "enabled", "isenabled"];
        let test = match column.kind {
            Kind::Date | Kind::Instant | Kind::LocalTime if ends.contains(&bare.as_str()) => {
                Test::IsNull(true)
            }
            Kind::Boolean if never.contains(&bare.as_str()) => Test::Is("false".to_owned()),
            Kind::Boolean if always.contains(&bare.as_str()) => Test::Is("true".to_owned()),
            _ => continue,
        };
        found.push((name.clone(), test));
    }
    found
}
