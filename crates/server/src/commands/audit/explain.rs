//! `countersign audit explain`: what one request would be answered, and why not more.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_policy::explain::Explained;
use countersign_service::operations::explain::{Explanation, Wanted};

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output, files};

/// Explain one request: what would be released, and for every other field the clause that withholds it, with
/// the entry of the log that says so.
///
/// Without --account or --token it is about anybody: grants and settings are taken to be open. With them, it is about
/// the very people. Nothing is released, and nothing is logged.
///
/// Example: countersign audit explain --build aurora-home@1 --purpose address-book --account ada --friend bob
#[derive(Args)]
pub(in crate::commands) struct Explain {
    #[command(flatten)]
    instance: InstanceDir,
    /// The build that would ask.
    #[arg(long, required_unless_present = "token")]
    build: Option<String>,
    /// What for.
    #[arg(long, required_unless_present = "token")]
    purpose: Option<String>,
    /// The viewer, by the platform's own name. Their settings are looked at.
    #[arg(long)]
    account: Option<String>,
    /// One of the viewer's friends.
    #[arg(long)]
    friend: Option<String>,
    /// A file with the access token of a real request, whose grant is looked at.
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// Explain these fields alone.
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    fields: Vec<String>,
    /// Explain it for this instant, as 2027-01-01T00:00:00Z, under the register of today.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Timestamp>,
}

/// Reads an instant as people write it.
pub(in crate::commands) fn instant(text: &str) -> Result<Timestamp, String> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed
        .ok()
        .and_then(|instant| u64::try_from(instant.as_second()).ok())
        .map(Timestamp::from_seconds)
        .ok_or_else(|| "an instant with its offset is expected, as 2027-01-01T00:00:00Z".to_owned())
}

impl Explain {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let token = self.token.as_deref().map(files::read_text).transpose()?;
        let wanted = Wanted {
            build: self.build,
            purpose: self.purpose,
            token: token.map(|token| token.trim().to_owned()),
            account: self.account,
            friend: self.friend,
            fields: self.fields,
            at: self.at.map(Timestamp::seconds),
        };
        let reach = self.instance.reach()?;
        let call = Call::send("POST", "/explain", &wanted)?;
        let explanation: Explanation =
            reach.call(&call, async |here| here.explain(&wanted).await)?;
        output.say(&serde_json::to_value(&explanation)?, &in_words(&explanation));
        Ok(ExitCode::SUCCESS)
    }
}

fn in_words(explanation: &Explanation) -> String {
    let Explanation { as_of, at, holds_until, build, purpose, assumed, .. } = explanation;
    let mut text = format!("{build} for {purpose} at {at}, as of entry {as_of}");
    if !assumed.is_empty() {
        text.push_str(&format!(
            "\ntaken to be open, since nobody was named: {}",
            assumed.join(", ")
        ));
    }
    let parts = [
        ("of the viewer", &explanation.viewer),
        ("of a friend", &explanation.friend),
        ("of a friend who is a minor", &explanation.minor_friend),
    ];
    for (whose, fields) in parts.iter().filter(|(_, fields)| !fields.is_empty()) {
        text.push_str(&format!("\n\n{whose}\n{}", lines(fields)));
    }
    format!("{text}\n\nAs far as the register goes, this stays so until {holds_until}.")
}

/// The released fields on a line, then the withheld ones by clause.
pub(in crate::commands) fn lines(fields: &[Explained]) -> String {
    let mut clauses: Vec<(String, Vec<&str>)> = Vec::new();
    let mut released = Vec::new();
    for Explained { field, withheld, .. } in fields {
        let Some(withheld) = withheld else {
            released.push(field.as_str());
            continue;
        };
        let entry = withheld.entry.map(|entry| format!(" (entry {entry})")).unwrap_or_default();
        let said = format!("{}{entry}", withheld.clause);
        match clauses.iter_mut().find(|(clause, _)| *clause == said) {
            Some((_, fields)) => fields.push(field),
            None => clauses.push((said, vec![field])),
        }
    }
    let mut text = if released.is_empty() {
        "  released  nothing".to_owned()
    } else {
        format!("  released  {}", released.join(", "))
    };
    for (clause, fields) in clauses {
        text.push_str(&format!(
            "\n  withheld  {}\n            because {clause}",
            fields.join(", ")
        ));
    }
    text
}
