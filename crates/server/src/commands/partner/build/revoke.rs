//! `countersign partner build revoke`: a build gets nothing any more.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::{Act, Review, ReviewOutcome};
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// Revoke a build, which gets nothing any more, for good. One reviewer signs.
///
/// Example: countersign partner build revoke aurora-home@1 --sign reviewer:ann=ann.key
#[derive(Args)]
pub(in crate::commands) struct Revoke {
    #[command(flatten)]
    instance: InstanceDir,
    /// The build's name.
    build: Identifier,
    #[command(flatten)]
    signing: Signing,
}

impl Revoke {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let done = format!("Revoked build {}", self.build);
        let review = Review { build: self.build, outcome: ReviewOutcome::Revoke };
        let submission = Submission::of(Act::Review(review), clock::now());
        self.signing.finish(&self.instance.reach()?, submission, &done, output)
    }
}
