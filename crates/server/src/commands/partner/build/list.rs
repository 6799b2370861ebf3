//! `countersign partner build list`: the released versions of clients.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::identifier::Identifier;
use serde_json::json;

use crate::commands::describe;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::{Table, listed};
use crate::commands::{Failure, Output};

/// List the builds, with what became of each.
///
/// Example: countersign partner build list --client aurora-home
#[derive(Args)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    instance: InstanceDir,
    /// Only those of this client.
    #[arg(long)]
    client: Option<Identifier>,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let register = self.instance.reach()?.register()?;
        let mut builds = register.builds;
        builds.retain(|build| self.client.as_ref().is_none_or(|client| build.client == *client));
        let mut table =
            Table::new(["build", "client", "state", "package", "version", "purposes", "entry"]);
        for build in &builds {
            table.row([
                build.build.to_string(),
                build.client.to_string(),
                describe::build_state(build.state).to_owned(),
                build.package.clone(),
                build.version_code.to_string(),
                listed(&build.purposes),
                build.entry.to_string(),
            ]);
        }
        output.say(&json!({ "builds": builds }), &table.text("build"));
        Ok(ExitCode::SUCCESS)
    }
}
