//! `countersign partner obligation`: what a partner has to do after release, what it answered, and what was lifted.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::act::{Act, ObligationAct};
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::ObligationStep;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::{Failure, Output};

mod attest;
mod demand;
mod lift;
mod list;

/// An obligation that is met.
const EXAMPLES: &str = "\
Examples:

  countersign partner obligation demand aurora delete-4711 --agreement aurora-2026 --what deletion \\
      --due 2026-12-01T00:00:00Z --reason \"erasure of one person\" --sign reviewer:ann=ann.key
  countersign partner obligation list
  countersign partner obligation attest aurora delete-4711 --sign partner:aurora=aurora.key";

/// Demand what an agreement obliges a partner to, list it, attest that it was done, or lift it.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Obligation {
    Demand(demand::Demand),
    List(list::List),
    Attest(attest::Attest),
    Lift(lift::Lift),
}

/// Which obligation, of whom.
#[derive(Args)]
struct About {
    /// The partner that owes it.
    partner: Identifier,
    /// Its name.
    obligation: Identifier,
}

impl Obligation {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Demand(command) => command.run(output),
            Self::List(command) => command.run(output),
            Self::Attest(command) => command.run(output),
            Self::Lift(command) => command.run(output),
        }
    }
}

impl About {
    /// The act of this step, unsigned, and what has happened once it is taken.
    fn submission(self, step: ObligationStep, done: &str) -> (Submission, String) {
        let Self { partner, obligation } = self;
        let done = format!("{done}: {obligation} of partner {partner}");
        let act = Act::Obligation(ObligationAct { partner, obligation, step });
        (Submission::of(act, clock::now()), done)
    }
}
