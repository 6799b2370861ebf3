//! `countersign log`: entries, periods and the public key of the log, and witnesses of other people's logs.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod close;
mod entries;
mod key;
mod list;
mod periods;
mod show;
mod witness;

/// What there is.
const EXAMPLES: &str = "\
Examples:

  countersign log list
  countersign log show 17
  countersign log close
  countersign log periods
  countersign log key > log.vkey
  countersign log witness new --dir watching --name witness.example.org/w1
  countersign log witness serve --dir watching --listen 127.0.0.1:8200";

/// Show entries, periods and the key of the log, close a period, and be a witness of other people's logs.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Log {
    List(list::List),
    Show(show::Show),
    Close(close::Close),
    Periods(periods::PeriodList),
    Key(key::Key),
    #[command(subcommand)]
    Witness(witness::Witness),
}

impl Log {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::List(command) => command.run(output),
            Self::Show(command) => command.run(output),
            Self::Close(command) => command.run(output),
            Self::Periods(command) => command.run(output),
            Self::Key(command) => command.run(output),
            Self::Witness(command) => command.run(output),
        }
    }

    /// Whether it serves, and so tells what it does.
    pub(super) const fn serves(&self) -> bool {
        matches!(self, Self::Witness(_))
    }
}
