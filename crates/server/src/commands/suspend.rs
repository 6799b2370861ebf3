//! `countersign suspend` and `reinstate`: the kill switch, and its end.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::{Act, Reinstatement, Subject, Suspension};
use countersign_service::clock;
use countersign_service::governance::Submission;

use super::reach::Reach;
use super::submit::Signing;
use super::{Failure, Output};

/// Stop a partner or a client: its very next request fails. One reviewer signs.
///
/// Example: countersign suspend platform partner:aurora --reason "audit 17" --sign reviewer:ann=ann.key
#[derive(Args)]
pub(super) struct Suspend {
    #[command(flatten)]
    about: About,
}

/// End a suspension. Two reviewers sign.
///
/// Example: countersign reinstate platform partner:aurora --reason "audit 17 closed" --sign reviewer:ann=ann.key
/// --sign reviewer:ben=ben.key
#[derive(Args)]
pub(super) struct Reinstate {
    #[command(flatten)]
    about: About,
}

/// The subject, and the reason.
#[derive(Args)]
struct About {
    /// The folder of the instance.
    dir: PathBuf,
    /// partner:NAME or client:NAME.
    subject: Subject,
    /// Why, for everybody to read in the log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signing: Signing,
}

impl Suspend {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let About { dir, subject, reason, signing } = self.about;
        let done = format!("Suspended {subject}");
        let act = Act::Suspension(Suspension { subject, reason });
        signing.finish(&Reach::open(&dir)?, Submission::of(act, clock::now()), &done, output)
    }
}

impl Reinstate {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let About { dir, subject, reason, signing } = self.about;
        let done = format!("Reinstated {subject}");
        let act = Act::Reinstatement(Reinstatement { subject, reason });
        signing.finish(&Reach::open(&dir)?, Submission::of(act, clock::now()), &done, output)
    }
}
