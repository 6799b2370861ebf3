//! `countersign governance`: what holds for every partner, and the acts that say so.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod act;
mod budgets;
mod keys;
mod rules;
mod schema;

/// An act that is signed at two desks, and what else there is.
const EXAMPLES: &str = "\
Examples:

  countersign governance rules check rules.toml
  countersign governance budgets preset us-bulk-2025 --out budgets.toml

An act that is signed in two places:

  countersign governance rules publish rules.toml --sign reviewer:ann=ann.key --out act.json
  countersign governance act show act.json
  countersign governance act sign act.json --sign reviewer:ben=ben.key --origin log.example.org/2026
  countersign governance act submit act.json";

/// Publish and show what holds for all partners, and sign acts in more than one place.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Governance {
    #[command(subcommand)]
    Act(act::Act),
    #[command(subcommand)]
    Rules(rules::Rules),
    #[command(subcommand)]
    Budgets(budgets::Budgets),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Schema(schema::Schema),
}

impl Governance {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Act(command) => command.run(output),
            Self::Rules(command) => command.run(output),
            Self::Budgets(command) => command.run(output),
            Self::Keys(command) => command.run(output),
            Self::Schema(command) => command.run(output),
        }
    }
}
