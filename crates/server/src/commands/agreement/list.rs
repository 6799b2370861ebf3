//! `countersign agreement list`: the agreements in the log.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::operations::register::{ContractState, ShownContract};
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::Table;
use crate::commands::{Failure, Output};

/// List the agreements in the log, those that are over included, with what ends next.
///
/// Example: countersign agreement list --partner aurora
#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    instance: InstanceDir,
    /// Only those with this partner.
    #[arg(long)]
    partner: Option<Identifier>,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let register = self.instance.reach()?.register()?;
        let is_wanted = |partner| self.partner.as_ref().is_none_or(|wanted| wanted == partner);
        let agreements = register.agreements().filter(|(client, _)| is_wanted(&client.partner));
        let agreements: Vec<_> = agreements.collect();
        let now = clock::now().to_string();
        let mut table = Table::new([
            "agreement",
            "partner",
            "client",
            "state",
            "from",
            "until",
            "next wind-down",
            "entry",
        ]);
        for (client, contract) in &agreements {
            table.row([
                contract.agreement.to_string(),
                client.partner.to_string(),
                client.client.to_string(),
                state(contract).to_owned(),
                contract.not_before.clone(),
                contract.not_after.clone(),
                next(contract, &now),
                contract.entry.to_string(),
            ]);
        }
        let documents = agreements.iter().map(|(client, contract)| {
            json!({ "partner": client.partner, "client": client.client, "kind": client.kind, "agreement": contract })
        });
        let document = json!({ "agreements": documents.collect::<Vec<_>>() });
        output.say(&document, &table.text("agreement"));
        Ok(ExitCode::SUCCESS)
    }
}

const fn state(contract: &ShownContract) -> &'static str {
    match contract.state {
        ContractState::Coming => "to come",
        ContractState::InForce => "in force",
        ContractState::Over => "over",
    }
}

/// When its next wind-down step comes. Instants of one form are in the order of time.
fn next(contract: &ShownContract, now: &str) -> String {
    let step = contract.wind_down.iter().find(|step| step.at.as_str() > now);
    step.map_or_else(|| "-".to_owned(), |step| format!("{} {}", step.at, step.ends))
}
