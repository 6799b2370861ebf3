//! `countersign source check` on a database, and that no name or value of a mapping becomes SQL.

use std::fs;
use std::sync::Arc;

use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use countersign_source::Naming;
use countersign_source::postgres::PostgresSource;
use countersign_source::postgres::check::{Report, Trial, check};
use countersign_source::settings::postgres::{PostgresSettings, TlsMode};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::people::{self, default_schema};
use crate::support::postgres::{Database, said, shared};
use crate::support::{World, program};

const WIDE: &str = include_str!("../../../../../../testdata/mappings/wide-table.toml");

const SCHEMA: &str = "
CREATE TABLE people (person_id bigint PRIMARY KEY, account text NOT NULL UNIQUE, is_minor boolean NOT NULL,
    name text, first_name text, middle_name text, last_name text, gender text, birthday text, email text,
    timezone smallint, languages jsonb, hometown jsonb, location jsonb, education jsonb, work jsonb,
    verified boolean, updated_time timestamptz);
CREATE TABLE friendships (person_id bigint NOT NULL, friend_id bigint NOT NULL,
    PRIMARY KEY (person_id, friend_id));
INSERT INTO people (person_id, account, is_minor, name, timezone, hometown, verified, updated_time)
    VALUES (7, 'ada', false, 'Ada', -5, '{\"a\": [1, 2]}', true, '2018-06-03 12:00:00+02'),
    (8, 'bob', true, 'Bob', NULL, 'null', NULL, NULL);
INSERT INTO friendships VALUES (7, 8), (8, 7);
";

#[test]
fn interop_postgres_check_tells_what_is_there_and_what_is_missing() {
    let database = shared().database(SCHEMA);
    let world = World::founded();
    database.serve_to(&world, WIDE, "");
    world.configure("new_people = \"default\"", "new_people = \"friends-basics\"");
    let check = || said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    let (is_content, text) = check();
    assert!(is_content, "{text}");
    for told in [
        "as role reader_",
        "public.people",
        "  ok       person_id bigint: the key",
        "  ok       hometown jsonb: field hometown",
        "  ok       friend_id bigint: a friend",
        // The viewer's: Ada, -5, {"a": [1, 2]}, true, the instant; the friend's: Bob.
        "everything about one person and 1 friends: 49 bytes of values",
    ] {
        assert!(text.contains(told), "{told:?} is not in:\n{text}");
    }
    assert!(!text.contains("Ada") && !text.contains("warning") && !text.contains('\x1b'), "{text}");

    database.run(&format!(
        "ALTER TABLE people RENAME gender TO gendre; ALTER TABLE people ALTER is_minor TYPE int USING 0;
         ALTER TABLE people DROP CONSTRAINT people_account_key; ALTER TABLE people ALTER work TYPE bytea USING NULL;
         ALTER TABLE friendships DROP CONSTRAINT friendships_pkey; ALTER TABLE friendships ALTER friend_id TYPE text;
         GRANT INSERT ON people TO {0}; REVOKE SELECT ON friendships FROM {0}; GRANT SELECT (friend_id) ON friendships TO {0}",
        database.reader()
    ));
    let (is_content, text) = check();
    assert!(!is_content);
    for told in [
        "MISSING  there is no column \"gender\"; did you mean \"gendre\"?",
        "MISSING  column \"is_minor\" has type integer, and whether a minor needs a boolean",
        "MISSING  column \"work\" has type bytea, and field work cannot be made of it",
        "MISSING  column \"friend_id\" has type text, and a friend needs the type of the people's key",
        "MISSING  the role may not read column \"person_id\": GRANT SELECT",
        "warning  no index begins with column \"account\"",
        "warning  the role could write here",
    ] {
        assert!(text.contains(told), "{told:?} is not in:\n{text}");
    }
    let (is_content, document) =
        said(program(&["source", "check", "--json"]).arg("--dir").arg(world.path()));
    let document: Value = serde_json::from_str(&document).unwrap();
    assert!(
        !is_content
            && document["ok"] == false
            && document["report"]["tables"][0]["missing"][0].is_string()
    );

    // A server that could not answer does not start, and says the same.
    let (is_content, text) = said(program(&["serve"]).arg("--dir").arg(world.path()));
    assert!(!is_content && text.contains("the mapping does not fit the database"), "{text}");
    assert!(text.contains("did you mean \"gendre\"?"), "{text}");

    database.run("DROP TABLE friendships");
    let (_, text) = check();
    assert!(
        text.contains("MISSING  there is no table or view \"friendships\" in schema \"public\""),
        "{text}"
    );
}

