//! `countersign agreement`: what a partner may receive, for what, and until when.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::act::{Act, AgreementAct};
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::route::ClientKind;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use serde_json::json;

use super::reach::Reach;
use super::submit::Signing;
use super::{Failure, Output, files};
use crate::clock;
use crate::governance::Submission;

/// What an agreement file looks like.
const FORMAT: &str = r#"The file is TOML. Instants are written with their offset, as Z or +02:00.

  version = 2
  platform = "Example Social Inc."      # the other party, by its legal name
  agreement = "aurora-2026"
  partner = "aurora"
  client = "aurora-home"
  kind = "device"                       # or "app"
  not_before = 2026-01-01T00:00:00Z
  not_after = 2027-01-01T00:00:00+02:00
  delivery = "clear"

  [[purpose]]                           # once for each purpose
  purpose = "address-book"
  dpv = "dpv:ServiceProvision"
  self = ["id", "friends", "name"]      # fields of the person who signed in
  friend = ["id", "name"]               # fields of each of their friends

  [[wind_down]]                         # may be left out; what ends before not_after
  at = 2026-06-01T00:00:00Z
  ends = "fields"                       # or "new_grants", "friends", "all"
  fields = ["name"]                     # for "fields" alone

The names of fields are those of the field schema in force."#;

mod explain;
mod prove;
mod shipped;

/// Check agreements, prove what they pledge, and put them in force.
#[derive(Subcommand)]
pub(super) enum Agreement {
    Check(Check),
    Explain(explain::Explain),
    Prove(prove::Prove),
    Conclude(Conclude),
}

/// Check an agreement file against the field schema in force, and say what it means.
///
/// Example: countersign agreement check aurora-2026.toml platform
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(super) struct Check {
    /// The agreement as a TOML file.
    file: PathBuf,
    /// The folder of the instance.
    dir: PathBuf,
}

/// Put an agreement in force. The partner and two reviewers sign.
///
/// It takes the place of the client's earlier agreement.
///
/// Example: countersign agreement conclude platform aurora-2026.toml --sign partner:aurora=aurora.key
/// --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(super) struct Conclude {
    /// The folder of the instance.
    dir: PathBuf,
    /// The agreement as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Agreement {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Check(command) => command.run(output),
            Self::Explain(command) => command.run(output),
            Self::Prove(command) => command.run(output),
            Self::Conclude(command) => command.run(output),
        }
    }
}

impl Check {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let schema = Reach::open(&self.dir)?.schema()?;
        let document = files::read_agreement(&self.file, &schema)?;
        output.say(&json!({ "ok": true, "agreement": document }), &in_words(&document));
        Ok(ExitCode::SUCCESS)
    }
}

impl Conclude {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        let document = files::read_agreement(&self.file, &reach.schema()?)?;
        let done = format!(
            "Agreement {} with partner {} about client {} is in the log",
            document.agreement, document.partner, document.client
        );
        let act = |digest| {
            Act::Agreement(AgreementAct {
                agreement: document.agreement.clone(),
                partner: document.partner.clone(),
                client: document.client.clone(),
                digest,
            })
        };
        let submission = Submission::publishing(&document, act, clock::now())?;
        self.signing.finish(&reach, submission, &done, output)
    }
}

/// What an agreement means, for those who are about to sign it.
fn in_words(document: &AgreementDocument) -> String {
    let kind = match document.kind {
        ClientKind::Device => "device integration",
        ClientKind::App => "app",
    };
    let mut text = format!(
        "Agreement {}: partner {} through its {kind} {}\nin force from {} until {}",
        document.agreement,
        document.partner,
        document.client,
        document.not_before,
        document.not_after
    );
    let mut line = |words: String| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{words}");
    };
    if document.query_token {
        line("its tokens may stand in the query, as old clients send them".to_owned());
    }
    for purpose in &document.purposes {
        line(format!("for {} ({})", purpose.purpose, purpose.dpv));
        line(format!("  of the viewer    {}", listed(&purpose.viewer)));
        line(format!(
            "  of each friend   {}, as far as that friend's settings allow",
            listed(&purpose.friend)
        ));
    }
    for step in &document.wind_down {
        line(format!("from {} {}", step.at, ends_in_words(step)));
    }
    text
}

/// What a wind-down step ends.
pub(super) fn ends_in_words(step: &WindDownDocument) -> String {
    match &step.ends {
        EndsDocument::NewGrants => "no new grants".to_owned(),
        EndsDocument::Renewal => "no renewal any more".to_owned(),
        EndsDocument::Friends => "nothing of friends any more".to_owned(),
        EndsDocument::Fields(fields) => format!("no more {}", listed(fields)),
        EndsDocument::All => "nothing at all any more".to_owned(),
    }
}

fn listed(fields: &[String]) -> String {
    if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") }
}
