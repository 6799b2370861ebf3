//! `countersign agreement`: what a partner may receive, for what, and until when; from the first draft to
//! the end.

use std::process::ExitCode;

use clap::Subcommand;
use countersign_domain::act::{Act, AgreementAct};
use countersign_domain::agreement::{Agreement as Terms, AgreementDocument};
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_policy::agreement::odd;
use countersign_service::clock;
use countersign_service::governance::{GovernanceError, Submission};
use countersign_service::operations::register::{ContractState, ShownContract};

use super::{Failure, Output};

mod certify;
mod check;
mod conclude;
mod diff;
mod explain;
mod export;
mod import;
mod list;
mod new;
mod origin;
mod prove;
mod shipped;
mod show;
mod sign;
mod wind_down;
mod words;

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
  dpv = "dpv:ServiceProvision"          # a purpose of the W3C Data Privacy Vocabulary 2.0
  self = ["id", "friends", "name"]      # fields of the person who signed in
  friend = ["id", "name"]               # fields of each of their friends

  [[wind_down]]                         # may be left out; what ends before not_after
  at = 2026-06-01T00:00:00Z
  ends = "fields"                       # or "new_grants", "renewal", "friends", "all"
  fields = ["name"]                     # for "fields" alone

The names of fields are those of the field schema in force. `countersign agreement new` writes a file
with every key and what it means; docs/agreements.md has the whole format."#;

/// An agreement from its draft to the next one.
const EXAMPLES: &str = "\
Examples, in the order of an agreement's life:

  countersign agreement new --partner aurora --client aurora-home --kind device --out aurora-2026.toml
  countersign agreement check aurora-2026.toml
  countersign agreement sign aurora-2026.toml --sign partner:aurora=aurora.key --out act.json \\
      --origin log.example.org/2026
  countersign agreement sign act.json --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign governance act submit act.json
  countersign agreement list
  countersign agreement certify aurora-2026 --all --sign partner:aurora=aurora.key
  countersign agreement diff aurora-2026@platform aurora-2027.toml";

/// Draft, list, check, explain, prove, compare, sign and conclude agreements, and wind them down.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Agreement {
    New(new::New),
    List(list::List),
    Show(show::Show),
    Check(check::Check),
    Explain(explain::Explain),
    Prove(prove::Prove),
    Diff(diff::Diff),
    Sign(sign::Sign),
    Conclude(conclude::Conclude),
    Certify(certify::Certify),
    WindDown(wind_down::WindDown),
    Export(export::Export),
    Import(import::Import),
}

impl Agreement {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::New(command) => command.run(output),
            Self::List(command) => command.run(output),
            Self::Show(command) => command.run(output),
            Self::Check(command) => command.run(output),
            Self::Explain(command) => command.run(output),
            Self::Prove(command) => command.run(output),
            Self::Diff(command) => Ok(command.run(output)),
            Self::Sign(command) => command.run(output),
            Self::Conclude(command) => command.run(output),
            Self::Certify(command) => command.run(output),
            Self::WindDown(command) => command.run(output),
            Self::Export(command) => command.run(output),
            Self::Import(command) => command.run(output),
        }
    }
}

/// Whether an agreement is in force, and what comes next.
pub(in crate::commands) fn state_in_words(contract: &ShownContract) -> String {
    let ShownContract { not_before, not_after, .. } = contract;
    match contract.state {
        ContractState::Coming => format!("begins at {not_before}"),
        ContractState::InForce => format!("in force until {not_after}"),
        ContractState::Over => format!("over since {not_after}, or earlier by a wind-down"),
    }
}

/// Says what is odd about the dates of an agreement that is about to be signed.
fn note_untimely(
    document: &AgreementDocument,
    schema: &FieldSchema,
    output: Output,
) -> Result<(), Failure> {
    let agreement = Terms::from_document(document.clone(), schema)?;
    for oddity in odd::untimely(&agreement, clock::now()) {
        output.note(&format!("ODD {oddity}"));
    }
    Ok(())
}

/// The act that puts an agreement in force, unsigned.
fn submission(document: &AgreementDocument, now: Timestamp) -> Result<Submission, GovernanceError> {
    let act = |digest| {
        Act::Agreement(AgreementAct {
            agreement: document.agreement.clone(),
            partner: document.partner.clone(),
            client: document.client.clone(),
            digest,
        })
    };
    Submission::publishing(document, act, now)
}
