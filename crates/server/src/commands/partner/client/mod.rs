//! `countersign partner client`: partners' products that ask for data, and what their own servers need.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod list;
mod secret;

/// A secret, made and removed.
const EXAMPLES: &str = "\
Examples:

  countersign partner client list
  countersign partner client secret aurora-home
  countersign partner client secret aurora-home --remove";

/// List clients, and look after their secrets.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Client {
    List(list::List),
    Secret(secret::Secret),
}

impl Client {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::List(command) => command.run(output),
            Self::Secret(command) => command.run(output),
        }
    }
}
