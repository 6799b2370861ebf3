//! `countersign partner suspend`: the kill switch.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::{Act, Subject, Suspension};
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// Stop a partner or a client: its very next request fails. One reviewer signs.
///
/// Example: countersign partner suspend partner:aurora --reason "audit 17" --sign reviewer:ann=ann.key
#[derive(Args)]
pub(in crate::commands) struct Suspend {
    #[command(flatten)]
    about: About,
}

/// The subject, and the reason.
#[derive(Args)]
pub(super) struct About {
    #[command(flatten)]
    pub(super) instance: InstanceDir,
    /// partner:NAME or client:NAME.
    pub(super) subject: Subject,
    /// Why, for everybody to read in the log.
    #[arg(long)]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) signing: Signing,
}

impl Suspend {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let About { instance, subject, reason, signing } = self.about;
        let done = format!("Suspended {subject}");
        let act = Act::Suspension(Suspension { subject, reason });
        signing.finish(&instance.reach()?, Submission::of(act, clock::now()), &done, output)
    }
}
