//! `countersign partner screening decide`: what a person decided about a match.

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_domain::identifier::Identifier;
use countersign_policy::screening::outcome::Verdict;
use countersign_service::clock;
use countersign_service::screening::case_files::CaseFiles;
use serde_json::json;

use super::{NoReport, matches, outcome_in_words, shown};
use crate::commands::instance_dir::{InstanceDir, option_for};
use crate::commands::{Failure, Output};

/// Record what a person decided about a match, and why. It stays private; `conclude` puts the outcome into the log.
///
/// To change a decision, decide again: the last one counts, and all are kept.
///
/// Example: countersign partner screening decide aurora 1 --false-positive --reason "another company: founded 2019,
/// register number 123" --by ann
#[derive(Args)]
#[command(group = ArgGroup::new("verdict").required(true).args(["false_positive", "true_match"]))]
pub(in crate::commands) struct Decide {
    #[command(flatten)]
    instance: InstanceDir,
    /// The partner.
    partner: Identifier,
    /// The match: its number in `screening show`, or the beginning of its id, which stays the same when the
    /// partner is screened again.
    #[arg(value_name = "MATCH")]
    asked: String,
    /// The party is not the listed one.
    #[arg(long)]
    false_positive: bool,
    /// The party is the listed one: the partner is refused.
    #[arg(long)]
    true_match: bool,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Who decided.
    #[arg(long, value_name = "NAME")]
    by: String,
}

impl Decide {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let files = CaseFiles::new(&self.instance.data_dir()?).lock()?;
        let Some(case) = files.read(&self.partner)? else {
            return Err(NoReport { partner: self.partner }.into());
        };
        let mut report = case.report;
        let found = report.find(&self.asked)?.clone();
        let (verdict, words) = if self.true_match {
            (Verdict::TrueMatch, "is")
        } else {
            (Verdict::FalsePositive, "is somebody else than")
        };
        report.decide(found.id, (verdict, &self.reason), &self.by, clock::now())?;
        files.write(report.clone())?;
        let undecided = report.undecided().count();
        let document = json!({
            "partner": self.partner,
            "match": found.id,
            "verdict": verdict,
            "undecided": undecided,
            "outcome": report.outcome(),
        });
        let text = format!(
            "Decided: {} {:?} {words} {:?}. {} of partner {} without a decision; outcome: {}.\n\
             The log does not have it yet. Next: countersign partner screening conclude {} --sign reviewer:NAME=KEYFILE{}",
            found.role.as_str(),
            shown(&found.name),
            shown(&found.listed_name),
            matches(undecided),
            self.partner,
            outcome_in_words(report.outcome()),
            self.partner,
            option_for(self.instance.path())
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}
