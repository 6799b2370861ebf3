//! `countersign partner screening conclude`: the outcome goes into the log.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::Act;
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::screening::case_files::CaseFiles;
use countersign_service::screening::standing::{Outdated, outdated};

use super::{NoReport, matches, open, outcome_in_words};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::partner::NoPartner;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// Log the outcome that the decisions lead to. Two reviewers sign that a partner is clear; one is
/// enough for undecided or refused, from where on it gets nothing.
///
/// The entry has the lists, the outcome and a commitment to the report, no name and no score. The report stays in
/// the instance's folder, in screening/concluded/ under the commitment, for readers who may see it.
///
/// Example: countersign partner screening conclude aurora --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
pub(in crate::commands) struct Conclude {
    #[command(flatten)]
    instance: InstanceDir,
    /// The partner.
    partner: Identifier,
    #[command(flatten)]
    signing: Signing,
}

/// A report about what is no longer so.
#[derive(Debug, thiserror::Error)]
#[error(
    "the report on {partner} cannot be concluded: {} since it was screened; run `countersign partner screening run` again",
    .outdated.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and ")
)]
struct Stale {
    partner: Identifier,
    outdated: Vec<Outdated>,
}

impl Conclude {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let (reach, register) = open(&self.instance)?;
        let partner = NoPartner::or(&register, &self.partner)?;
        let files = CaseFiles::new(&reach.directory).lock()?;
        let Some(case) = files.read(&self.partner)? else {
            return Err(NoReport { partner: self.partner }.into());
        };
        let outdated = outdated(&case.report, partner, reach.config.screening.rule());
        if !outdated.is_empty() {
            return Err(Stale { partner: self.partner, outdated }.into());
        }
        let act = case.act()?;
        // Kept before it is handed in: a commitment in the log that nobody can open proves nothing.
        files.keep(&case, act.report)?;
        let outcome = outcome_in_words(act.outcome);
        let mut done = format!("Screening of partner {}: {outcome}", self.partner);
        let undecided = case.report.undecided().count();
        if undecided > 0 {
            done.push_str(&format!("; {} without a decision", matches(undecided)));
        }
        let submission = Submission::of(Act::Screening(act), clock::now());
        self.signing.finish(&reach, submission, &done, output)
    }
}
