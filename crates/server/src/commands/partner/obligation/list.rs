//! `countersign partner obligation list`: what partners owe.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::identifier::Identifier;
use serde_json::json;

use crate::commands::describe;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::Table;
use crate::commands::{Failure, Output};

/// List what partners owe, the first due first: what the platform demanded, and that data is deleted after an
/// agreement's end.
///
/// Example: countersign partner obligation list --partner aurora
#[derive(Args)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    instance: InstanceDir,
    /// Only what this partner owes.
    #[arg(long)]
    partner: Option<Identifier>,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let mut owed = self.instance.reach()?.register()?.obligations;
        owed.retain(|owed| self.partner.as_ref().is_none_or(|partner| owed.partner == *partner));
        let mut table =
            Table::new(["partner", "obligation", "what", "agreement", "due", "state", "entry"]);
        for owed in &owed {
            table.row([
                owed.partner.to_string(),
                owed.obligation.to_string(),
                describe::duty(owed.what).to_owned(),
                owed.agreement.to_string(),
                owed.due.clone(),
                if owed.overdue { "overdue" } else { "not due yet" }.to_owned(),
                owed.entry.to_string(),
            ]);
        }
        output.say(&json!({ "obligations": owed }), &table.text("obligation"));
        Ok(ExitCode::SUCCESS)
    }
}
