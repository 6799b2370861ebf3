//! `countersign log`: the end of a period, the log's public key, and witnesses of other people's logs.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod close;
mod key;
mod witness;

/// What there is.
const EXAMPLES: &str = "\
Examples:

  countersign log close
  countersign log key > log.vkey
  countersign log witness new --dir watching --name witness.example.org/w1
  countersign log witness serve --dir watching --listen 127.0.0.1:8200";

/// Close a period of the log, print the log's key, and be a witness of other people's logs.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Log {
    Close(close::Close),
    Key(key::Key),
    #[command(subcommand)]
    Witness(witness::Witness),
}

impl Log {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Close(command) => command.run(output),
            Self::Key(command) => command.run(output),
            Self::Witness(command) => command.run(output),
        }
    }

    /// Whether it serves, and so tells what it does.
    pub(super) const fn serves(&self) -> bool {
        matches!(self, Self::Witness(_))
    }
}
