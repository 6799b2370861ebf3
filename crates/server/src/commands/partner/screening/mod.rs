//! `countersign partner screening`: who of the partners may be on an official list, and what people decided.

use std::process::ExitCode;

use clap::Subcommand;
use countersign_domain::identifier::Identifier;
use countersign_domain::screening::Outcome;
use countersign_domain::text::controls;
use countersign_service::operations::register::ShownRegister;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::{Failure, Output};

mod conclude;
mod decide;
mod run;
mod show;
mod status;

/// What `run` and `status` end with when something waits for a person, so that whatever calls them on a
/// schedule can tell it from a failure.
const WAITS: u8 = 3;

/// A screening from the lists to the log.
const EXAMPLES: &str = "\
Examples, in their order:

  countersign partner screening run --all --list us-csl=consolidated.csv
  countersign partner screening show aurora
  countersign partner screening decide aurora 1 --false-positive --reason \"another company\" --by ann
  countersign partner screening conclude aurora --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign partner screening status";

/// Screen partners against official lists, decide about matches, and put the outcome into the log.
///
/// `run` looks, `show` and `decide` are for the person who decides, `conclude` puts the outcome into the log, and
/// `status` says what waits. Everything but the outcome stays in the instance's folder, in screening/.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Screening {
    Run(run::Run),
    Show(show::Show),
    Decide(decide::Decide),
    Conclude(conclude::Conclude),
    Status(status::Status),
}

/// A partner that nobody has screened here.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no report on {partner} yet; screen it first: countersign partner screening run {partner} --list NAME=FILE"
)]
struct NoReport {
    partner: Identifier,
}

impl Screening {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Run(command) => command.run(output),
            Self::Show(command) => command.run(output),
            Self::Decide(command) => command.run(output),
            Self::Conclude(command) => command.run(output),
            Self::Status(command) => command.run(output),
        }
    }
}

/// The register of an instance, and how to reach its log.
fn open(instance: &InstanceDir) -> Result<(Reach, ShownRegister), Failure> {
    let reach = instance.reach()?;
    let register = reach.register()?;
    Ok((reach, register))
}

/// An outcome in a word.
pub(super) const fn outcome_in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Clear => "clear",
        Outcome::Undecided => "undecided",
        Outcome::Refused => "refused",
    }
}

/// Text of lists and files as it can be shown on a terminal: what would control it is replaced.
fn shown(text: &str) -> String {
    text.chars().map(|c| if controls(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// `1 match`, `2 matches`.
fn matches(count: usize) -> String {
    if count == 1 { "1 match".to_owned() } else { format!("{count} matches") }
}
