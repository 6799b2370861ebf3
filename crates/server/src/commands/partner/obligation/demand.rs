//! `countersign partner obligation demand`: the platform asks for what an agreement obliges to.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::{Duty, ObligationStep};
use countersign_domain::time::Timestamp;
use countersign_policy::instant;

use super::About;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

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
    instance: InstanceDir,
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

impl Demand {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let what = match self.what {
            What::Deletion => Duty::Deletion,
            What::Retention => Duty::Retention,
            What::OnwardTransfer => Duty::OnwardTransfer,
        };
        let Self { instance, about, agreement, due, reason, signing, .. } = self;
        let step = ObligationStep::Demanded { agreement, what, due, reason };
        let (submission, done) = about.submission(step, "Demanded");
        signing.finish(&instance.reach()?, submission, &done, output)
    }
}
