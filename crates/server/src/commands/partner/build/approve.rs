//! `countersign partner build approve`: two reviewers let a build receive data.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::{Act, Review, ReviewOutcome};
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// Approve a build, which may then receive what it declared. Two reviewers sign.
///
/// Example: countersign partner build approve aurora-home@1 --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
pub(in crate::commands) struct Approve {
    #[command(flatten)]
    instance: InstanceDir,
    /// The build's name.
    build: Identifier,
    #[command(flatten)]
    signing: Signing,
}

impl Approve {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let done = format!("Approved build {}", self.build);
        let review = Review { build: self.build, outcome: ReviewOutcome::Approve };
        let submission = Submission::of(Act::Review(review), clock::now());
        self.signing.finish(&self.instance.reach()?, submission, &done, output)
    }
}
