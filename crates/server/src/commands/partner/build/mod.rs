//! `countersign partner build`: the released versions of clients, each of which is reviewed.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod approve;
mod list;
mod revoke;
mod show;
mod submit;

/// A build from its submission to its end.
const EXAMPLES: &str = "\
Examples:

  countersign partner build submit build-1.toml --sign partner:aurora=aurora.key
  countersign partner build list
  countersign partner build show aurora-home@1
  countersign partner build approve aurora-home@1 --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign partner build revoke aurora-home@1 --sign reviewer:ann=ann.key";

/// Submit, list, show, approve and revoke builds.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Build {
    Submit(submit::Submit),
    List(list::List),
    Show(show::Show),
    Approve(approve::Approve),
    Revoke(revoke::Revoke),
}

impl Build {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Submit(command) => command.run(output),
            Self::List(command) => command.run(output),
            Self::Show(command) => command.run(output),
            Self::Approve(command) => command.run(output),
            Self::Revoke(command) => command.run(output),
        }
    }
}
