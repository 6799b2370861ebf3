//! A database with a schema that is not ours, the LDBC Social Network Benchmark's, served as it is: what
//! comes out is what the import of the same people gives.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign_domain::preset::Preset;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::people::{Kind, shared_data};
use crate::support::postgres::{Database, shared};

const MAPPING: &str = include_str!("../../../../../../testdata/mappings/ldbc-postgres.toml");

/// The tables by the benchmark's own names, as far as they are about people.
const SCHEMA: &str = "
CREATE TABLE place (pl_placeid bigint PRIMARY KEY, pl_name varchar NOT NULL, pl_url varchar NOT NULL,
    pl_type varchar NOT NULL, pl_containerplaceid bigint);
CREATE TABLE organisation (o_organisationid bigint PRIMARY KEY, o_type varchar NOT NULL,
    o_name varchar NOT NULL, o_url varchar NOT NULL, o_placeid bigint NOT NULL);
CREATE TABLE person (p_personid bigint PRIMARY KEY, p_firstname varchar NOT NULL,
    p_lastname varchar NOT NULL, p_gender varchar NOT NULL, p_birthday date NOT NULL,
    p_creationdate timestamp with time zone NOT NULL, p_locationip varchar NOT NULL,
    p_browserused varchar NOT NULL, p_placeid bigint NOT NULL);
CREATE TABLE person_email (pe_personid bigint NOT NULL, pe_email varchar NOT NULL,
    PRIMARY KEY (pe_personid, pe_email));
CREATE TABLE person_language (plang_personid bigint NOT NULL, plang_language varchar NOT NULL,
    PRIMARY KEY (plang_personid, plang_language));
CREATE TABLE person_university (pu_personid bigint NOT NULL, pu_organisationid bigint NOT NULL,
    pu_classyear int NOT NULL, PRIMARY KEY (pu_personid, pu_organisationid));
CREATE TABLE person_company (pc_personid bigint NOT NULL, pc_organisationid bigint NOT NULL,
    pc_workfrom int NOT NULL, PRIMARY KEY (pc_personid, pc_organisationid));
CREATE TABLE knows (k_person1id bigint NOT NULL, k_person2id bigint NOT NULL,
    k_creationdate timestamp with time zone NOT NULL, PRIMARY KEY (k_person1id, k_person2id));
";

/// The benchmark's files, with what their lines are called while they are loaded.
const FILES: [(&str, &str); 8] = [
    ("person_0_0.csv", "id, first, last, gender, birthday, created, ip, browser, language, email"),
    ("person_knows_person_0_0.csv", "one, other, created"),
    ("person_studyAt_organisation_0_0.csv", "person, organisation, year"),
    ("person_workAt_organisation_0_0.csv", "person, organisation, year"),
    ("person_isLocatedIn_place_0_0.csv", "person, place"),
    ("organisation_0_0.csv", "id, kind, name, url"),
    ("place_0_0.csv", "id, name, url, kind"),
    ("place_isPartOf_place_0_0.csv", "place, whole"),
];

/// From the files' lines into the tables.
const FILL: &str = "
INSERT INTO place SELECT id::bigint, name, url, kind, whole::bigint
    FROM load.place_0_0 LEFT JOIN load.place_ispartof_place_0_0 ON place = id;
INSERT INTO organisation SELECT id::bigint, kind, name, url, 0 FROM load.organisation_0_0;
INSERT INTO person SELECT id::bigint, first, last, gender,
    (timestamp 'epoch' + birthday::bigint * interval '1 ms')::date,
    to_timestamp(created::bigint / 1000.0), ip, browser, place::bigint
    FROM load.person_0_0 JOIN load.person_islocatedin_place_0_0 ON person = id;
INSERT INTO person_email SELECT id::bigint, unnest(string_to_array(email, ';')) FROM load.person_0_0;
INSERT INTO person_language SELECT id::bigint, unnest(string_to_array(language, ';')) FROM load.person_0_0;
INSERT INTO person_university SELECT person::bigint, organisation::bigint, year::int
    FROM load.person_studyat_organisation_0_0;
INSERT INTO person_company SELECT person::bigint, organisation::bigint, year::int
    FROM load.person_workat_organisation_0_0;
INSERT INTO knows SELECT one::bigint, other::bigint, to_timestamp(created::bigint / 1000.0)
    FROM load.person_knows_person_0_0;
DROP SCHEMA load CASCADE;
";

const OTHER_WAY_ROUND: &str =
    "INSERT INTO knows SELECT k_person2id, k_person1id, k_creationdate FROM knows;";

/// The SQL that loads a folder of the benchmark's files.
fn loading(folder: &Path) -> String {
    let mut sql = format!("{SCHEMA}CREATE SCHEMA load;\n");
    for (file, columns) in FILES {
        let table = format!("load.{}", file.trim_end_matches(".csv").to_lowercase());
        let lines = fs::read_to_string(folder.join(file)).unwrap();
        let (_, lines) = lines.trim_end().split_once('\n').unwrap();
        let parts = (1..=columns.split(", ").count()).map(|part| format!("parts[{part}]"));
        let parts = parts.collect::<Vec<_>>().join(", ");
        sql += &format!(
            "CREATE TABLE {table} ({columns}) AS SELECT {parts} FROM (SELECT string_to_array(line, '|') AS parts
             FROM unnest(string_to_array($lines${lines}$lines$, E'\\n')) AS line) AS lines;\n"
        );
    }
    sql + FILL
}