#[test]
fn interop_postgres_knows_an_account_by_its_one_spelling() {
    let schema = "CREATE TABLE people (account ACCOUNT PRIMARY KEY); \
        CREATE TABLE friends (a ACCOUNT, b ACCOUNT); INSERT INTO people VALUES ('KNOWN')";
    let mapping = "version = 1\n[people]\ntable = \"people\"\naccount = \"account\"\n\
        [friendships]\ntable = \"friends\"\ncolumns = [\"a\", \"b\"]\nstored = \"once\"\n[fields]\n";
    let uuid = "0f9a1c3e-5b7d-4e2f-8a6b-1c3d5e7f9a0b";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (kind, known, unknown) in [
        ("text", "Ada", ["ada", "Ada ", "A\0"]),
        ("bigint", "-7", ["7", "-07", "99999999999999999999"]),
        ("uuid", uuid, [&uuid.to_uppercase(), "x", "0f9a1c3e5b7d4e2f8a6b1c3d5e7f9a0b"]),
    ] {
        let database = shared().database(&schema.replace("ACCOUNT", kind).replace("KNOWN", known));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mapping.toml"), mapping).unwrap();
        let people = Arc::new(people::open(&folder.path().join("people")));
        runtime.block_on(async {
            let (settings, schema) = (settings(&database), default_schema());
            let naming = Naming::new(Arc::clone(&people), Settings::DEFAULT);
            let source = PostgresSource::open(people, naming, &settings, folder.path(), &schema);
            let source = source.await.unwrap();
            assert!(source.knows(known).await.unwrap(), "{kind}");
            for unknown in unknown {
                assert!(!source.knows(unknown).await.unwrap(), "{kind} {unknown}");
            }
        });
    }
}

#[test]
fn source_check_of_the_image_counts() {
    let world = World::founded();
    world.import_lines(&[serde_json::json!({ "account": "ada" })]);
    let (is_content, text) = said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    assert!(is_content && text.contains("1 people, 0 friendships"), "{text}");
}

/// Names and texts as nobody should have them.
fn hostile() -> impl Strategy<Value = String> {
    let parts = vec![
        "\"", "'", "\\", ";", "--", "/*", "*/", "$1", "$$", " ", ".", "\n", "é", "DROP", "a", "%",
        "{}", "E'",
    ];
    proptest::collection::vec(proptest::sample::select(parts), 1..8)
        .prop_map(|parts| parts.concat())
}

fn literal(text: &str) -> String {
    format!("convert_from(decode('{}', 'hex'), 'UTF8')", const_hex::encode(text))
}

fn toml(text: &str) -> String {
    // JSON's strings are TOML's too, for keys as well.
    Value::from(text).to_string()
}

fn settings(database: &Database) -> PostgresSettings {
    PostgresSettings {
        url: database.url(),
        password_file: None,
        password_env: None,
        mapping: "mapping.toml".into(),
        pool_size: 1,
        timeout_ms: 20_000,
        connect_timeout_ms: 20_000,
        tls: TlsMode::Disable,
        ca_file: None,
    }
}

