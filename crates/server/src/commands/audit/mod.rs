//! `countersign audit`: what is handed to auditors, courts and partners, and what explains an answer.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod canary;
mod directory;
mod evidence;
pub(super) mod explain;
mod lists;
mod sample;

/// What is asked most.
const EXAMPLES: &str = "\
Examples:

  countersign audit explain --build aurora-home@1 --purpose address-book --account ada --friend bob
  countersign audit evidence --partner aurora --from 2027-01-01T00:00:00Z --until 2027-02-01T00:00:00Z \\
      --out aurora.html
  countersign audit canary find robin.ashwell0317264@post.example

What the auditor of period 3 gets:

  countersign audit lists 3 --out period-3.lists
  countersign audit sample 3 --challenge DIGITS --out period-3.sample
  countersign audit directory --since 120 --out directory.growth";

/// Explain answers, write evidence, find leaks, and give auditors what they check.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Audit {
    Explain(explain::Explain),
    Evidence(evidence::Evidence),
    #[command(subcommand)]
    Canary(canary::CanaryCommand),
    Lists(lists::Lists),
    Sample(sample::Sample),
    Directory(directory::Directory),
}

impl Audit {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Explain(command) => command.run(output),
            Self::Evidence(command) => command.run(output),
            Self::Canary(command) => command.run(output),
            Self::Lists(command) => command.run(output),
            Self::Sample(command) => command.run(output),
            Self::Directory(command) => command.run(output),
        }
    }
}
