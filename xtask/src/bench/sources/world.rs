//! The same people for everybody: what `countersign people generate` makes, as rows of the platform's
//! database (`bench/schema.sql`).

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::bench::deployment::{FIELDS, Viewer};
use crate::bench::sources::contender::Kind;
use crate::failure::{Failure, Outcome, While};
use crate::postgres::Postgres;
use crate::shell;

/// The database.
pub(super) const DATABASE: &str = "platform";
/// The columns of `people` that are no fields.
const COLUMNS: [&str; 8] = [
    "person_id",
    "account",
    "id",
    "is_minor",
    "my_device",
    "friends_device",
    "my_app",
    "friends_app",
];
/// The settings among them.
const ROUTES: [&str; 4] = ["my_device", "friends_device", "my_app", "friends_app"];

/// A line of the people's file.
#[derive(Deserialize)]
struct Person {
    account: String,
    minor: bool,
    profile: Map<String, Value>,
    friends: Vec<String>,
    settings: Map<String, Value>,
}

/// Countersign's field schema: a field's place is its number.
#[derive(Deserialize)]
struct Schema {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
}

/// Loads people, friendships and the viewers' grants into a fresh PostgreSQL.
pub(super) fn load(postgres: &Postgres, jsonl: &Path, viewers: &[Viewer]) -> Outcome<()> {
    let schema = Schema::read()?;
    let folder = jsonl.parent().unwrap_or(jsonl);
    let file = |name: &str| folder.join(name);
    let (people, drawn, grants) = (file("people.copy"), file("drawn.copy"), file("grants.copy"));
    schema.write_people(jsonl, &people, &drawn)?;
    schema.write_grants(viewers, &grants)?;
    let sql = |name: &str| shell::root().join("bench").join(name);
    shell::run(postgres.psql("postgres").args(["--command", "CREATE DATABASE platform"]))?;
    shell::run(postgres.psql(DATABASE).arg("--file").arg(sql("schema.sql")))?;
    let columns: Vec<&str> = COLUMNS.into_iter().chain(schema.valued()).collect();
    let mut copy = postgres.psql(DATABASE);
    let mut command = |text: String| {
        copy.args(["--command", &text]);
    };
    command(format!("\\copy people ({}) FROM '{}'", columns.join(", "), people.display()));
    command("CREATE TEMPORARY TABLE drawn (one bigint, other bigint)".to_owned());
    command(format!("\\copy drawn FROM '{}'", drawn.display()));
    // Both may have drawn each other.
    let both = "SELECT one, other FROM drawn UNION SELECT other, one FROM drawn";
    command(format!("INSERT INTO friendships {both}"));
    command(format!("\\copy grants FROM '{}'", grants.display()));
    shell::run(&mut copy)?;
    shell::run(postgres.psql(DATABASE).arg("--file").arg(sql("indexes.sql")))?;
    for file in [people, drawn, grants] {
        fs::remove_file(&file).during(|| format!("removing {}", file.display()))?;
    }
    Ok(())
}

/// Forgets what the last contender left behind, so that nobody pays for another one, and makes ready what the
/// next one needs.
pub(super) fn settle(postgres: &Postgres, next: Kind) -> Outcome<()> {
    let mut psql: Command = postgres.psql(DATABASE);
    psql.args(["--command", "TRUNCATE audit; DROP INDEX IF EXISTS audit_person"]);
    if next == Kind::AxumIndexed {
        psql.args(["--command", "CREATE INDEX audit_person ON audit (person_id, at)"]);
    }
    psql.args(["--command", "CHECKPOINT"]);
    shell::output(&mut psql)
        .map(drop)
        .ok_or_else(|| Failure::new("PostgreSQL did not forget the audit"))
}

impl Schema {
    fn read() -> Outcome<Self> {
        let path = shell::root().join("crates/service/schema/fields.toml");
        let text = fs::read_to_string(&path).during(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).during(|| format!("reading {}", path.display()))
    }

