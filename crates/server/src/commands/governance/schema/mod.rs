//! `countersign governance schema`: the fields of profiles.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod show;

/// What there is.
const EXAMPLES: &str = "\
Examples:

  countersign governance schema show";

/// Show the field schema in force.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Schema {
    Show(show::Show),
}

impl Schema {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Show(command) => command.run(output),
        }
    }
}
