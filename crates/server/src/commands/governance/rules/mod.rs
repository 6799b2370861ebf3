//! `countersign governance rules`: what holds for every partner, whatever its agreement says.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod check;
mod file;
mod publish;
mod show;

/// Rules from the file to the log.
const EXAMPLES: &str = "\
Examples:

  countersign governance rules show
  countersign governance rules check rules.toml
  countersign governance rules publish rules.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key";

/// Show, check and publish the platform's rules.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Rules {
    Show(show::Show),
    Check(check::Check),
    Publish(publish::Publish),
}

impl Rules {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Show(command) => command.run(output),
            Self::Check(command) => command.run(output),
            Self::Publish(command) => command.run(output),
        }
    }
}
