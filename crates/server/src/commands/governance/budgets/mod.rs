//! `countersign governance budgets`: how many people clients and partners may reach.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod preset;
mod set;
mod show;

/// What a budgets file looks like.
const FORMAT: &str = r#"The file is TOML. It takes the place of the budgets that the platform set before;
those of agreements stand in the agreements and stay.

  version = 1

  [[budgets]]                           # once for each budget
  applies_to = "everybody"              # or "country_of_concern", { partner = "aurora" },
                                        # { client = "aurora-home" }
  [budgets.budget]
  budget = "names-a-week"               # its name in alerts and refusals
  scope = "client"                      # or "partner": all clients of the partner together
  categories = ["pd:Name"]              # of the field schema; left out, any field counts
  window_days = 7                       # 1 to 366, today included; days are UTC
  then = "deny"                         # or "alert"
  limit = { people = 1000 }             # at most so many distinct people, or
        # { harvest = { people_per_grant = 100, people_free = 10000 } }
        # { lowest_present = [{ categories = ["pd:Name"], people_max = 100 }] }"#;

/// Budgets from a preset to their use.
const EXAMPLES: &str = "\
Examples:

  countersign governance budgets preset us-bulk-2025 --out budgets.toml
  countersign governance budgets set budgets.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign governance budgets show";

/// Limit how many people clients and partners reach.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Budgets {
    Preset(preset::PresetOf),
    Set(set::Set),
    Show(show::Show),
}

impl Budgets {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Preset(command) => command.run(output),
            Self::Set(command) => command.run(output),
            Self::Show(command) => command.run(output),
        }
    }
}
