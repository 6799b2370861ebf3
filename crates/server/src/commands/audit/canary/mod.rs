//! `countersign audit canary`: fictitious accounts.

use std::process::ExitCode;

use clap::Subcommand;
use countersign_service::operations::canaries::ShownCanary;

use crate::commands::{Failure, Output};

mod create;
mod find;
mod list;
mod refresh;
mod remove;

/// A canary, and what it finds.
const EXAMPLES: &str = "\
Examples:

  countersign audit canary create person-17
  countersign audit canary refresh person-17
  countersign audit canary find robin.ashwell0317264@post.example";

/// Mark fictitious accounts whose values differ from partner to partner, and find the answers that gave a value
/// away.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum CanaryCommand {
    Create(create::Create),
    List(list::List),
    Refresh(refresh::Refresh),
    Remove(remove::Remove),
    Find(find::Find),
}

impl CanaryCommand {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Create(command) => command.run(output),
            Self::List(command) => command.run(output),
            Self::Refresh(command) => command.run(output),
            Self::Remove(command) => command.run(output),
            Self::Find(command) => command.run(output),
        }
    }
}

/// A canary as it is shown, in a line.
fn line(canary: &ShownCanary) -> String {
    let ShownCanary { account, planted, generations } = canary;
    let began = generations.last().map_or("", |last| last.began.as_str());
    let (number, is) =
        (generations.len().saturating_sub(1), if *planted { "since" } else { "no more; since" });
    format!("{account}  generation {number} {is} {began}")
}

/// Says what a canary is now.
fn say(canary: &ShownCanary, output: Output) -> Result<ExitCode, Failure> {
    output.say(&serde_json::to_value(canary)?, &line(canary));
    Ok(ExitCode::SUCCESS)
}
