//! Choices that people made on the platform, in columns of its database: what they begin with, what they close, and
//! what the log has of it.

use std::process::Command;

use serde_json::Value;

use crate::support::postgres::{Database, said, shared};
use crate::support::{Serving, World, eventually, log_key, program, send, verifier};

const SCHEMA: &str = "
CREATE TYPE audience AS ENUM ('public', 'friends', 'only_me');
CREATE TABLE people (account text PRIMARY KEY, name text NOT NULL, hometown text, minor boolean NOT NULL DEFAULT false);
CREATE TABLE privacy (account text PRIMARY KEY REFERENCES people, profile audience, show_hometown boolean);
CREATE TABLE friendships (a text NOT NULL, b text NOT NULL, PRIMARY KEY (a, b));
CREATE INDEX ON friendships (b);
INSERT INTO people VALUES ('ada', 'Ada', 'Delft'), ('bob', 'Bob', 'Delft'), ('cai', 'Cai', 'Delft'), ('dee', 'Dee', 'Delft');
INSERT INTO privacy VALUES ('ada', 'friends', true), ('bob', 'friends', false), ('cai', 'only_me', true);
INSERT INTO friendships VALUES ('ada', 'bob'), ('ada', 'cai'), ('ada', 'dee');
";

const MAPPING: &str = r#"version = 1
[people]
table = "people"
account = "account"
minor = { column = "minor" }
[[people.joins]]
table = "privacy"
as = "privacy"
from = "account"
to = "account"
[friendships]
table = "friendships"
columns = ["a", "b"]
stored = "once"
[fields]
name = "name"
hometown = { object = { name = "hometown" } }
[[settings]]
column = { column = "profile", of = "privacy" }
open_at = ["public", "friends"]
fields = ["*"]
routes = ["friends_device", "friends_app"]
OPENS
[[settings]]
column = { column = "show_hometown", of = "privacy" }
open_at = [true]
fields = ["hometown"]
routes = ["friends_device", "friends_app"]
"#;

fn founded(opens: bool) -> (Database, World) {
    let (database, world) = (shared().database(SCHEMA), World::founded());
    let opens = if opens { "opens = true" } else { "" };
    database.serve_to(&world, &MAPPING.replace("OPENS", opens), "");
    (database, world)
}

/// The friends of Ada, as the demonstration's client sees them: each name, with a star where the hometown is open.
fn friends(server: &Serving<'_>, token: &str) -> String {
    let answer = server.read("/v3.0/me/friends?fields=name,hometown&limit=50", token);
    let friends = answer["data"].as_array().unwrap();
    let said = |friend: &Value| {
        let star = if friend["hometown"].is_null() { "" } else { "*" };
        format!("{}{star}", friend["name"].as_str().unwrap_or_default())
    };
    let mut friends: Vec<_> = friends.iter().map(said).collect();
    friends.sort();
    friends.join(" ")
}

#[test]
fn interop_postgres_settings_are_what_people_begin_with_and_close_at_once() {
    let (database, world) = founded(true);
    let server = world.serve();
    let token = server.token("ada");
    // Cai closed the profile, Bob the hometown, and Dee said nothing, which is closed.
    assert_eq!(friends(&server, &token), "Bob");
    // What is closed on the platform is closed at the next request, and what is opened there opens no more than
    // what somebody began with.
    database.run("UPDATE privacy SET profile = 'only_me' WHERE account = 'bob'");
    assert_eq!(friends(&server, &token), "");
    database.run("UPDATE privacy SET profile = 'public', show_hometown = true");
    database.run("INSERT INTO privacy VALUES ('dee', 'public', true)");
    assert_eq!(friends(&server, &token), "Bob");
    // What people choose here opens no more than the platform has open.
    server.open_to_friends_devices("cai", &["id", "name", "hometown"]);
    assert_eq!(friends(&server, &token), "Bob Cai*");
    database.run("UPDATE privacy SET profile = 'only_me' WHERE account = 'cai'");
    assert_eq!(friends(&server, &token), "Bob");
    // The log has what Bob began with, and everything that was released lies within it.
    let ledger = world.path().join("bob.ledger");
    let (is_content, text) = said(program(&["log", "close"]).arg("--dir").arg(world.path()));
    assert!(is_content, "{text}");
    eventually("the close is published", || {
        let mut command = program(&["people", "ledger", "bob", "--out"]);
        said(command.arg(&ledger).arg("--dir").arg(world.path())).0
    });
    let mut command = Command::new(verifier());
    let key = log_key(&world.directory);
    let (holds, text) = said(command.arg("ledger").arg(&ledger).args(["--key", &key]));
    assert!(holds, "{text}");
    assert!(server.stop().success());
    world.verified(1);
    world.assert_checks();
    let (_, text) = said(program(&["people", "history", "bob"]).arg("--dir").arg(world.path()));
    assert!(!text.contains("feed"), "what somebody begins with is no change: {text}");
}

