//! Profiles from a platform's own API. What one learns: how a mapping file says where people's fields are in that
//! API's answers, how the mapping is checked before the first request, and what a source gives away: who is in a
//! question, and no value of anybody, which only the log opens.
//!
//! The API is served by this example. A kind of source beside the replica, PostgreSQL and HTTP is a variant of the
//! enum `Source`, so it is a change of this crate: docs/howto/source.md.
//!
//! ```text
//! cargo run -p countersign-source --example own_source
//! ```
#![expect(clippy::print_stdout, reason = "it is an example for people")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use countersign_domain::decide::People as _;
use countersign_domain::field::FieldSet;
use countersign_domain::settings::Settings;
use countersign_fixtures::{at, name, schema};
use countersign_people::store::{People, StoreOptions};
use countersign_source::http::{HttpSource, check};
use countersign_source::settings::http::HttpSettings;
use countersign_source::{Clock, Naming, Question, Source};

type Failure = Box<dyn std::error::Error>;

/// Where the fields of our schema are in the API's answers.
const MAPPING: &str = r#"version = 1
base_url = "http://ADDRESS"

[person]
path = "/users/{account}"
account = "/login"
minor = "/under_age"

[fields]
name = "/names/full"
work = "/jobs"

[friends]
path = "/users/{account}/contacts"
list = "/contacts"
accounts = ""
"#;

/// What the API answers to the path of a request.
fn answer(path: &str) -> Option<&'static str> {
    Some(match path {
        "/users/vera" => {
            r#"{"login":"vera","under_age":false,"names":{"full":"Vera Moss"},"jobs":["baker"]}"#
        }
        "/users/ben" => r#"{"login":"ben","under_age":true,"names":{"full":"Ben Moss"}}"#,
        "/users/vera/contacts" => r#"{"contacts":["ben"]}"#,
        _ => return None,
    })
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        listener.incoming().flatten().try_for_each(|connection| serve(&connection))
    });

    let folder = tempfile::tempdir()?;
    let mapping = folder.path().join("mapping.toml");
    std::fs::write(&mapping, MAPPING.replace("ADDRESS", &address))?;
    let (settings, schema) = (HttpSettings::with_mapping(mapping), schema::shipped());
    let clock: Clock = || at(1_700_000_000);

    // As `countersign source check` does it: every endpoint is asked about one person.
    let report = check(&settings, folder.path(), &schema, "vera", clock).await?;
    for endpoint in &report.endpoints {
        println!("{}: {}", endpoint.endpoint, endpoint.problem.as_deref().unwrap_or("fits"));
    }
    assert!(report.fits());

    // Ids, secrets and settings are the store's, whatever the source. Both start with everything open.
    let store = Arc::new(People::open(&folder.path().join("people"), StoreOptions::default())?);
    let open = Settings::from_sets([schema.all(); 4]);
    let viewer = store.enrol(["vera"], open)?[0].handle;
    let naming = Naming::new(Arc::clone(&store), open);
    let http = HttpSource::open(store, naming, &settings, folder.path(), &schema, clock)?;
    let source = Source::Http(http);

    let question = Question {
        viewer,
        partner: &name("aurora"),
        viewer_fields: FieldSet::ALL,
        friend_fields: Some(FieldSet::ALL),
    };
    let people = source.ask(&question).await?;
    for person in people.candidates() {
        let fields: Vec<_> = schema.names(person.present).collect();
        println!("{}: has {}, minor: {}", person.pairwise, fields.join(" and "), person.minor);
    }
    let [vera, ben] = people.candidates() else {
        return Err("two people were expected".into());
    };
    assert_eq!((vera.minor, ben.minor), (false, true));
    assert_eq!(schema.names(vera.present).collect::<Vec<_>>(), ["id", "friends", "name", "work"]);
    println!("Their names and jobs can be read once a disclosure about them is in the log.");
    Ok(())
}

/// Answers one request, and closes the connection.
fn serve(connection: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let (status, body) = match request.split(' ').nth(1).and_then(answer) {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", "{}"),
    };
    let (kind, bytes) = ("application/json", body.len());
    let head = format!("content-type: {kind}\r\ncontent-length: {bytes}\r\nconnection: close");
    write!(&mut &*connection, "HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}")
}
