//! PostgreSQL in the conformance suite: people as documents with friendships once, and as columns with
//! friendships from either side.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_people::store::People;
use countersign_source::postgres::PostgresSource;
use countersign_source::settings::postgres::{PostgresSettings, TlsMode};
use countersign_source::{Naming, Source};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::source::conformance::{Fault, Held, Platform, conforms, everything_open};
use crate::support::people::default_schema;
use crate::support::postgres::{Database, Session, shared};
use crate::support::source_people::{Network, VALUES};

/// How long a question may take where an answer is not expected, in milliseconds.
const SHORT_MS: u64 = 400;

/// How a database has its people.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A document each, by account; a friendship once, either way round.
    Documents,
    /// A column for each field, by number; a friendship from either side.
    Columns,
}

impl Shape {
    /// The columns of a person, and what each is made of: of `key`, `account`, `minor` and `profile`.
    fn columns(self) -> Vec<(&'static str, &'static str, String)> {
        let mut columns = vec![
            ("key", "bigint PRIMARY KEY", "key".to_owned()),
            ("account", "text NOT NULL UNIQUE", "account".to_owned()),
            ("minor", "boolean NOT NULL", "minor".to_owned()),
        ];
        match self {
            Self::Documents => columns.push(("profile", "jsonb NOT NULL", "profile".to_owned())),
            Self::Columns => columns.extend(VALUES.map(|(name, value)| {
                let value: Value = serde_json::from_str(value).unwrap();
                let sql_type = match value {
                    Value::String(_) => "text",
                    Value::Number(_) => "numeric",
                    Value::Bool(_) => "boolean",
                    _ => return (name, "jsonb", format!("profile -> '{name}'")),
                };
                (name, sql_type, format!("(profile ->> '{name}')::{sql_type}"))
            })),
        }
        columns
    }

    /// What a friendship names people by.
    const fn key(self) -> (&'static str, &'static str) {
        match self {
            Self::Documents => ("account", "text"),
            Self::Columns => ("key", "bigint"),
        }
    }

    fn schema(self) -> String {
        let columns: Vec<_> =
            self.columns().iter().map(|(name, sql_type, _)| format!("{name} {sql_type}")).collect();
        let (_, key_type) = self.key();
        format!(
            "CREATE TABLE person ({}); CREATE TABLE edge (a {key_type} NOT NULL, b {key_type} NOT NULL);
             CREATE INDEX ON edge (a); CREATE INDEX ON edge (b);
             CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);",
            columns.join(", ")
        )
    }

    fn mapping(self) -> String {
        let ((key, _), fields) = (self.key(), VALUES.map(|(name, _)| name));
        let (stored, fields) = match self {
            Self::Documents => {
                let field =
                    |name| format!("{name} = {{ column = \"profile\", path = \"/{name}\" }}\n");
                ("once", fields.map(field).concat())
            }
            Self::Columns => {
                ("twice", fields.map(|name| format!("{name} = \"{name}\"\n")).concat())
            }
        };
        format!(
            "version = 1\n[people]\ntable = \"people\"\naccount = \"account\"\nkey = \"{key}\"\n\
             minor = {{ column = \"minor\" }}\n[friendships]\ntable = \"edge\"\ncolumns = [\"a\", \"b\"]\n\
             stored = \"{stored}\"\n[fields]\n{fields}"
        )
    }

    /// What fills the tables with these people.
    fn filling(self, network: &Network) -> String {
        let people: Vec<_> = (network.people.iter().zip(1..))
            .map(|(somebody, key)| {
                let profile: Value = serde_json::from_str(&somebody.profile()).unwrap();
                json!({ "key": key, "account": somebody.account, "minor": somebody.minor, "profile": profile })
            })
            .collect();
        let columns: Vec<_> = self.columns().into_iter().map(|(_, _, made_of)| made_of).collect();
        let (key, _) = self.key();
        let either_side = match self {
            Self::Documents => "",
            Self::Columns => "INSERT INTO edge SELECT b, a FROM edge;",
        };
        format!(
            "TRUNCATE person, edge;
             INSERT INTO person SELECT {} FROM jsonb_to_recordset($json${}$json$)
                 AS (key bigint, account text, minor boolean, profile jsonb);
             INSERT INTO edge SELECT one.{key}, other.{key}
                 FROM jsonb_array_elements($json${}$json$) AS pair
                 JOIN person AS one ON one.account = pair ->> 0
                 JOIN person AS other ON other.account = pair ->> 1;
             {either_side} ANALYZE person, edge;",
            columns.join(", "),
            json!(people),
            json!(network.friendships),
        )
    }

    /// The people as a view that fails so; `None` if it cannot.
    fn people(self, fault: Option<Fault>) -> Option<String> {
        let all = "SELECT person.* FROM person";
        Some(match fault {
            None | Some(Fault::Down | Fault::WrongForm) => all.to_owned(),
            Some(Fault::Slow) => format!("{all}, pg_sleep(30)"),
            // The session ends when it comes to one of the friends.
            Some(Fault::Truncated) => format!(
                "{all} WHERE CASE account WHEN 'bob' THEN pg_terminate_backend(pg_backend_pid())
                 AND EXISTS (SELECT FROM pg_sleep(30)) ELSE true END"
            ),
            Some(Fault::PersonTwice) => format!("{all} UNION ALL {all} WHERE account = 'bob'"),
            // The database takes two spellings for one.
            Some(Fault::AnotherViewer) if self == Self::Columns => {
                let columns = self.columns();
                let columns = columns.iter().map(|(name, _, _)| match *name {
                    "account" => "upper(account) COLLATE anycase AS account",
                    name => name,
                });
                format!("SELECT {} FROM person", columns.collect::<Vec<_>>().join(", "))
            }
            // A number that no double can hold, which jsonb can.
            Some(Fault::UnsoundValue) if self == Self::Documents => {
                let columns = self.columns();
                let columns = columns.iter().map(|(name, _, _)| match *name {
                    "profile" => "profile || '{\"name\": 1e400}'::jsonb AS profile",
                    name => name,
                });
                format!("SELECT {} FROM person", columns.collect::<Vec<_>>().join(", "))
            }
            // What is in typed columns is written as JSON here.
            Some(Fault::UnsoundValue) => return None,
            // Friendships name people by their accounts, and an account is what the viewer is found by.
            Some(Fault::AnotherViewer) => return None,
            // Whoever is their own friend is left out by the statement.
            Some(Fault::OwnFriend) => return None,
        })
    }
}

