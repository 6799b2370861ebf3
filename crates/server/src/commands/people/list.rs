//! `countersign people list`: a page of the accounts that are known here.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::roster::{PAGE_DEFAULT, PAGE_MAX, Roster};

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// List a page of the accounts that are known here, and how many people there are.
///
/// With another source than the image, these are the people who came up already. Nothing of a profile is shown.
///
/// Example: countersign people list --limit 20 --from 100
#[derive(Args)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    instance: InstanceDir,
    /// The most accounts (1 to 10000).
    #[arg(long, value_name = "N", default_value_t = PAGE_DEFAULT,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(PAGE_MAX)))]
    limit: u32,
    /// Where the page begins, as the page before says.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    from: u32,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let Self { limit, from, .. } = self;
        let call = Call::get(format!("/people?limit={limit}&from={from}"));
        let found: Roster = reach.call(&call, async |here| Ok(here.roster(from, limit)))?;
        let mut lines = found.accounts.clone();
        let next = found.next.map(|next| format!("; the next page: --from {next}"));
        lines.push(format!("{} people{}", found.people, next.unwrap_or_default()));
        output.say(&serde_json::to_value(&found)?, &lines.join("\n"));
        Ok(ExitCode::SUCCESS)
    }
}
