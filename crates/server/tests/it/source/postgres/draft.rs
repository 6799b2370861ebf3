//! `countersign source draft` on schemas as different houses write them: the draft is as it was reviewed, and
//! `source check` takes it without a change.

use std::fs;

use countersign_source::postgres::mapping_file::parse;
use serde_json::Value;

use crate::support::people::default_schema;
use crate::support::postgres::{Database, said, shared};
use crate::support::{World, assert_golden, program};

/// As a textbook has it: a number for everybody, and a status of each friendship, which stands there from either side.
const TEXTBOOK: &str = "
CREATE TYPE friendship_status AS ENUM ('requested', 'accepted', 'declined');
CREATE TABLE users (id bigint PRIMARY KEY, username text NOT NULL UNIQUE, email text NOT NULL, password_hash text NOT NULL,
    first_name text NOT NULL, last_name text NOT NULL, birth_date date, gender text, bio text, city text, religion text,
    profile_visibility text NOT NULL DEFAULT 'friends', show_birthday boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz, deleted_at timestamptz);
CREATE TABLE friendships (user_id bigint NOT NULL REFERENCES users, friend_id bigint NOT NULL REFERENCES users,
    status friendship_status NOT NULL, PRIMARY KEY (user_id, friend_id));
CREATE TABLE messages (id bigint PRIMARY KEY, sender_id bigint REFERENCES users, recipient_id bigint REFERENCES users, body text);
CREATE TABLE user_sessions (token text PRIMARY KEY, user_id bigint REFERENCES users);
INSERT INTO users (id, username, email, password_hash, first_name, last_name, birth_date, profile_visibility) VALUES
    (1, 'ada', 'ada@example.org', 'x', 'Ada', 'Byron', '1990-12-10', 'friends'),
    (2, 'bob', 'bob@example.org', 'x', 'Bob', 'Noyce', '1991-01-02', 'public'),
    (3, 'eve', 'eve@example.org', 'x', 'Eve', 'Adler', '2015-03-04', 'only_me');
INSERT INTO friendships VALUES (1, 2, 'accepted'), (2, 1, 'accepted'), (1, 3, 'accepted'), (3, 1, 'accepted'),
    (3, 2, 'requested');
ANALYZE users, friendships;
";

/// As a federated network has it: accounts that follow each other, and other tables of two accounts.
const FEDERATED: &str = "
CREATE TABLE accounts (id bigint PRIMARY KEY, username varchar NOT NULL DEFAULT '', domain varchar, display_name varchar NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '', url varchar, locked boolean NOT NULL DEFAULT false, suspended_at timestamp, private_key text,
    updated_at timestamp NOT NULL DEFAULT now(), UNIQUE (username, domain));
CREATE TABLE follows (id bigint PRIMARY KEY, created_at timestamp NOT NULL DEFAULT now(), account_id bigint NOT NULL REFERENCES accounts,
    target_account_id bigint NOT NULL REFERENCES accounts, UNIQUE (account_id, target_account_id));
CREATE TABLE follow_requests (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts,
    target_account_id bigint NOT NULL REFERENCES accounts);
CREATE TABLE blocks (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts,
    target_account_id bigint NOT NULL REFERENCES accounts);
CREATE TABLE statuses (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, text text,
    in_reply_to_account_id bigint REFERENCES accounts);
INSERT INTO accounts (id, username, display_name) VALUES (11, 'ada', 'Ada'), (12, 'bob', 'Bob'), (13, 'eve', 'Eve'), (14, 'cai', 'Cai');
INSERT INTO follows (id, account_id, target_account_id) VALUES (1, 11, 12), (2, 12, 11), (3, 13, 11), (4, 11, 14);
";

/// As a benchmark has it: a prefix before each column, and friendships once.
const BENCHMARK: &str = "
CREATE TABLE place (pl_placeid bigint PRIMARY KEY, pl_name text NOT NULL);
CREATE TABLE person (p_personid bigint PRIMARY KEY, p_firstname text, p_lastname text, p_gender text, p_birthday date,
    p_creationdate timestamptz, p_cityid bigint REFERENCES place, p_browserused text);
CREATE TABLE person_knows_person (k_person1id bigint NOT NULL REFERENCES person, k_person2id bigint NOT NULL REFERENCES person,
    k_creationdate timestamptz, PRIMARY KEY (k_person1id, k_person2id));
