//! `countersign governance act`: acts in files, on their way from one signer to the next.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod show;
mod sign;
mod submit;

/// An act on its way.
const EXAMPLES: &str = "\
Examples, for an act that another command wrote with --out act.json:

  countersign governance act show act.json
  countersign governance act sign act.json --sign reviewer:ben=ben.key --origin log.example.org/2026
  countersign governance act submit act.json";

/// Show, sign or hand in an act that a command wrote with --out.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Act {
    Show(show::Show),
    Sign(sign::Sign),
    Submit(submit::Submit),
}

impl Act {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Show(command) => command.run(output),
            Self::Sign(command) => command.run(output),
            Self::Submit(command) => command.run(output),
        }
    }
}
