//! `countersign source`: where profiles and friendships come from.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod check;

/// A database, and an API.
const EXAMPLES: &str = "\
Examples:

  countersign source check
  countersign source check --account ada --dir platform";

/// Look after where profiles and friendships come from.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Source {
    Check(check::Check),
}

impl Source {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Check(command) => command.run(output),
        }
    }
}
