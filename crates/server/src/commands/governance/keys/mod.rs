//! `countersign governance keys`: who signs for the platform.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod show;

/// What there is.
const EXAMPLES: &str = "\
Examples:

  countersign governance keys show";

/// Show the keys of root, receipts and reviewers.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Keys {
    Show(show::Show),
}

impl Keys {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Show(command) => command.run(output),
        }
    }
}
