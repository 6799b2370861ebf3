//! `countersign screening decide`: what a person decided about a match.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_domain::identifier::Identifier;
use countersign_people::data_dir::DataDir;
use countersign_policy::screening::outcome::Verdict;
use countersign_service::clock;
use countersign_service::screening::case_files::CaseFiles;
use serde_json::json;

use super::super::{Failure, Output};
use super::{NoReport, matches, outcome_in_words, shown};

/// Record what a person decided about a match, and why. It stays private; `conclude` puts the outcome into the log.
///
/// To change a decision, decide again: the last one counts, and all are kept.
///
/// Example: countersign screening decide platform aurora 1 --false-positive --reason "another company: founded 2019,
/// register number 123" --by ann
#[derive(Args)]
#[command(group = ArgGroup::new("verdict").required(true).args(["false_positive", "true_match"]))]
pub(in super::super) struct Decide {
    /// The folder of the instance.
    dir: PathBuf,
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
    pub(in super::super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let files = CaseFiles::new(&DataDir::new(&self.dir)).lock()?;
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
             The log does not have it yet. Next: countersign screening conclude {} {} --sign reviewer:NAME=KEYFILE",
            found.role.as_str(),
            shown(&found.name),
            shown(&found.listed_name),
            matches(undecided),
            self.partner,
            outcome_in_words(report.outcome()),
            self.dir.display(),
            self.partner
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}
