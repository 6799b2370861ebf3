//! `countersign partner`: who receives data, with which builds, what they owe, and what stops them.

use std::process::ExitCode;

use clap::Subcommand;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner as Entity;
use countersign_service::operations::register::ShownRegister;

use super::{Failure, Output};

mod build;
mod client;
mod list;
mod obligation;
mod register;
mod reinstate;
mod screening;
mod show;
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
  countersign partner show aurora
  countersign partner suspend partner:aurora --reason \"audit 17\" --sign reviewer:ann=ann.key";

/// Register, list and screen partners, review their builds, demand what they owe, and stop them.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Partner {
    Register(register::Register),
    List(list::List),
    Show(show::Show),
    #[command(subcommand)]
    Screening(screening::Screening),
    #[command(subcommand)]
    Build(build::Build),
    #[command(subcommand)]
    Client(client::Client),
    #[command(subcommand)]
    Obligation(obligation::Obligation),
    Suspend(suspend::Suspend),
    Reinstate(reinstate::Reinstate),
}

/// A partner that the register does not have.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no partner {partner}; those that there are: countersign partner list; register it first: countersign partner register"
)]
struct NoPartner {
    partner: Identifier,
}

impl NoPartner {
    /// The partner of this name, or that there is none.
    fn or<'a>(register: &'a ShownRegister, name: &Identifier) -> Result<&'a Entity, Self> {
        register.partner(name).ok_or_else(|| Self { partner: name.clone() })
    }
}

impl Partner {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Register(command) => command.run(output),
            Self::List(command) => command.run(output),
            Self::Show(command) => command.run(output),
            Self::Screening(command) => command.run(output),
            Self::Build(command) => command.run(output),
            Self::Client(command) => command.run(output),
            Self::Obligation(command) => command.run(output),
            Self::Suspend(command) => command.run(output),
            Self::Reinstate(command) => command.run(output),
        }
    }
}
