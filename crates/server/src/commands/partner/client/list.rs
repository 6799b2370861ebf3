//! `countersign partner client list`: partners' products that ask for data.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::register::ContractState;
use serde_json::json;

use crate::commands::describe;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::partner::list::yes;
use crate::commands::table::{Table, listed};
use crate::commands::{Failure, Output};

/// List the clients, with their agreements in force and their builds.
///
/// Example: countersign partner client list
#[derive(Args)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    instance: InstanceDir,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let register = self.instance.reach()?.register()?;
        let mut table =
            Table::new(["client", "partner", "kind", "agreements in force", "builds", "suspended"]);
        for client in &register.clients {
            let in_force = client.agreements.iter().filter(|it| it.state == ContractState::InForce);
            let builds = register.builds.iter().filter(|build| build.client == client.client);
            table.row([
                client.client.to_string(),
                client.partner.to_string(),
                describe::kind(client.kind).to_owned(),
                listed(in_force.map(|contract| &contract.agreement)),
                listed(builds.map(|build| &build.build)),
                yes(client.suspended).to_owned(),
            ]);
        }
        output.say(&json!({ "clients": register.clients }), &table.text("client"));
        Ok(ExitCode::SUCCESS)
    }
}