/// A database of some shape, with its source.
struct Postgres {
    shape: Shape,
    database: Database,
    source: Source,
    impatient: Source,
    is_impatient: AtomicBool,
    /// Where connections are read and written.
    _runtime: Runtime,
}

impl Postgres {
    fn new(shape: Shape, network: &Network, store: &Arc<People>, folder: &Path) -> Self {
        let view = shape.people(None).unwrap();
        let schema = format!("{}CREATE VIEW people AS {view};", shape.schema());
        let database = shared().database(&(schema + &shape.filling(network)));
        fs::write(folder.join("mapping.toml"), shape.mapping()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let open = |timeout_ms| {
            let settings = settings(&database, timeout_ms);
            let naming = Naming::new(Arc::clone(store), everything_open());
            let (people, schema) = (Arc::clone(store), default_schema());
            let source = PostgresSource::open(people, naming, &settings, folder, &schema);
            Source::Postgres(Box::new(runtime.block_on(source).unwrap()))
        };
        let (source, impatient) = (open(60_000), open(SHORT_MS));
        Self { shape, database, source, impatient, is_impatient: false.into(), _runtime: runtime }
    }

    fn source(&self) -> &Source {
        match self.is_impatient.load(Ordering::SeqCst) {
            true => &self.impatient,
            false => &self.source,
        }
    }

    fn change(&self, network: &Network) {
        self.database.run(&self.shape.filling(network));
    }

    fn fail(&self, fault: Option<Fault>) -> bool {
        let Some(view) = self.shape.people(fault) else { return false };
        self.is_impatient.store(fault == Some(Fault::Slow), Ordering::SeqCst);
        self.database.accept(true);
        let reader = self.database.reader();
        self.database.run(&format!(
            "DROP VIEW people; CREATE VIEW people AS {view}; GRANT SELECT ON people TO {reader}"
        ));
        match fault {
            Some(Fault::Down) => self.database.accept(false),
            Some(Fault::WrongForm) => {
                self.database.run("ALTER VIEW people RENAME COLUMN minor TO is_minor");
            }
            _ => {}
        }
        true
    }

    fn hold(&self) -> Waiting<'_> {
        let session = self.database.session();
        session.run("BEGIN; LOCK TABLE person IN ACCESS EXCLUSIVE MODE");
        Waiting { database: &self.database, _session: session }
    }
}

/// Questions wait for a lock while this is there: it ends with its session.
struct Waiting<'a> {
    database: &'a Database,
    _session: Session,
}

impl Held for Waiting<'_> {
    fn is_waited_for(&self) -> bool {
        let waiting =
            "SELECT count(*) FROM pg_locks WHERE relation = 'person'::regclass AND NOT granted";
        self.database.run(waiting) != "0"
    }
}

fn settings(database: &Database, timeout_ms: u64) -> PostgresSettings {
    PostgresSettings {
        url: database.url(),
        password_file: None,
        password_env: None,
        mapping: "mapping.toml".into(),
        pool_size: 1,
        timeout_ms,
        connect_timeout_ms: 20_000,
        tls: TlsMode::Disable,
        ca_file: None,
    }
}

/// A platform of the suite for each shape.
macro_rules! shapes {
    ($($name:ident: $shape:expr;)+) => {
        $(
            struct $name(Postgres);

            impl Platform for $name {
                // Documents lose the order of their members, and text how its characters were written.
                const KEEPS_BYTES: bool = false;

                fn build(network: &Network, store: &Arc<People>, folder: &Path) -> Self {
                    Self(Postgres::new($shape, network, store, folder))
                }

                fn source(&self) -> &Source {
                    self.0.source()
                }

                fn change(&self, network: &Network, _: &Arc<People>, _: &Path) {
                    self.0.change(network);
                }

                fn fail(&self, fault: Option<Fault>) -> bool {
                    self.0.fail(fault)
                }

                fn hold(&self) -> Option<Box<dyn Held + '_>> {
                    Some(Box::new(self.0.hold()))
                }
            }
        )+
    };
}

shapes! {
    Documents: Shape::Documents;
    Columns: Shape::Columns;
}

conforms!(interop_postgres_documents, super::Documents);
conforms!(interop_postgres_columns, super::Columns);