/// Everybody's view of themselves and their friends, by the viewer's account.
fn everybody(world: &World, accounts: &[String]) -> BTreeMap<String, Value> {
    let serving = world.serve();
    let tokens: Vec<String> = accounts.iter().map(|account| serving.token(account)).collect();
    let path = "/me?fields=name,first_name,last_name,gender,birthday,email,location,work,education,\
                friends.limit(400){name,gender,birthday,location,work,education}";
    let view = |(account, token): (&String, &String)| {
        let mut view = serving.read(path, token);
        settle(&mut view);
        let mut friends = view["friends"]["data"].as_array().cloned().unwrap_or_default();
        friends.iter_mut().for_each(settle);
        friends.sort_by_cached_key(Value::to_string);
        view["friends"] = friends.into();
        (account.clone(), view)
    };
    let asked: Vec<_> = accounts.iter().zip(&tokens).collect();
    // Several at once share the log's syncs.
    std::thread::scope(|scope| {
        let threads: Vec<_> = asked
            .chunks(asked.len().div_ceil(8))
            .map(|some| scope.spawn(|| some.iter().copied().map(view).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Takes off what is another one in each world, and the order that only files have.
fn settle(person: &mut Value) {
    person.as_object_mut().unwrap().remove("id");
    for list in ["work", "education"] {
        if let Some(list) = person.get_mut(list).and_then(Value::as_array_mut) {
            list.sort_by_cached_key(Value::to_string);
        }
    }
}

/// Compares the import of a folder with its database.
fn assert_the_same(folder: &Path, database: &Database, mapping: &str, friendships: usize) {
    let accounts = database.run("SELECT p_personid FROM person ORDER BY 1");
    let accounts: Vec<String> = accounts.lines().map(str::to_owned).collect();
    let imported = World::founded();
    imported.import(Kind::Ldbc, folder, Preset::Open);
    let expected = everybody(&imported, &accounts);
    let world = World::founded();
    let known: Vec<Value> = accounts.iter().map(|account| json!({ "account": account })).collect();
    world.import_lines(&known);
    database.serve_to(&world, mapping, "");
    let rows = "SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM knows)";
    let before = database.run(rows);
    let found = everybody(&world, &accounts);
    for (account, expected) in &expected {
        assert_eq!(&found[account], expected);
    }
    let friends = found.values().map(|view| view["friends"].as_array().unwrap().len());
    assert_eq!(friends.sum::<usize>(), friendships * 2);
    assert_eq!(database.run(rows), before);
    world.assert_checks();
}

#[test]
fn interop_postgres_ldbc_is_served_without_moving_a_row() {
    let test = "interop_postgres_ldbc_is_served_without_moving_a_row";
    let Some(data) = shared_data(test) else { return };
    let folder = data.join("ldbc/sf0.003");
    let database = shared().database(&(loading(&folder) + OTHER_WAY_ROUND));
    assert_eq!(database.run("SELECT count(*) FROM person"), "222");
    assert_the_same(&folder, &database, MAPPING, 825);
}

/// The benchmark's files with three people.
fn write_small(folder: &Path) {
    let lines: [(&str, &[&str]); 8] = [
        (
            "person_0_0.csv",
            &[
                "11|Ada|O'Neil \"x\"|female|558921600000|1284620040602|1.2.3.4|Chrome|es;en|ada@a.example;ada@b.example",
                "12|Chong|Zhang|male|-411868800000|1276431272690|1.2.3.4|Chrome|zh|",
                "13|Eve|Ωmega|female|0|1276431272690|1.2.3.4|Chrome|en|eve@a.example",
            ],
        ),
        ("person_knows_person_0_0.csv", &["11|12|1278777892244", "13|11|1278777892244"]),
        ("person_studyAt_organisation_0_0.csv", &["11|6|2008", "11|5|2003"]),
        ("person_workAt_organisation_0_0.csv", &["12|5|2009"]),
        ("person_isLocatedIn_place_0_0.csv", &["11|2", "12|2", "13|1"]),
        ("organisation_0_0.csv", &["5|company|Kam_Air|u", "6|university|A_\"B\"_C|u"]),
        ("place_0_0.csv", &["1|India|u|country", "2|New_Delhi|u|city", "3|Asia|u|continent"]),
        ("place_isPartOf_place_0_0.csv", &["2|1", "1|3"]),
    ];
    let first_lines = [
        "id|firstName|lastName|gender|birthday|creationDate|locationIP|browserUsed|language|email",
        "Person.id|Person.id|creationDate",
        "Person.id|Organisation.id|classYear",
        "Person.id|Organisation.id|workFrom",
        "Person.id|Place.id",
        "id|type|name|url",
        "id|name|url|type",
        "Place.id|Place.id",
    ];
    for ((file, lines), first) in lines.into_iter().zip(first_lines) {
        fs::write(folder.join(file), format!("{first}\n{}\n", lines.join("\n"))).unwrap();
    }
}

#[test]
fn interop_postgres_ldbc_with_people_of_ours_and_friendships_once() {
    let folder = tempfile::tempdir().unwrap();
    write_small(folder.path());
    // Whoever lives in a country itself is in no city of it: the import does not say of which continent it is.
    let database = shared().database(&loading(folder.path()));
    database.run("UPDATE place SET pl_containerplaceid = NULL WHERE pl_type = 'country'");
    let mapping = MAPPING.replace("stored = \"twice\"", "stored = \"once\"");
    assert_the_same(folder.path(), &database, &mapping, 2);
}