CREATE TABLE forum (f_forumid bigint PRIMARY KEY, f_title text, f_moderatorid bigint REFERENCES person);
INSERT INTO place VALUES (5, 'Delft');
INSERT INTO person VALUES (100, 'Ada', 'Byron', 'female', '1990-12-10', now(), 5, 'Lynx'), (200, 'Bob', 'Noyce', 'male', '1991-01-02', now(), 5, 'Lynx');
INSERT INTO person_knows_person VALUES (100, 200, now());
";

/// As an old house has it: a schema of its own, uuids, names with capitals, tables in partitions, people behind a view,
/// and no foreign keys to it.
const OLD_HOUSE: &str = "
CREATE SCHEMA \"Social\";
CREATE TABLE \"Social\".\"MemberRows\" (\"MemberId\" uuid NOT NULL, \"Region\" text NOT NULL, \"DisplayName\" text, \"EMail\" text,
    \"DateOfBirth\" date, \"IsDeleted\" boolean NOT NULL DEFAULT false, PRIMARY KEY (\"MemberId\", \"Region\")) PARTITION BY LIST (\"Region\");
CREATE TABLE \"Social\".\"MemberRowsEU\" PARTITION OF \"Social\".\"MemberRows\" FOR VALUES IN ('eu');
CREATE TABLE \"Social\".\"MemberRowsUS\" PARTITION OF \"Social\".\"MemberRows\" FOR VALUES IN ('us');
CREATE VIEW \"Social\".\"Members\" AS SELECT \"MemberId\", \"DisplayName\", \"EMail\", \"DateOfBirth\", \"IsDeleted\" FROM \"Social\".\"MemberRows\";
CREATE TABLE \"Social\".\"Friendships\" (\"LeftMember\" uuid NOT NULL, \"RightMember\" uuid NOT NULL, \"ConfirmedAt\" timestamptz, \"EndedAt\" timestamptz,
    PRIMARY KEY (\"LeftMember\", \"RightMember\"));
INSERT INTO \"Social\".\"MemberRows\" VALUES ('00000000-0000-4000-8000-00000000000a', 'eu', 'Ada', 'ada@example.org', '1990-12-10'),
    ('00000000-0000-4000-8000-00000000000b', 'us', 'Bob', 'bob@example.org', '1991-01-02');
INSERT INTO \"Social\".\"Friendships\" VALUES ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b', now(), NULL);
";

/// The draft of a database, as a program reads it.
fn drafted(world: &World, database: &Database) -> Value {
    let mut command = program(&["source", "draft", "--json", "--url", &database.url()]);
    let (is_content, text) = said(command.arg("--dir").arg(world.path()));
    assert!(is_content, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Drafts a mapping, runs what the owner is told to run, and has it checked as it is: the mapping, and what was said.
fn drafted_and_checked(schema: &str) -> (String, Value, String) {
    let database = shared().database(schema);
    let world = World::founded();
    let mut draft = drafted(&world, &database);
    for statement in draft["statements"].as_array().unwrap() {
        database.run(statement.as_str().unwrap());
    }
    if !draft["statements"].as_array().unwrap().is_empty() {
        // What could not be read is looked at now.
        draft = drafted(&world, &database);
        assert_eq!(draft["statements"], Value::Array(Vec::new()));
    }
    let mapping = draft["mapping"].as_str().unwrap().replace(&database.reader(), "reader");
    database.serve_to(&world, &mapping, "");
    let (is_content, checked) = said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    assert!(is_content, "{mapping}\n{checked}");
    assert!(!checked.contains("MISSING"), "{checked}");
    (mapping, draft, checked)
}

#[test]
fn interop_postgres_golden_draft_of_a_textbook() {
    let (mapping, draft, checked) = drafted_and_checked(TEXTBOOK);
    assert_golden("draft-textbook.toml", &mapping);
    assert_eq!(draft["open_questions"], Value::Array(Vec::new()));
    assert!(checked.contains("everything about one person and 2 friends"), "{checked}");
    // Nothing of anybody is in a draft.
    assert!(!draft.to_string().contains("Byron") && !draft.to_string().contains("ada@"), "{draft}");
}

#[test]
fn interop_postgres_golden_draft_of_a_federated_network() {
    let (mapping, _, checked) = drafted_and_checked(FEDERATED);
    assert_golden("draft-federated.toml", &mapping);
    // Ada follows Cai and Eve follows Ada, and neither is followed back: these are no friendships.
    assert!(checked.contains("everything about one person and 1 friends"), "{checked}");
    assert!(checked.contains("of 4 people, 2 have friends"), "{checked}");
}

#[test]
fn interop_postgres_golden_draft_of_a_benchmark() {
    let (mapping, _, checked) = drafted_and_checked(BENCHMARK);
    assert_golden("draft-benchmark.toml", &mapping);
    assert!(checked.contains("everything about one person and 1 friends"), "{checked}");
}

#[test]
fn interop_postgres_golden_draft_of_an_old_house() {
    let (mapping, _, checked) = drafted_and_checked(OLD_HOUSE);
    assert_golden("draft-old-house.toml", &mapping);
    assert!(checked.contains("everything about one person and 1 friends"), "{checked}");
}

#[test]
fn interop_postgres_draft_says_which_rights_a_role_lacks_and_what_is_not_known() {
    let database = shared().database(
        "CREATE SCHEMA hidden; CREATE TABLE hidden.users (id int PRIMARY KEY, name text, email text);
         CREATE TABLE hidden.friends (user_id int REFERENCES hidden.users, friend_id int REFERENCES hidden.users, status text);
         INSERT INTO hidden.users VALUES (1, 'Ada'), (2, 'Bob'); INSERT INTO hidden.friends VALUES (1, 2, 'J'), (2, 1, 'N');",
    );
    let world = World::founded();
    let (reader, out) = (database.reader(), world.path().join("mapping.toml"));
    let mut command = program(&["source", "draft", "--url", &database.url(), "--out"]);
    let (is_content, text) = said(command.arg(&out).arg("--dir").arg(world.path()));
    assert!(is_content, "{text}");
    for expected in [
        format!("  GRANT USAGE ON SCHEMA \"hidden\" TO \"{reader}\";\n"),
        format!(
            "  GRANT SELECT (\"email\", \"id\", \"name\") ON \"hidden\".\"users\" TO \"{reader}\";\n"
        ),
        "  CREATE INDEX CONCURRENTLY ON \"hidden\".\"friends\" (\"user_id\");\n".to_owned(),
        "to decide  no row of hidden.friends could be looked at".to_owned(),
        "to decide  at which value of \"status\" in hidden.friends both have agreed".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected}\n{text}");
    }
    // A file that is there is not written over.
    let mut again = program(&["source", "draft", "--url", &database.url(), "--out"]);
    let (is_content, text) = said(again.arg(&out).arg("--dir").arg(world.path()));
    assert!(!is_content && text.contains("a file of this name exists"), "{text}");
    // Until somebody says what `J` means, nobody is anybody's friend.
    database.run(&format!(
        "GRANT USAGE ON SCHEMA hidden TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA hidden TO {reader}"
    ));
    database.serve_to(&world, &fs::read_to_string(&out).unwrap(), "");
    let (is_content, text) = said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    assert!(is_content && text.contains("nobody has friends"), "{text}");
}

#[test]
fn interop_postgres_draft_keeps_hostile_names_within_their_quotes() {
    let database = shared().database(
        "CREATE TABLE \"us\"\"er\nversion = 7\" (id int PRIMARY KEY, name text, \"x\n[evil]\n\" text, \"' \\ é\" int UNIQUE);
         ALTER TABLE \"us\"\"er\nversion = 7\" RENAME TO \"a\n[evil] users\";
         CREATE TABLE \"friends\n#\" (a_user int REFERENCES \"a\n[evil] users\", b_user int REFERENCES \"a\n[evil] users\");",
    );
    let world = World::founded();
    let draft = drafted(&world, &database);
    let mapping = draft["mapping"].as_str().unwrap();
    assert!(!mapping.lines().any(|line| line.starts_with("[evil]")), "{mapping}");
    let mapping = parse(mapping, &default_schema()).unwrap();
    assert_eq!(mapping.people.scope.table.name, "a\n[evil] users");
    assert_eq!(mapping.friendships.scope.table.name, "friends\n#");
}

#[test]
fn interop_postgres_draft_of_a_database_without_people_says_so() {
    let database = shared().database("CREATE TABLE weather (at timestamptz, celsius numeric)");
    let world = World::founded();
    let mut command = program(&["source", "draft", "--url", &database.url()]);
    let (is_content, text) = said(command.arg("--dir").arg(world.path()));
    assert!(
        !is_content && text.contains("none of 1 tables looks like one with a row for each person"),
        "{text}"
    );
    let (is_content, text) = said(program(&["source", "draft"]).arg("--dir").arg(world.path()));
    assert!(!is_content && text.contains("give --url postgresql://"), "{text}");
}
