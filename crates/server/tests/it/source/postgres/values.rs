//! Values of a database that JSON or the Graph API's dates have no form for, and sessions that a database or
//! a role has set otherwise: a value is exact, or it is absent, and what says no time zone is refused.

use serde_json::{Value, json};

use crate::support::postgres::{Database, said, shared};
use crate::support::{World, program};

const SCHEMA: &str = "
CREATE TABLE person (account text PRIMARY KEY, born date, seen timestamptz, seen_there timestamp, score double precision,
    amounts numeric[], minor_until date);
INSERT INTO person VALUES
    ('exact', '1990-02-28', '2024-03-31 01:30:00+00', '2024-03-31 02:30:00', 0.1::float8 + 0.2::float8, '{1.50,-2,NULL}', '1990-02-28'),
    ('era', '0044-03-15 BC', '0044-03-15 12:00:00+00 BC', NULL, 'NaN', '{1.5,NaN}', '0044-03-15 BC'),
    ('never', '-infinity', '-infinity', NULL, '-Infinity', '{{1,2},{3,Infinity}}', '-infinity'),
    ('always', 'infinity', 'infinity', NULL, 'Infinity', '{-Infinity}', 'infinity'),
    ('late', '10000-01-01', '10000-01-01 00:00:00+00', NULL, '-0', '{}', '9999-12-31'),
    ('edges', '9999-12-31', '0001-01-01 00:00:00+00', NULL, 1e-300, '{{1,2},{3,4}}', '0001-01-01');
CREATE TABLE edge (a text, b text);
";

const MAPPING: &str = r#"
version = 1
[people]
table = "person"
account = "account"
[friendships]
table = "edge"
columns = ["a", "b"]
stored = "once"
[fields]
name = { column = "born", format = "MM/DD/YYYY" }
gender = "seen"
work = { object = { score = "score" } }
education = "amounts"
"#;

const PATH: &str = "/me?fields=name,gender,work,education";

fn settled(mapping: &str) -> (World, Database) {
    let database = shared().database(SCHEMA);
    let (name, reader) = (&database.name, database.reader());
    for set in
        ["extra_float_digits = 0", "datestyle = 'German, DMY'", "timezone = 'America/New_York'"]
    {
        database.run(&format!("ALTER DATABASE {name} SET {set}; ALTER ROLE {reader} SET {set}"));
    }
    let world = World::founded();
    let people = ["exact", "era", "never", "always", "late", "edges"];
    world.import_lines(&people.map(|account| json!({ "account": account })));
    database.serve_to(&world, mapping, "");
    (world, database)
}

#[test]
fn interop_postgres_values_are_exact_or_absent() {
    let (world, _database) = settled(MAPPING);
    let serving = world.serve();
    let answer = |account: &str| -> Value {
        let mut answer = serving.read(PATH, &serving.token(account));
        answer.as_object_mut().unwrap().remove("id");
        answer
    };
    let work = |score: f64| json!({ "score": score });
    for (account, expected) in [
        (
            "exact",
            json!({
                "name": "02/28/1990", "gender": "2024-03-31T01:30:00+0000",
                "work": work(0.1 + 0.2), "education": [1.50, -2, null],
            }),
        ),
        ("era", json!({})),
        ("never", json!({})),
        ("always", json!({})),
        ("late", json!({ "work": work(-0.0), "education": [] })),
        (
            "edges",
            json!({
                "name": "12/31/9999", "gender": "0001-01-01T00:00:00+0000", "work": work(1e-300),
                "education": [[1, 2], [3, 4]],
            }),
        ),
    ] {
        assert_eq!(answer(account), expected, "{account}");
    }
}

#[test]
fn interop_postgres_who_was_born_at_no_date_is_a_minor() {
    let minor =
        "account = \"account\"\nminor = { born = \"minor_until\", younger_than_years = 18 }";
    let mapping = MAPPING
        .replacen("account = \"account\"", minor, 1)
        .replace("{ column = \"born\", format = \"MM/DD/YYYY\" }", "\"account\"")
        .replace("\"seen\"", "\"account\"");
    let (world, database) = settled(&mapping);
    database.run("INSERT INTO edge SELECT 'exact', account FROM person WHERE account <> 'exact'");
    let serving = world.serve();
    let path = "/me?fields=friends.limit(100){name,gender}";
    let answer = serving.read(path, &serving.token("exact"));
    let friends = answer["friends"]["data"].as_array().unwrap();
    let mut told: Vec<_> = friends
        .iter()
        .map(|friend| (friend["name"].as_str().unwrap(), friend.get("gender").is_some()))
        .collect();
    told.sort_unstable();
    // The rules of the demonstration withhold a minor's gender.
    let adults =
        [("always", false), ("edges", true), ("era", true), ("late", false), ("never", false)];
    assert_eq!(told, adults);
}

#[test]
fn interop_postgres_a_time_without_a_zone_is_an_error_of_the_mapping() {
    let (world, _database) =
        settled(&MAPPING.replace("gender = \"seen\"", "gender = \"seen_there\""));
    let check = || said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    let (is_content, text) = check();
    assert!(!is_content, "{text}");
    let expected = "MISSING  column \"seen_there\" has type timestamp without time zone, and field gender says no time zone";
    assert!(text.contains(expected), "{text}");
    for (taken, told) in [
        ("{ column = \"seen_there\", as = \"text\" }", "2024-03-31 02:30:00"),
        ("{ column = \"seen_there\", format = \"YYYY-MM-DD\" }", "2024-03-31"),
    ] {
        let mapping = MAPPING.replace("\"seen\"", taken);
        std::fs::write(world.path().join("mapping.toml"), mapping).unwrap();
        let (is_content, text) = check();
        assert!(is_content, "{text}");
        assert!(text.contains("born date: field name (absent before year 1"), "{text}");
        assert!(text.contains("score double precision: field work (absent where NaN"), "{text}");
        let serving = world.serve();
        let answer = serving.read(PATH, &serving.token("exact"));
        assert_eq!(answer["gender"], told);
        drop(serving);
    }
}
