//! `countersign partner reinstate`: the end of a suspension.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::{Act, Reinstatement};
use countersign_service::clock;
use countersign_service::governance::Submission;

use super::suspend::About;
use crate::commands::{Failure, Output};

/// End a suspension. Two reviewers sign.
///
/// Example: countersign partner reinstate partner:aurora --reason "audit 17 closed" --sign reviewer:ann=ann.key
/// --sign reviewer:ben=ben.key
#[derive(Args)]
pub(in crate::commands) struct Reinstate {
    #[command(flatten)]
    about: About,
}

impl Reinstate {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let About { instance, subject, reason, signing } = self.about;
        let done = format!("Reinstated {subject}");
        let act = Act::Reinstatement(Reinstatement { subject, reason });
        signing.finish(&instance.reach()?, Submission::of(act, clock::now()), &done, output)
    }
}