    /// The fields that have a column: all but the id and the list of friends.
    fn valued(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().skip(2).map(|field| field.name.as_str())
    }

    /// Fields as bits.
    fn mask<'a>(&self, names: impl Iterator<Item = &'a str>) -> Outcome<i64> {
        let mut mask = 0;
        for name in names {
            let number = self.fields.iter().position(|field| field.name == name);
            let number = number.ok_or_else(|| Failure::new(format!("there is no field {name}")))?;
            mask |= 1 << number;
        }
        Ok(mask)
    }

    fn write_people(&self, jsonl: &Path, people: &Path, drawn: &Path) -> Outcome<()> {
        let reading = || format!("reading {}", jsonl.display());
        let lines = BufReader::new(File::open(jsonl).during(reading)?).lines();
        let (mut people, mut drawn) = (Rows::create(people)?, Rows::create(drawn)?);
        for line in lines {
            let person: Person = serde_json::from_str(&line.during(reading)?).during(reading)?;
            let number = number_of(&person.account)?.to_string();
            for friend in &person.friends {
                drawn.write([number.clone(), number_of(friend)?.to_string()].into_iter())?;
            }
            let mut row = vec![
                number,
                person.account.clone(),
                hexadecimal(&Sha256::digest(&person.account), 32),
                person.minor.to_string(),
            ];
            for route in ROUTES {
                let open = person.settings.get(route).and_then(Value::as_array);
                let names = open.into_iter().flatten().filter_map(Value::as_str);
                row.push(self.mask(names)?.to_string());
            }
            row.extend(self.valued().map(|name| column(person.profile.get(name))));
            people.write(row.into_iter())?;
        }
        people.finish()?;
        drawn.finish()
    }

    /// A grant for each viewer, as the benchmark's agreement allows.
    fn write_grants(&self, viewers: &[Viewer], path: &Path) -> Outcome<()> {
        let mut grants = Rows::create(path)?;
        let friend_fields = self.mask(FIELDS.split(','))?;
        let self_fields = friend_fields | self.mask(["friends"].into_iter())?;
        for viewer in viewers {
            let token = hexadecimal(&Sha256::digest(token(viewer)), 64);
            let row = [
                format!("\\x{token}"),
                number_of(&viewer.account)?.to_string(),
                "1".to_owned(),
                self_fields.to_string(),
                friend_fields.to_string(),
                "2099-01-01T00:00:00Z".to_owned(),
            ];
            grants.write(row.into_iter())?;
        }
        grants.finish()
    }
}

/// A viewer's token for the contenders that are not ours.
pub(super) fn token(viewer: &Viewer) -> String {
    hexadecimal(&Sha256::digest(format!("token of {}", viewer.account)), 64)
}

/// The first digits of the hexadecimal form.
fn hexadecimal(bytes: &[u8], digits: usize) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex[..digits.min(hex.len())].to_owned()
}

/// Generated accounts end with the person's number.
fn number_of(account: &str) -> Outcome<i64> {
    let number = account.rsplit('-').next().and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| Failure::new("an account of a generated person ends with a number"))
}

/// A value as COPY takes it: text without its quotes, JSON as it is.
fn column(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A file in the text format of COPY. No value of these people is an empty text, so that it stands for NULL.
struct Rows {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Rows {
    fn create(path: &Path) -> Outcome<Self> {
        let file = File::create(path).during(|| format!("making {}", path.display()))?;
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file) })
    }

    fn write(&mut self, cells: impl Iterator<Item = String>) -> Outcome<()> {
        let escaped = |cell: String| match cell.is_empty() {
            true => "\\N".to_owned(),
            false => cell.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n"),
        };
        let cells: Vec<String> = cells.map(escaped).collect();
        writeln!(self.out, "{}", cells.join("\t"))
            .during(|| format!("writing {}", self.path.display()))
    }

    fn finish(mut self) -> Outcome<()> {
        self.out.flush().during(|| format!("writing {}", self.path.display()))
    }
}