#[test]
fn interop_postgres_settings_without_opens_open_nothing() {
    let (database, world) = founded(false);
    let check = || said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    let (is_content, text) = check();
    assert!(is_content, "{text}");
    assert!(text.contains("0 of these friends begin with an open id"), "{text}");
    assert!(text.contains("`opens = true` in [[settings]]"), "{text}");
    world.configure("new_people = \"default\"", "new_people = \"open\"");
    let (_, text) = check();
    assert!(text.contains("1 of these friends begin with an open id"), "{text}");
    let server = world.serve();
    let token = server.token("ada");
    assert_eq!(friends(&server, &token), "Bob");
    database.run("DELETE FROM privacy WHERE account = 'bob'");
    assert_eq!(friends(&server, &token), "", "who says nothing is closed");
}

#[test]
fn interop_postgres_settings_of_the_feed_open_once_the_log_has_them() {
    let (database, world) = founded(true);
    database.run("INSERT INTO privacy VALUES ('dee', 'public', true)");
    let server = world.serve();
    let token = server.token("ada");
    assert_eq!(friends(&server, &token), "Bob Dee*");
    let feed = |line: &str| {
        let admin = format!("Bearer {}", server.admin_token());
        let headers = [("authorization", &*admin), ("content-type", "application/x-ndjson")];
        let reply = send(&world.url(), "POST", "/admin/v1/people/feed", &headers, line);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    };
    feed(
        "{\"sequence\":1,\"account\":\"dee\",\"settings\":{\"friends_device\":[],\"friends_app\":[]}}\n",
    );
    assert_eq!(friends(&server, &token), "Bob", "what is closed is closed at once");
    feed(
        "{\"sequence\":2,\"account\":\"dee\",\"settings\":{\"friends_device\":[\"id\",\"name\"]}}\n",
    );
    eventually("Dee is open once the log has it", || friends(&server, &token) == "Bob Dee");
    // Chosen here, it is not opened by the platform any more.
    server.open_to_friends_devices("dee", &[]);
    feed("{\"sequence\":3,\"account\":\"dee\",\"settings\":{\"friends_device\":[\"*\"]}}\n");
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(friends(&server, &token), "Bob");
    let (_, text) = said(program(&["people", "history", "dee"]).arg("--dir").arg(world.path()));
    assert!(text.contains("feed"), "{text}");
    assert!(server.stop().success());
    world.verified(1);
    world.assert_checks();
}

#[test]
fn interop_postgres_check_knows_labels_and_says_why_nobody_has_friends() {
    let (database, world) = founded(false);
    let check = |mapping: &str| {
        std::fs::write(world.path().join("mapping.toml"), mapping).unwrap();
        said(program(&["source", "check"]).arg("--dir").arg(world.path()))
    };
    let mapping = MAPPING.replace("OPENS", "");
    let (is_content, text) = check(&mapping.replace("\"friends\"]", "\"freinds\"]"));
    let expected = "is compared with \"freinds\", which it never is; allowed: \"public\", \"friends\", \"only_me\"; did you mean \"friends\"?";
    assert!(!is_content && text.contains(expected), "{text}");
    let (is_content, text) = check(&mapping.replace("open_at = [true]", "open_at = [\"yes\"]"));
    let expected = "is compared with \"yes\", which it never is; allowed: \"true\", \"false\"";
    assert!(!is_content && text.contains(expected), "{text}");
    database.run("ALTER TABLE friendships ADD status text NOT NULL DEFAULT 'requested'");
    let status = "stored = \"once\"\nwhere = [{ column = \"status\", is = \"accepted\" }]";
    let (is_content, text) = check(&mapping.replace("stored = \"once\"", status));
    assert!(
        is_content && text.contains("public.friendships has rows, and none of them counts"),
        "{text}"
    );
    assert!(text.contains("of 4 people, 0 have friends"), "{text}");
    database.run("TRUNCATE friendships; DROP INDEX friendships_b_idx");
    let (_, text) = check(&mapping);
    assert!(text.contains("nobody has friends: public.friendships has no rows"), "{text}");
    assert!(
        text.contains("\n  CREATE INDEX CONCURRENTLY ON \"public\".\"friendships\" (\"b\");"),
        "{text}"
    );
    database.run(&format!(
        "REVOKE SELECT ON friendships, people FROM {0}; GRANT SELECT (account) ON people TO {0}",
        database.reader()
    ));
    let (is_content, text) = check(&mapping);
    let reader = database.reader();
    for expected in [
        format!("\n  GRANT SELECT (\"a\", \"b\") ON \"public\".\"friendships\" TO \"{reader}\";"),
        format!(
            "\n  GRANT SELECT (\"hometown\", \"minor\", \"name\") ON \"public\".\"people\" TO \"{reader}\";"
        ),
    ] {
        assert!(!is_content && text.contains(&expected), "{expected}\n{text}");
    }
    // What it says to run makes it content.
    let statements = text.split_once("to run as the owner of the tables\n").unwrap().1;
    statements.lines().for_each(|statement| drop(database.run(statement)));
    let (is_content, text) = check(&mapping);
    assert!(is_content && !text.contains("GRANT") && !text.contains("CREATE INDEX"), "{text}");
}
