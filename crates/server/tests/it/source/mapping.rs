//! Mapping files: what is refused, with its place; and the statements that are made of those we give as
//! examples.

use std::collections::BTreeMap;

use countersign_domain::field::FieldSet;
use countersign_source::postgres::catalogue::{Catalogue, Column, Kind, Table};
use countersign_source::postgres::fit::tables;
use countersign_source::postgres::mapping::Mapping;
use countersign_source::postgres::mapping_file::parse;
use countersign_source::postgres::statement::{Parameter, knows, question};
use countersign_toml::TomlError;
use proptest::prelude::*;

use crate::support::assert_golden;
use crate::support::people::default_schema;

const LDBC: &str = include_str!("../../../../../testdata/mappings/ldbc-postgres.toml");
const WIDE: &str = include_str!("../../../../../testdata/mappings/wide-table.toml");

fn read(text: &str) -> Result<Mapping, TomlError> {
    parse(text, &default_schema())
}

/// What is changed into what, and what is then said.
const WRONG: &[(&str, &str, &str)] = &[
    ("version = 1", "version = 2", "2:11: version: 2 is not known; this program reads 1"),
    (
        "[people]\n",
        "[people]\ntabel = 1\n",
        "5:1: people.tabel: unknown key; allowed: table, account, key, minor, joins, where; did you mean \"table\"?",
    ),
    ("\"public.person\"", "\"a.b.c\"", "5:9: people.table: give \"schema.name\""),
    (
        "account = \"p_personid\"",
        "account = \"\"",
        "6:11: people.account: \"\" is no name in PostgreSQL",
    ),
    (
        "younger_than_years = 18",
        "younger_than_years = 300",
        "7:53: people.minor.younger_than_years: found the number 300; allowed: a whole number from 0 to 255",
    ),
    (", younger_than_years = 18", "", "7:9: people.minor: give column alone, or born"),
    (
        "of = \"city\" }\nto",
        "of = \"town\" }\nto",
        "19:47: people.joins.from.of: nothing is joined here as \"town\"",
    ),
    (
        "as = \"country\"",
        "as = \"city\"",
        "18:6: people.joins.as: \"city\" is the name of two tables",
    ),
    (
        "stored = \"twice\"",
        "stored = \"thrice\"",
        "26:10: friendships.stored: \"thrice\" is none of",
    ),
    (
        "[\"k_person1id\", \"k_person2id\"]",
        "[\"k_person1id\"]",
        "25:11: friendships.columns: two are needed",
    ),
    (
        "gender = \"p_gender\"",
        "gendre = \"p_gender\"",
        "32:1: fields.gendre: there is no field \"gendre\"; did you mean \"gender\"?",
    ),
    ("gender = \"p_gender\"", "id = \"p_gender\"", "32:1: fields.id: it is made by Countersign"),
    (
        "gender = \"p_gender\"",
        "gender = 7",
        "32:10: fields.gender: found the number 7; allowed: a column's name or a table",
    ),
    (
        "gender = \"p_gender\"",
        "gender = {}",
        "32:10: fields.gender: give one of column, join, constant",
    ),
    (
        "gender = \"p_gender\"",
        "gender = { constant = \"f\" }",
        "32:10: fields.gender: a constant alone",
    ),
    (
        "gender = \"p_gender\"",
        "gender = { column = \"x\", path = \"a\" }",
        "32:33: fields.gender.path: a JSON Pointer begins with a slash",
    ),
    (
        "gender = \"p_gender\"",
        "gender = { object = { a = \"x\" }, path = \"/a\" }",
        "32:10: fields.gender: path: it goes with column only",
    ),
    (
        "gender = \"p_gender\"",
        "gender = { column = \"x\\u0000\" }",
        "32:21: fields.gender.column: \"x\\0\" is no name",
    ),
    (
        "\"MM/DD/YYYY\"",
        "\"DD.MM.\"",
        "33:46: fields.birthday.format: \"DD.MM.\" is none of MM/DD/YYYY, MM/DD",
    ),
    (
        "as = \"text\" }\n#",
        "as = \"number\" }\n#",
        "36:35: fields.location.object.id.as: \"number\" is neither",
    ),
    (
        "value = \"pe_email\"",
        "value = { list = { table = \"t\", key = \"k\", value = \"v\" } }",
        "47:18: fields.email.first.value.list: a list within a list",
    ),
];

