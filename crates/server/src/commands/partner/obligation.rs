//! `countersign partner obligation`: what a partner has to do after release, what it answered, and what was lifted.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use countersign_domain::act::{Act, ObligationAct};
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::{Duty, ObligationStep};
use countersign_domain::time::Timestamp;
use countersign_policy::instant;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// An obligation that is met.
const EXAMPLES: &str = "\
Examples:

  countersign partner obligation demand aurora delete-4711 --agreement aurora-2026 --what deletion \\
      --due 2026-12-01T00:00:00Z --reason \"erasure of one person\" --sign reviewer:ann=ann.key
  countersign partner obligation attest aurora delete-4711 --sign partner:aurora=aurora.key";

/// Demand what an agreement obliges a partner to, attest that it was done, or lift it.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Obligation {
    Demand(Demand),
    Attest(Attest),
    Lift(Lift),
}

/// Demand something that an agreement obliges the partner to. One reviewer signs.
///
/// Once it is overdue, the partner gets nothing more through any of its clients, until it attests that it
/// was done or the platform lifts it.
///
/// Example: countersign partner obligation demand aurora delete-4711 --agreement aurora-2026 --what deletion
/// --due 2026-12-01T00:00:00Z --reason "erasure of one person" --sign reviewer:ann=ann.key
#[derive(Args)]
pub(in crate::commands) struct Demand {
    #[command(flatten)]
    about: About,
    /// The agreement under which it is owed.
    #[arg(long)]
    agreement: Identifier,
    /// What has to be done.
    #[arg(long)]
    what: What,
    /// The first second in which it is overdue, with its offset.
    #[arg(long, value_name = "INSTANT", value_parser = instant::parse)]
    due: Timestamp,
    /// Why, for everybody to read in the log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signing: Signing,
}

/// Attest that what was owed was done. The partner signs.
///
/// What is owed at an agreement's end, that the data is deleted, has the agreement's name.
///
/// Example: countersign partner obligation attest aurora delete-4711 --sign partner:aurora=aurora.key
#[derive(Args)]
pub(in crate::commands) struct Attest {
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    signing: Signing,
}

/// Lift what a partner owes. Two reviewers sign.
///
/// Example: countersign partner obligation lift aurora delete-4711 --reason "demanded by mistake"
/// --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
pub(in crate::commands) struct Lift {
    #[command(flatten)]
    about: About,
    /// Why, for everybody to read in the log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signing: Signing,
}

/// Which obligation, of whom.
#[derive(Args)]
struct About {
    #[command(flatten)]
    instance: InstanceDir,
    /// The partner that owes it.
    partner: Identifier,
    /// Its name.
    obligation: Identifier,
}

/// What can be owed.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum What {
    /// Data has to be deleted.
    Deletion,
    /// It has to be shown that nothing is kept for longer than agreed.
    Retention,
    /// The partner has to show to which recipients data was passed on.
    OnwardTransfer,
}

impl Obligation {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let (about, step, signing, done) = match self {
            Self::Demand(command) => {
                let what = match command.what {
                    What::Deletion => Duty::Deletion,
                    What::Retention => Duty::Retention,
                    What::OnwardTransfer => Duty::OnwardTransfer,
                };
                let Demand { about, agreement, due, reason, signing, .. } = command;
                let step = ObligationStep::Demanded { agreement, what, due, reason };
                (about, step, signing, "Demanded")
            }
            Self::Attest(Attest { about, signing }) => {
                (about, ObligationStep::Attested, signing, "Attested")
            }
            Self::Lift(Lift { about, reason, signing }) => {
                (about, ObligationStep::Lifted { reason }, signing, "Lifted")
            }
        };
        let About { instance, partner, obligation } = about;
        let done = format!("{done}: {obligation} of partner {partner}");
        let act = Act::Obligation(ObligationAct { partner, obligation, step });
        signing.finish(&instance.reach()?, Submission::of(act, clock::now()), &done, output)
    }
}
