//! `countersign partner list`: who may receive data.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::partner::Partner;
use countersign_domain::text;
use countersign_service::operations::register::{ContractState, ShownRegister};
use serde_json::json;

use super::screening::outcome_in_words;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::Table;
use crate::commands::{Failure, Output};

/// List the partners, with how many clients and agreements in force each has, and how its screening stands.
///
/// Example: countersign partner list
#[derive(Args)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    instance: InstanceDir,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let register = self.instance.reach()?.register()?;
        let mut table = Table::new([
            "partner",
            "name",
            "country",
            "parent in",
            "clients",
            "agreements",
            "screening",
            "suspended",
        ]);
        for partner in &register.partners {
            let clients = register.clients.iter().filter(|client| client.partner == partner.id);
            let in_force = register.agreements().filter(|(client, contract)| {
                client.partner == partner.id && contract.state == ContractState::InForce
            });
            table.row([
                partner.id.to_string(),
                text::shown(&partner.name),
                partner.country.to_string(),
                partner.parent_country.to_string(),
                clients.count().to_string(),
                in_force.count().to_string(),
                screening(&register, partner).to_owned(),
                yes(register.is_suspended(&partner.id)).to_owned(),
            ]);
        }
        let ShownRegister { partners, suspended, screenings, .. } = &register;
        let document =
            json!({ "partners": partners, "screenings": screenings, "suspended": suspended });
        output.say(&document, &table.text("partner"));
        Ok(ExitCode::SUCCESS)
    }
}

/// How the screening of a partner stands in the log.
pub(super) fn screening(register: &ShownRegister, partner: &Partner) -> &'static str {
    register.screened(&partner.id).map_or("none", |screened| outcome_in_words(screened.outcome))
}

/// A truth in a cell.
pub(super) const fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}
