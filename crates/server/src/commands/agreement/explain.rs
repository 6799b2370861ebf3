//! `countersign agreement explain`: what agreements allow at an instant, from their files alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::agreement::{Agreement, AgreementError};
use countersign_domain::contract::Contract;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::relation::Relation;
use countersign_domain::route::{ClientKind, Route};
use countersign_domain::schema::FieldSchema;
use countersign_domain::terms::terms;
use countersign_domain::time::Timestamp;
use countersign_policy::explain::{Asked, Explained, explain, of_relation};
use countersign_service::clock;
use serde_json::json;

use super::shipped;
use crate::commands::audit::explain::{instant, lines};
use crate::commands::instance_dir::OptionalInstanceDir;
use crate::commands::{Failure, Output, files};

/// Explain what agreements allow at an instant: the released fields for each purpose and relation, and for
/// each other field the clause that withholds it.
///
/// Only the files are looked at: no build, no act of the log, no rule of a platform. Several files about one
/// client hold together, the stricter one. For what a running instance would answer: `countersign audit explain`.
///
/// Example: countersign agreement explain aurora-2026.toml --at 2026-06-01T00:00:00Z
#[derive(Args)]
pub(in crate::commands) struct Explain {
    /// Agreements as TOML files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The instant, as 2027-01-01T00:00:00Z; now, if it is not given.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Timestamp>,
    /// When they were concluded, from which certification counts; when each began, if it is not given.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    concluded: Option<Timestamp>,
    #[command(flatten)]
    instance: OptionalInstanceDir,
    /// Only clients that are given something, or only those that are given nothing.
    #[arg(long, value_enum)]
    only: Option<Only>,
}

/// Which clients are told of.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    Open,
    Ended,
}

/// What is said of one client.
struct OfClient {
    client: Identifier,
    kind: ClientKind,
    contracts: BTreeMap<Identifier, Contract>,
}

/// What is said of one purpose.
struct OfPurpose {
    purpose: Identifier,
    explained: [Vec<Explained>; 2],
}

impl Explain {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let schema = shipped::schema(self.instance.found())?;
        let now = self.at.unwrap_or_else(clock::now);
        let clients = read(&self.files, &schema, self.concluded)?;
        let mut told: Vec<_> =
            clients.iter().map(|client| (client, client.purposes(&schema, now))).collect();
        told.retain(|(_, purposes)| {
            let is_open = purposes.iter().any(OfPurpose::is_open);
            self.only.is_none_or(|only| is_open == (only == Only::Open))
        });
        let documents: Vec<_> =
            told.iter().map(|(client, purposes)| client.document(purposes)).collect();
        let open = told.iter().filter(|(_, purposes)| purposes.iter().any(OfPurpose::is_open));
        let (all, open) = (told.len(), open.count());
        let mut text = String::new();
        for (client, purposes) in &told {
            client.write(purposes, &mut text);
        }
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{all} clients at {now}: {open} are given something, {} nothing",
            all - open
        );
        output.say(&json!({ "at": now.to_string(), "clients": documents }), &text);
        Ok(ExitCode::SUCCESS)
    }
}

/// The agreements by client, as if they stood in the log since then, or since their first second.
fn read(
    paths: &[PathBuf],
    schema: &FieldSchema,
    concluded: Option<Timestamp>,
) -> Result<Vec<OfClient>, Failure> {
    let mut clients: Vec<OfClient> = Vec::new();
    for path in paths {
        let document = files::read_agreement(path, schema)?;
        let named = |error: AgreementError| format!("{}: {error}", path.display());
        let (client, kind) = (document.client.clone(), document.kind);
        let name = document.agreement.clone();
        let concluded = concluded.unwrap_or(document.not_before);
        let agreement = Agreement::from_document(document, schema).map_err(named)?;
        let contract = Contract::new(agreement, Digest([0; 32]), 0, concluded);
        let known = clients.iter_mut().find(|known| known.client == client);
        let known = match known {
            Some(known) => known,
            None => {
                clients.push(OfClient { client, kind, contracts: BTreeMap::new() });
                let Some(new) = clients.last_mut() else { continue };
                new
            }
        };
        if known.kind != kind {
            let client = &known.client;
            return Err(format!(
                "{}: client {client} is of another kind in another file",
                path.display()
            )
            .into());
        }
        if known.contracts.insert(name.clone(), contract).is_some() {
            return Err(
                format!("{}: agreement {name} is in another file too", path.display()).into()
            );
        }
    }
    Ok(clients)
}

impl OfClient {
    fn purposes(&self, schema: &FieldSchema, now: Timestamp) -> Vec<OfPurpose> {
        let mut names: Vec<&Identifier> = Vec::new();
        for purpose in self.contracts.values().flat_map(|contract| contract.agreement.purposes()) {
            if !names.contains(&purpose) {
                names.push(purpose);
            }
        }
        let of = |purpose: &Identifier, relation| {
            let clauses = terms(&self.contracts, purpose, relation, now);
            let (fields, route) = (of_relation(schema, relation), Route::of(self.kind, relation));
            let mut explained = explain(&clauses, schema, fields, route, &Asked::default());
            // There is no log in which these clauses would stand.
            let withheld = explained.iter_mut().filter_map(|field| field.withheld.as_mut());
            withheld.for_each(|withheld| withheld.entry = None);
            explained
        };
        let purpose = |purpose: &Identifier| OfPurpose {
            purpose: purpose.clone(),
            explained: Relation::BOTH.map(|relation| of(purpose, relation)),
        };
        names.into_iter().map(purpose).collect()
    }

    fn agreements(&self) -> Vec<String> {
        self.contracts.keys().map(ToString::to_string).collect()
    }

    fn document(&self, purposes: &[OfPurpose]) -> serde_json::Value {
        let purpose = |of: &OfPurpose| {
            let [viewer, friend] = &of.explained;
            json!({ "purpose": of.purpose, "self": viewer, "friend": friend })
        };
        json!({
            "client": self.client,
            "agreements": self.agreements(),
            "purposes": purposes.iter().map(purpose).collect::<Vec<_>>(),
        })
    }

    fn write(&self, purposes: &[OfPurpose], text: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "client {} under {}", self.client, self.agreements().join(" and "));
        for OfPurpose { purpose, explained: [viewer, friend] } in purposes {
            let _ = writeln!(text, " for {purpose}, of the viewer\n{}", lines(viewer));
            let _ = writeln!(text, " for {purpose}, of each friend\n{}", lines(friend));
        }
        text.push('\n');
    }
}

impl OfPurpose {
    fn is_open(&self) -> bool {
        self.explained.iter().flatten().any(|explained| explained.released)
    }
}
