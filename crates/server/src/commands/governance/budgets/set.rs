//! `countersign governance budgets set`: budgets in the place of those in force.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::{Act, Published};
use countersign_domain::budget::BudgetsDocument;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_toml::Fault;

use super::FORMAT;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output, files};

/// Put the platform's budgets in force. Two reviewers sign.
///
/// They replace the earlier budgets, and also count what was released before them.
///
/// Example: countersign governance budgets set budgets.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(in crate::commands) struct Set {
    #[command(flatten)]
    instance: InstanceDir,
    /// The budgets as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Set {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let schema = reach.schema()?;
        let document = files::read_toml_checked(&self.file, |document: BudgetsDocument| {
            let checked = document.check(&schema);
            checked.map_err(|error| Fault::at("budgets", error.to_string()))?;
            Ok(document)
        })?;
        let done = match document.budgets.len() {
            0 => "No budget of the platform's is in force any more".to_owned(),
            1 => "One budget of the platform's is in force".to_owned(),
            count => format!("{count} budgets of the platform's are in force"),
        };
        let act = |digest| Act::Budgets(Published { digest });
        let submission = Submission::publishing(&document, act, clock::now())?;
        self.signing.finish(&reach, submission, &done, output)
    }
}