/// Names and texts in a mapping, and the same in the database, which spells them itself.
fn tried(database: &Database, names: &[String], texts: &[String]) -> Report {
    let [schema, people, account, name, flag, edges, more] = names else { panic!("{names:?}") };
    let [one, other, separator] = texts else { panic!("{texts:?}") };
    let l = |text: &String| literal(text);
    let (s, p, a, n, f, e, m) =
        (l(schema), l(people), l(account), l(name), l(flag), l(edges), l(more));
    database.run(&format!(
        "DO $do$ BEGIN
           EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', {s});
           EXECUTE format('CREATE SCHEMA %I', {s});
           EXECUTE format('CREATE TABLE %I.%I (%I text PRIMARY KEY, %I text, %I text)', {s}, {p}, {a}, {n}, {f});
           EXECUTE format('INSERT INTO %I.%I VALUES (%L, %L, %L), (''bob'', %L, %L), (''eve'', ''x'', ''y'')', {s}, {p}, {one}, {one}, {other}, {one}, {other});
           EXECUTE format('CREATE TABLE %I.%I (%I text, \"to\" text)', {s}, {e}, {a});
           EXECUTE format('INSERT INTO %I.%I VALUES (%L, ''bob''), (''eve'', %L)', {s}, {e}, {one}, {one});
           EXECUTE format('CREATE TABLE %I.%I (%I text, %I text)', {s}, {m}, {a}, {n});
           EXECUTE format('INSERT INTO %I.%I VALUES (%L, %L)', {s}, {m}, {one}, {other});
           EXECUTE format('GRANT USAGE ON SCHEMA %I TO {reader}', {s});
           EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO {reader}', {s});
         END $do$",
        reader = database.reader(),
        one = l(one),
        other = l(other),
    ));
    let t = |text: &String| toml(text);
    let mapping = format!(
        "version = 1\n[people]\ntable = [{0}, {1}]\naccount = {2}\nwhere = [{{ column = {4}, is = {other} }}]\n\
         [friendships]\ntable = [{0}, {5}]\ncolumns = [{2}, \"to\"]\nstored = \"once\"\n\
         [fields]\nname = {{ join = [{3}, {{ constant = {other} }}], separator = {separator} }}\n\
         about = {{ first = {{ table = [{0}, {6}], key = {2}, value = {{ column = {3}, replace = [{one}, {separator}] }} }} }}\n\
         work = {{ list = {{ table = [{0}, {6}], key = {2}, value = {{ object = {{ {one} = {3}, {other}x = {2} }} }} }} }}\n",
        t(schema), t(people), t(account), t(name), t(flag), t(edges), t(more),
        one = t(one), other = t(other), separator = t(separator),
    )
    .replace(&format!("{}x =", t(other)), &format!("{} =", t(&format!("{other}x"))));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mapping.toml"), mapping).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (settings, schema) = (settings(database), default_schema());
    runtime.block_on(check(&settings, folder.path(), &schema, Preset::Open)).unwrap()
}

#[test]
fn interop_postgres_property_hostile_names_and_values_stay_names_and_values() {
    let database = shared().database("CREATE TABLE canary (a int); INSERT INTO canary VALUES (1)");
    let names = proptest::collection::hash_set(hostile(), 7);
    let texts = proptest::collection::vec(hostile(), 3);
    let config =
        ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(names in names, texts in texts)| {
        let names: Vec<String> = names.into_iter().collect();
        let [one, other, separator] = texts.as_slice() else { panic!() };
        prop_assume!(*one != format!("{other}x") && one != "bob" && one != "eve" && names.iter().all(|name| name != "to"));
        let report = tried(&database, &names, &texts);
        // Both have the name; the one who has something related has that as well.
        let name = one.len() + separator.len() + other.len();
        let about = other.replace(one.as_str(), separator).len();
        let work = serde_json::json!([{ one.as_str(): other, format!("{other}x"): one }]).to_string().len();
        match report.trial {
            Some(Trial::Answered { friends: 1, value_bytes, .. }) => {
                prop_assert_eq!(value_bytes, 2 * name + about + work, "{}", report);
            }
            _ => prop_assert!(false, "{}", report),
        }
    });
    assert_eq!(database.run("SELECT a FROM canary"), "1");
}
