//! `countersign source check`: whether the source of an instance can be asked, and what it lacks.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::preset::Preset;
use countersign_domain::schema::FieldSchema;
use countersign_people::store::{People, StoreError, StoreOptions};
use countersign_service::clock;
use countersign_source::postgres::check::{Report, check};
use countersign_source::settings::SourceKind;
use countersign_source::settings::http::HttpSettings;
use countersign_source::settings::postgres::PostgresSettings;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// Check the source of profiles and friendships: table by table, or endpoint by endpoint, what the mapping
/// finds and misses, and one question, of which no value is shown. Exit code 0 only if nothing is missing.
///
/// Example: countersign source check --account ada
#[derive(Args)]
pub(in crate::commands) struct Check {
    #[command(flatten)]
    instance: InstanceDir,
    /// The person to ask an HTTP API about, by the platform's account; a database needs none.
    #[arg(long)]
    account: Option<String>,
}

/// What was found.
struct Found {
    ok: bool,
    document: serde_json::Value,
    text: String,
}

impl Check {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let source = &reach.config.source;
        let (folder, account) = (reach.directory.path(), self.account.as_deref());
        let found = match (source.kind, &source.postgres, &source.http) {
            (SourceKind::Postgres, Some(settings), _) => {
                postgres(settings, folder, &reach.schema()?, source.new_people())?
            }
            (SourceKind::Http, _, Some(settings)) => {
                let account =
                    account.ok_or("--account is needed: an HTTP API is asked about somebody")?;
                http(settings, folder, &reach.schema()?, account)?
            }
            _ => image(&reach.directory.people())?,
        };
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let text = if colours { coloured(&found.text) } else { found.text };
        output.say(&found.document, &text);
        Ok(if found.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn postgres(
    settings: &PostgresSettings,
    folder: &Path,
    schema: &FieldSchema,
    new_people: Preset,
) -> Result<Found, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report: Report = runtime.block_on(check(settings, folder, schema, new_people))?;
    let ok = report.fits();
    let document = json!({ "ok": ok, "kind": "postgres", "report": report });
    Ok(Found { ok, document, text: format!("{report}") })
}

fn http(
    settings: &HttpSettings,
    folder: &Path,
    schema: &FieldSchema,
    account: &str,
) -> Result<Found, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checking = countersign_source::http::check(settings, folder, schema, account, clock::now);
    let report = runtime.block_on(checking)?;
    let ok = report.fits();
    let document = json!({ "ok": ok, "kind": "http", "report": report });
    Ok(Found { ok, document, text: format!("{report}") })
}

fn image(people: &Path) -> Result<Found, Failure> {
    match People::open(people, StoreOptions::default()) {
        Ok(people) => {
            let counts = people.counts();
            let (people, friendships) = (counts.people, counts.friendships);
            let document = json!({
                "ok": true, "kind": "image", "people": people, "friendships": friendships,
            });
            let text = format!("image\n  ok       {people} people, {friendships} friendships");
            Ok(Found { ok: true, document, text })
        }
        Err(StoreError::InUse { .. }) => Ok(Found {
            ok: true,
            document: json!({ "ok": true, "kind": "image", "in_use": true }),
            text: "image\n  ok       in use by a running server, which has checked it".to_owned(),
        }),
        Err(error) => Err(error.into()),
    }
}

/// The same text for a terminal.
fn coloured(text: &str) -> String {
    let line = |line: &str| {
        let colour = match line.split_whitespace().next() {
            Some("ok") if line.starts_with(' ') => "32",
            Some("warning") if line.starts_with(' ') => "33",
            Some("MISSING" | "FAILED") if line.starts_with(' ') => "31",
            _ => return line.to_owned(),
        };
        format!("\x1b[{colour}m{line}\x1b[0m")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
