//! A database that is down, dies, is slow or says what cannot be: the partner gets error 2 or, where somebody has
//! to mend it, error 1, the operator a line without data, and the log no entry.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

use countersign_demo::world::{BUILD, PURPOSE};
use serde_json::{Value, json};

use crate::support::postgres::{Cluster, Database, said, shared};
use crate::support::{Serving, World, eventually, finish, header, program};
use crate::telemetry::documents::OF_POSTGRES;

/// The people, of whom every value and account but the viewer's has this in it.
const MARK: &str = "QUITEPRIVATE";

const SCHEMA: &str = r#"
CREATE TABLE person (account text PRIMARY KEY, name text, gender text, extra text, minor boolean, history json);
INSERT INTO person VALUES
    ('viewer', 'QUITEPRIVATE viewer', 'f', '{"work": ["QUITEPRIVATE"]}', false),
    ('QUITEPRIVATE-1', 'QUITEPRIVATE one', NULL, '{"work": null}', false),
    ('QUITEPRIVATE-2', 'QUITEPRIVATE "two" \', 'm', '{}', NULL),
    ('QUITEPRIVATE-3', 'QUITEPRIVATE three', 'm', '{"work": {"a": [1, 2.50, "x y"]}}', true);
CREATE TABLE edge (a text NOT NULL, b text NOT NULL, state text);
CREATE INDEX ON edge (a);
CREATE INDEX ON edge (b);
INSERT INTO edge VALUES ('viewer', 'QUITEPRIVATE-1', 'accepted'), ('QUITEPRIVATE-2', 'viewer', 'accepted'),
    ('viewer', 'QUITEPRIVATE-2', 'accepted'), ('viewer', 'QUITEPRIVATE-3', 'asked'),
    ('viewer', 'viewer', 'accepted'), ('viewer', 'QUITEPRIVATE-gone', 'accepted');
CREATE VIEW people AS SELECT * FROM person;
"#;

const MAPPING: &str = r#"
version = 1
[people]
table = "people"
account = "account"
minor = { column = "minor" }
[friendships]
table = "edge"
columns = ["a", "b"]
stored = "once"
where = [{ column = "state", is = "accepted" }]
[fields]
name = "name"
gender = "gender"
work = { column = "extra", as = "json", path = "/work" }
education = "history"
"#;

/// A way to a database on which requests to cancel get lost.
struct WayWithoutCancelling {
    port: u16,
}

impl WayWithoutCancelling {
    fn to(database: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        // It ends with the process: it holds nothing but connections.
        std::thread::spawn(move || {
            let mut lost = Vec::new();
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut head = [0; 8];
                if client.read_exact(&mut head).is_err() {
                    continue;
                }
                if head[4..] == 80_877_102_u32.to_be_bytes() {
                    lost.push(client);
                    continue;
                }
                let mut server = TcpStream::connect(("127.0.0.1", database)).unwrap();
                server.write_all(&head).unwrap();
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                for (mut from, mut to) in [(client, server), (ends.1, ends.0)] {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
        Self { port }
    }
}

const PATH: &str = "/me?fields=name,gender,work,education,friends.limit(100){name,gender,work}";

fn settle(database: &Database, more: &str) -> World {
    let world = World::founded();
    let accounts = database.run("SELECT account FROM person");
    let people = accounts.lines().map(|account| json!({ "account": account }));
    world.import_lines(&people.collect::<Vec<_>>());
    database.serve_to(&world, MAPPING, more);
    world
}

/// The names of the friends in an answer.
fn friends(answer: &Value) -> Vec<&str> {
    let friends = answer["friends"]["data"].as_array().unwrap();
    let mut names: Vec<_> = friends.iter().map(|one| one["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

fn assert_answered(serving: &Serving<'_>, token: &str) {
    let answer = serving.read(PATH, token);
    assert_eq!(answer["name"], "QUITEPRIVATE viewer");
    assert_eq!(answer["work"], json!(["QUITEPRIVATE"]));
    assert_eq!(friends(&answer), ["QUITEPRIVATE \"two\" \\", "QUITEPRIVATE one"]);
    let of = |name: &str| {
        let friends = answer["friends"]["data"].as_array().unwrap();
        friends.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    // Null is absent; and of whom it is not known whether they are minors, they are.
    let (one, two) = (of("QUITEPRIVATE one"), of("QUITEPRIVATE \"two\" \\"));
    assert!(one.get("work").is_none() && one.get("gender").is_none());
    assert!(two.get("gender").is_none());
}

/// It may be over the next moment.
fn assert_refused(serving: &Serving<'_>, token: &str) {
    assert_refused_with(serving, PATH, token, (503, 2));
}

fn assert_refused_with(serving: &Serving<'_>, path: &str, token: &str, (status, code): (u16, u32)) {
    let before = serving.disclosures();
    let reply = serving.get(path, token);
    let body = reply.json().unwrap();
    assert_eq!((reply.status, &body["error"]["code"]), (status, &json!(code)), "{body}");
    assert_eq!(header(&reply, "retry-after").is_some(), status == 503);
    assert_tells_nothing(serving, &body, before);
}

fn assert_tells_nothing(serving: &Serving<'_>, body: &Value, before: usize) {
    assert!(!body.to_string().contains(MARK) && !body.to_string().contains("Postgre"), "{body}");
    assert_eq!(serving.disclosures(), before);
}

/// What servers have said holds this and nothing of anybody's.
fn assert_told(serving: &Serving<'_>, told: &str) {
    let all = serving.said();
    assert!(all.contains(told), "{told:?} is not in:\n{all}");
    assert!(!all.contains(MARK), "{all}");
}

fn served(world: &World) -> (Serving<'_>, String) {
    let mut command = program(&["serve"]);
    let serving =
        world.serve_with(command.env("COUNTERSIGN_LOG", "trace").arg("--dir").arg(world.path()));
    let token = serving.token("viewer");
    (serving, token)
}

#[test]
fn interop_postgres_that_says_what_cannot_be_is_an_error_without_an_entry() {
    let view = "CREATE OR REPLACE VIEW people AS SELECT * FROM person";
    for (what, sql, told) in [
        ("a person twice", format!("{view} UNION ALL SELECT * FROM person WHERE account <> 'viewer'"), "stands there twice"),
        ("the viewer twice", format!("{view} UNION ALL SELECT * FROM person"), "two rows have the account"),
        ("garbage JSON", format!("UPDATE person SET extra = '{{\"{MARK}' WHERE account = '{MARK}-1'"), "22P02"),
        ("a key twice", format!("UPDATE person SET history = '[{{\"{MARK}\": 1, \"{MARK}\": 2}}]' WHERE account = 'viewer'"), "a value of education is not what every reader"),
        ("half a surrogate", format!("UPDATE person SET history = '[\"{MARK}\\ud800\"]' WHERE account = 'viewer'"), "a value of education is not what every reader"),
        ("half a surrogate of a path", "UPDATE person SET extra = '{\"work\": \"\\udc00\"}' WHERE account = 'viewer'".to_owned(), "cannot be"),
        ("a number without end", "UPDATE person SET history = '[1e400]' WHERE account = 'viewer'".to_owned(), "a value of education"),
        ("no bottom", "UPDATE person SET history = (repeat('[', 500) || repeat(']', 500))::json WHERE account = 'viewer'".to_owned(), "a value of education"),
        ("a column gone", "DROP VIEW people; ALTER TABLE person RENAME gender TO sex; CREATE VIEW people AS SELECT * FROM person".to_owned(), "42703"),
        ("another type", "DROP VIEW people; CREATE VIEW people AS SELECT account, name, gender, extra, 1 AS minor FROM person".to_owned(), "42804"),
        ("no right", "REVOKE SELECT ON people FROM public; REVOKE ALL ON people FROM READER".to_owned(), "42501"),
    ] {
        let database = shared().database(SCHEMA);
        let world = settle(&database, "");
        let (serving, token) = served(&world);
        assert_answered(&serving, &token);
        let reader = database.reader();
        database.run(&sql.replace("READER", &reader));
        // A view that was made anew may be read again.
        if what != "no right" {
            database.run(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"));
        }
        // Trying again does not mend it.
        assert_refused_with(&serving, PATH, &token, (500, 1));
        assert_told(&serving, told);
    }
}

#[test]
fn interop_postgres_bad_row_of_a_friend_leaves_that_friend_out_and_the_viewers_own_is_an_error() {
    for (what, sql, told) in [
        (
            "too large",
            format!("UPDATE person SET name = repeat('{MARK}', 100000)"),
            "a profile of more than",
        ),
        (
            "half a surrogate",
            format!("UPDATE person SET history = '[\"{MARK}\\ud800\"]'"),
            "a value of education",
        ),
        (
            "a number without end",
            "UPDATE person SET history = '[1e400]'".to_owned(),
            "a value of education",
        ),
    ] {
        let database = shared().database(SCHEMA);
        let world = settle(&database, "");
        let (serving, token) = served(&world);
        assert_answered(&serving, &token);
        database.run(&format!("{sql} WHERE account = '{MARK}-1'"));
        let path = "/me?fields=name,education,friends.limit(100){name,education}";
        let answer = serving.read(path, &token);
        assert_eq!(friends(&answer), ["QUITEPRIVATE \"two\" \\"], "{what}");
        let counted = "countersign_source_friends_left_out_total 1\n";
        assert!(serving.metrics().contains(counted), "{what}: {}", serving.metrics());
        assert_told(&serving, "friends were left out of an answer");
        assert_told(&serving, told);
        // Where all of them are so, an answer without friends would say that the viewer is alone.
        database.run(&format!("{sql} WHERE account <> 'viewer'"));
        assert_refused_with(&serving, path, &token, (500, 1));
        assert_told(&serving, "the records of 2 of 2 friends cannot be read");
        database.run("UPDATE person SET name = 'QUITEPRIVATE', history = NULL");
        serving.read(path, &token);
        database.run(&format!("{sql} WHERE account = 'viewer'"));
        assert_refused_with(&serving, path, &token, (500, 1));
    }
}

#[test]
fn interop_postgres_without_the_viewer_ends_the_session() {
    let database = shared().database(SCHEMA);
    let world = settle(&database, "");
    let (serving, token) = served(&world);
    assert_answered(&serving, &token);
    let before = serving.disclosures();
    let connected = database.connected();
    database.run("DELETE FROM person WHERE account = 'viewer'");
    let reply = serving.get(PATH, &token);
    let body = reply.json().unwrap();
    assert_eq!((reply.status, &body["error"]["code"]), (400, &json!(190)), "{body}");
    assert_tells_nothing(&serving, &body, before);
    // An answer that was read to its end costs no connection.
    assert_eq!(serving.page("/readyz"), "ready\n");
    assert_eq!(database.connected(), connected);
}

#[test]
fn interop_postgres_connections_are_in_metrics() {
    let database = shared().database(SCHEMA);
    let world = settle(&database, "pool_size = 3\n");
    let (serving, token) = served(&world);
    assert_answered(&serving, &token);
    let metrics = serving.metrics();
    for name in OF_POSTGRES {
        assert!(metrics.contains(&format!("# TYPE {name} gauge\n")), "{name} in\n{metrics}");
    }
    for line in [
        "countersign_source_pool_max 3\n",
        "countersign_source_pool_idle 1\n",
        "countersign_source_questions_total 1\n",
        "countersign_source_duration_seconds_count 1\n",
        "countersign_source_failures_total{kind=\"late\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
}

#[test]
fn interop_postgres_that_is_slow_is_cancelled() {
    let cluster = Arc::new(Cluster::start());
    let database = cluster.database(SCHEMA);
    let world = settle(&database, "timeout_ms = 400\npool_size = 2\n");
    let (serving, token) = served(&world);
    assert_answered(&serving, &token);
    database.run("CREATE OR REPLACE VIEW people AS SELECT person.* FROM person, pg_sleep(30)");
    for _ in 0..3 {
        assert_refused(&serving, &token);
    }
    assert_told(&serving, "took longer than 400 ms");
    let busy = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND state = 'active'",
        database.reader()
    );
    eventually("the database gives up", || database.run(&busy) == "0");
    let log = "SELECT pg_read_file(current_setting('unix_socket_directories') || '/log.txt')";
    let log = cluster.run("postgres", log);
    assert_eq!(log.matches("canceling statement due to user request").count(), 3);
    assert_eq!(log.matches("canceling statement due to statement timeout").count(), 0);
    database.run("CREATE OR REPLACE VIEW people AS SELECT * FROM person");
    assert_answered(&serving, &token);
}

#[test]
fn interop_postgres_is_never_busy_with_more_questions_than_the_pool_has_connections() {
    let database = shared().database(SCHEMA);
    let world = settle(&database, "timeout_ms = 400\npool_size = 1\n");
    let way = WayWithoutCancelling::to(database.port());
    world.configure(&database.url(), &database.url_at(way.port));
    let (serving, token) = served(&world);
    assert_answered(&serving, &token);
    database.run("CREATE OR REPLACE VIEW people AS SELECT person.* FROM person, pg_sleep(30)");
    for _ in 0..3 {
        assert_refused(&serving, &token);
    }
    let reader = database.reader();
    let busy = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = '{reader}' AND state = 'active'"
    );
    assert!(database.run(&busy).parse::<u32>().unwrap() <= 1);
    database.run("CREATE OR REPLACE VIEW people AS SELECT * FROM person");
    eventually("answers are back", || serving.get(PATH, &token).status == 200);
}

#[test]
fn interop_postgres_that_dies_is_an_error_until_it_is_back() {
    let cluster = Arc::new(Cluster::start());
    let database = cluster.database(SCHEMA);
    let world = settle(&database, "connect_timeout_ms = 500\n");
    let (serving, token) = served(&world);
    assert_answered(&serving, &token);
    assert_eq!(serving.page("/readyz"), "ready\n");
    cluster.stop();
    assert_refused(&serving, &token);
    assert_told(&serving, "the source of people's data does not answer");
    let ready = || serving.get("/readyz", "");
    eventually("the server says so", || ready().status == 503);
    let said = String::from_utf8(ready().body).unwrap();
    assert!(said.starts_with("not ready: the source") && !said.contains("connection"), "{said}");
    let admin = serving.admin_token();
    let told = String::from_utf8(serving.get("/readyz", &admin).body).unwrap();
    assert!(told.contains("no connection: connection refused"), "{told}");
    // A command that is asked to wait says so, and does not do it for ever.
    for command in [["people", "token"].as_slice(), &["audit", "explain"]] {
        let who = ["--account", "newcomer", "--build", BUILD, "--purpose", PURPOSE];
        let made =
            finish(program(command).arg("--dir").arg(world.path()).args(who).args(["--wait", "1"]));
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert_eq!(made.status.code(), Some(1), "{command:?}: {said}");
        for told in ["the server asks to wait: ", "(asked for 1 seconds;"] {
            assert!(said.contains(told), "{command:?}: {said}");
        }
    }
    cluster.start_again();
    eventually("answers are back", || serving.get(PATH, &token).status == 200);
    assert_answered(&serving, &token);
    eventually("the server says so", || ready().status == 200);
    // Sessions that the database ends one by one are no error at all.
    database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'countersign'");
    eventually("they are gone", || {
        database.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'countersign'")
            == "0"
    });
    assert_answered(&serving, &token);
    world.verified(serving.head());
}

#[test]
fn interop_postgres_that_is_down_stops_the_start() {
    let cluster = Arc::new(Cluster::start());
    let database = cluster.database(SCHEMA);
    let world = settle(&database, "");
    cluster.stop();
    for command in [["serve"].as_slice(), &["source", "check"]] {
        let (is_content, text) = said(program(command).arg("--dir").arg(world.path()));
        assert!(!is_content);
        let expected =
            "[source.postgres] the database cannot be asked: no connection: connection refused";
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn interop_postgres_serves_fifty_at_once_over_four_connections() {
    let database = shared().database(SCHEMA);
    let world = settle(&database, "pool_size = 4\ntimeout_ms = 30000\n");
    let (serving, token) = served(&world);
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert_answered(&serving, &token));
        }
    });
    let count =
        format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", database.reader());
    assert!(database.run(&count).parse::<u32>().unwrap() <= 4);
    assert_eq!(serving.disclosures(), 50);
}
