//! `countersign governance rules publish`: rules in the place of those in force.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::{Act, Published};
use countersign_service::clock;
use countersign_service::governance::Submission;

use super::file::{FORMAT, read};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// Put rules in force, in the place of those that are. Two reviewers sign.
///
/// Example: countersign governance rules publish rules.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(in crate::commands) struct Publish {
    #[command(flatten)]
    instance: InstanceDir,
    /// The rules as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Publish {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let (document, _) = read(&self.file, &reach)?;
        let act = |digest| Act::Rules(Published { digest });
        let submission = Submission::publishing(&document, act, clock::now())?;
        self.signing.finish(&reach, submission, "The rules are in the log", output)
    }
}
