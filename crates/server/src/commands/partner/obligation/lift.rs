//! `countersign partner obligation lift`: the platform no longer asks for what was owed.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::obligation::ObligationStep;

use super::About;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// Lift what a partner owes. Two reviewers sign.
///
/// Example: countersign partner obligation lift aurora delete-4711 --reason "demanded by mistake"
/// --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
pub(in crate::commands) struct Lift {
    #[command(flatten)]
    instance: InstanceDir,
    #[command(flatten)]
    about: About,
    /// Why, for everybody to read in the log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signing: Signing,
}

impl Lift {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let Self { instance, about, reason, signing } = self;
        let (submission, done) = about.submission(ObligationStep::Lifted { reason }, "Lifted");
        signing.finish(&instance.reach()?, submission, &done, output)
    }
}
