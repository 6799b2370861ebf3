//! `countersign source`: where profiles and friendships come from.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod check;
mod draft;

/// A database, and an API.
const EXAMPLES: &str = "\
Examples:

  countersign source draft --out mapping.toml
  countersign source check
  countersign source check --account ada --dir platform";

/// Look after where profiles and friendships come from.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Source {
    Draft(draft::Draft),
    Check(check::Check),
}

impl Source {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Draft(command) => command.run(output),
            Self::Check(command) => command.run(output),
        }
    }
}
