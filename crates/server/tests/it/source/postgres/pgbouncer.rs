//! PgBouncer between us and the database: what a session was asked to be is asked back, and a pooler that takes
//! it away, or takes away what was prepared, is named.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::support::postgres::{Database, free_port, said, shared};
use crate::support::{World, eventually, program};

const SCHEMA: &str = "CREATE TABLE people (account text PRIMARY KEY, name text);
    CREATE TABLE friends (a text, b text, PRIMARY KEY (a, b)); CREATE INDEX ON friends (b);
    INSERT INTO people VALUES ('ada', 'Ada'), ('bob', 'Bob'); INSERT INTO friends VALUES ('ada', 'bob')";

const MAPPING: &str = "version = 1\n[people]\ntable = \"people\"\naccount = \"account\"\n\
    [friendships]\ntable = \"friends\"\ncolumns = [\"a\", \"b\"]\nstored = \"once\"\n\
    [fields]\nname = \"name\"\n";

/// What the role has to have where a pooler passes `options` over.
const OF_ROLE: [(&str, &str); 8] = [
    ("default_transaction_read_only", "on"),
    ("search_path", "pg_catalog"),
    ("TimeZone", "'UTC'"),
    ("DateStyle", "'ISO, MDY'"),
    ("extra_float_digits", "1"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
    ("statement_timeout", "3000"),
];

/// A pooler, which ends with the test.
struct Bouncer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

fn pgbouncer() -> PathBuf {
    let debian = Path::new("/usr/sbin/pgbouncer");
    std::env::var_os("COUNTERSIGN_PGBOUNCER").map_or_else(|| debian.to_owned(), PathBuf::from)
}

impl Bouncer {
    fn before(database: &Database, mode: &str, more: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        // It gives up being root, and reads its files as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let users = folder.path().join("users.txt");
        fs::write(&users, format!("\"{}\" \"\"\n", database.reader())).unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let (name, behind) = (&database.name, database.port());
        let text = format!(
            "[databases]\n{name} = host=127.0.0.1 port={behind} dbname={name}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = trust\nauth_file = {}\n\
             pool_mode = {mode}\ndefault_pool_size = 4\nunix_socket_dir =\n{more}\n",
            users.display()
        );
        fs::write(&settings, text).unwrap();
        let mut command = Command::new(pgbouncer());
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "postgres"]);
        }
        let child = command.arg(&settings).stderr(Stdio::null()).spawn().unwrap_or_else(|error| {
            panic!("this test needs PgBouncer, which `cargo xtask test` installs: {error}")
        });
        eventually("PgBouncer listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { child, port, _folder: folder }
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A world whose source is this database by this pooler.
fn world(database: &Database, bouncer: &Bouncer) -> World {
    let world = World::founded();
    world.import_lines(&[json!({ "account": "ada" }), json!({ "account": "bob" })]);
    database.serve_to(&world, MAPPING, "");
    world.configure(&database.url(), &database.url_at(bouncer.port));
    world
}

fn set_for_role(database: &Database) {
    for (name, value) in OF_ROLE {
        let reader = database.reader();
        database.run(&format!("ALTER ROLE {reader} SET {name} = {value}"));
    }
}

/// What start and check say, both of which are refused.
fn assert_refused(world: &World, told: &[&str]) {
    for command in [["serve"].as_slice(), &["source", "check"]] {
        let (is_content, text) = said(program(command).arg("--dir").arg(world.path()));
        assert!(!is_content, "{command:?}: {text}");
        assert!(told.iter().all(|told| text.contains(told)), "{told:?} is not in:\n{text}");
    }
}

/// Of the two sessions that a pooler has given so far, the one that it gave first is now the second to be given.
#[tokio::main(flavor = "current_thread")]
async fn turn_sessions(url: &str) {
    let (first, driver) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(driver);
    let (second, driver) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(driver);
    for (client, statement) in
        [(&first, "BEGIN"), (&second, "BEGIN"), (&first, "COMMIT"), (&second, "COMMIT")]
    {
        client.batch_execute(statement).await.unwrap();
    }
}

const IGNORING: &str = "ignore_startup_parameters = options,extra_float_digits";

#[test]
fn interop_postgres_pgbouncer_that_ignores_options_is_named() {
    let database = shared().database(SCHEMA);
    for mode in ["transaction", "session"] {
        let bouncer = Bouncer::before(&database, mode, IGNORING);
        assert_refused(
            &world(&database, &bouncer),
            &[
                "the session is not what it was asked to be",
                "default_transaction_read_only is \"off\", and \"on\" was asked for",
                "search_path is ",
                "statement_timeout is \"0\", and \"3000\" was asked for",
                "ALTER ROLE",
            ],
        );
    }
}

#[test]
fn interop_postgres_pgbouncer_that_refuses_options_is_named() {
    let database = shared().database(SCHEMA);
    let bouncer = Bouncer::before(&database, "session", "");
    assert_refused(&world(&database, &bouncer), &["PgBouncer", "`options`"]);
}

#[test]
fn interop_postgres_pgbouncer_in_transaction_mode_is_named_or_keeps_what_is_prepared() {
    let database = shared().database(SCHEMA);
    set_for_role(&database);
    let version = Command::new(pgbouncer()).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let minor = version.split("PgBouncer 1.").nth(1).and_then(|rest| rest.split('.').next());
    let keeps = minor.unwrap().parse::<u32>().unwrap() >= 21;
    let more = if keeps { "\nmax_prepared_statements = 200" } else { "" };
    let bouncer = Bouncer::before(&database, "transaction", &format!("{IGNORING}{more}"));
    let world = world(&database, &bouncer);
    if keeps {
        let (is_content, text) = said(program(&["source", "check"]).arg("--dir").arg(world.path()));
        assert!(is_content && text.contains("a pooler in transaction mode"), "{text}");
    } else {
        let told = ["a pooler in transaction mode", "1.21", "session mode"];
        for _ in 0..3 {
            assert_refused(&world, &told);
            // Now the next program prepares in the one session, and finds in the other what this one left there.
            turn_sessions(&database.url_at(bouncer.port));
        }
    }
}

#[test]
fn interop_postgres_pgbouncer_in_session_mode_serves_a_role_with_the_settings() {
    let database = shared().database(SCHEMA);
    set_for_role(&database);
    let bouncer = Bouncer::before(&database, "session", IGNORING);
    let world = world(&database, &bouncer);
    let (is_content, text) = said(program(&["source", "check"]).arg("--dir").arg(world.path()));
    assert!(is_content && text.contains("sessions read-only, as asked back"), "{text}");
    let serving = world.serve();
    let token = serving.token("ada");
    for _ in 0..20 {
        let answer = serving.read("/me?fields=name,friends{name}", &token);
        assert_eq!(
            (&answer["name"], &answer["friends"]["data"][0]["name"]),
            (&json!("Ada"), &json!("Bob"))
        );
    }
}
