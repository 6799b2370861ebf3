//! `countersign partner`: who receives data, with which builds, what they owe, and what stops them.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod build;
mod client;
mod obligation;
mod register;
mod screening;
mod suspend;

/// A partner from its registration to its suspension.
const EXAMPLES: &str = "\
Examples, in the order in which a partner comes and goes:

  countersign partner register aurora.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign agreement conclude aurora-2026.toml --sign partner:aurora=aurora.key \\
      --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign partner build submit build-1.toml --sign partner:aurora=aurora.key
  countersign partner build approve aurora-home@1 --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign partner client secret aurora-home
  countersign partner suspend partner:aurora --reason \"audit 17\" --sign reviewer:ann=ann.key";

/// Register and screen partners, review their builds, demand what they owe, and stop them.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Partner {
    Register(register::Register),
    #[command(subcommand)]
    Screening(screening::Screening),
    #[command(subcommand)]
    Build(build::Build),
    #[command(subcommand)]
    Client(client::Client),
    #[command(subcommand)]
    Obligation(obligation::Obligation),
    Suspend(suspend::Suspend),
    Reinstate(suspend::Reinstate),
}

impl Partner {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Register(command) => command.run(output),
            Self::Screening(command) => command.run(output),
            Self::Build(command) => command.run(output),
            Self::Client(command) => command.run(output),
            Self::Obligation(command) => command.run(output),
            Self::Suspend(command) => command.run(output),
            Self::Reinstate(command) => command.run(output),
        }
    }
}