#[test]
fn errors_in_a_mapping_name_the_line_the_column_and_what_is_allowed() {
    for (from, to, expected) in WRONG.iter().copied() {
        let text = LDBC.replacen(from, to, 1);
        assert_ne!(text, LDBC, "{from}");
        let found = read(&text).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{expected}\n{found}");
    }
}

/// A database that has what a mapping names, each column of the type that its name suggests.
fn fitting(mapping: &Mapping) -> Catalogue {
    let kind = |column: &str| match column {
        "p_birthday" => Kind::Date,
        "updated_time" => Kind::Instant,
        "is_minor" | "verified" => Kind::Boolean,
        "hometown" | "location" | "education" | "work" | "languages" => Kind::Json,
        "person_id" | "friend_id" | "timezone" | "pu_classyear" | "pc_workfrom" => Kind::Integer,
        other if other.ends_with("id") => Kind::Integer,
        _ => Kind::Text,
    };
    let names = [LDBC, WIDE].concat();
    let names = names.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let columns: BTreeMap<String, Column> = names
        .map(|name| {
            let column = Column {
                type_name: String::new(),
                kind: kind(name),
                is_readable: true,
                leads_index: true,
                is_unique: true,
                labels: Vec::new(),
            };
            (name.to_owned(), column)
        })
        .collect();
    let table = Table {
        oid: 0,
        is_stored: true,
        is_partitioned: false,
        rows_estimate: None,
        is_reachable: true,
        is_writable: false,
        hides_rows: false,
        columns,
    };
    let tables = tables(mapping).into_iter().map(|name| (name.clone(), table.clone()));
    Catalogue { tables: tables.collect(), ..Catalogue::default() }
}

#[test]
fn golden_statements_of_the_example_mappings() {
    let schema = default_schema();
    let mut golden = String::new();
    for (name, text) in [("ldbc-postgres.toml", LDBC), ("wide-table.toml", WIDE)] {
        let mapping = read(text).unwrap();
        let catalogue = fitting(&mapping);
        let fields = |names: &[&str]| schema.resolve(names).unwrap();
        let asked = [
            ("who they are", knows(&mapping, &catalogue)),
            ("the viewer's name", question(&mapping, &catalogue, fields(&["id", "name"]), None, 9)),
            (
                "the viewer's name, friends' birthdays and work",
                question(
                    &mapping,
                    &catalogue,
                    fields(&["name"]),
                    Some(fields(&["birthday", "work"])),
                    9,
                ),
            ),
            (
                "everything",
                question(&mapping, &catalogue, FieldSet::ALL, Some(FieldSet::ALL), 65_535),
            ),
        ];
        for (what, statement) in asked {
            golden += &format!("-- {name}: {what}\n");
            for (parameter, place) in statement.parameters.iter().zip(2..) {
                let said = match parameter {
                    Parameter::Text(text) => format!("{text:?}"),
                    Parameter::Texts(texts) => format!("{texts:?}"),
                };
                golden += &format!("-- ${place} = {said}\n");
            }
            golden += &format!("{};\n\n", statement.text);
        }
    }
    assert_golden("postgres-statements.sql", &golden);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn property_a_damaged_mapping_is_refused_with_a_place_or_makes_a_statement(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
        insert in prop::sample::select(vec!["", "\"", "{", "}", "[", "]", "= ", "\n", "é", "join", "\\u0000", "'''"]),
    ) {
        let mut lines: Vec<String> = LDBC.lines().map(str::to_owned).collect();
        for (line, at) in cuts {
            let line = line.get_mut(&mut lines[..]);
            let at = line.char_indices().nth(at.index(line.chars().count() + 1)).map_or(line.len(), |(at, _)| at);
            line.insert_str(at, insert);
            if insert.is_empty() {
                line.truncate(at);
            }
        }
        let text = lines.join("\n");
        match read(&text) {
            Ok(mapping) => {
                let catalogue = fitting(&mapping);
                let made = question(&mapping, &catalogue, FieldSet::ALL, Some(FieldSet::ALL), 9);
                prop_assert_eq!(&made, &question(&mapping, &catalogue, FieldSet::ALL, Some(FieldSet::ALL), 9));
            }
            Err(TomlError { line, column, .. }) => {
                prop_assert!(line <= text.matches('\n').count() + 1 && column >= 1);
            }
        }
    }
}
