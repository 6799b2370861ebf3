//! `countersign partner show`: all that the register has of a partner.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
use countersign_domain::text;
use countersign_service::operations::register::{ShownBuild, ShownClient, ShownRegister};
use serde_json::json;

use super::NoPartner;
use super::list::{screening, yes};
use crate::commands::agreement::state_in_words;
use crate::commands::describe;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::listed;
use crate::commands::{Failure, Output};

/// Show all that the register has of a partner: owners and key, clients with their agreements and builds, what it
/// owes, and how its screening stands.
///
/// Example: countersign partner show aurora
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
    /// The partner's name in the register.
    partner: Identifier,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let register = self.instance.reach()?.register()?;
        let partner = NoPartner::or(&register, &self.partner)?;
        let clients: Vec<_> =
            register.clients.iter().filter(|it| it.partner == partner.id).collect();
        let is_of =
            |build: &&ShownBuild| clients.iter().any(|client| client.client == build.client);
        let builds: Vec<_> = register.builds.iter().filter(is_of).collect();
        let owed: Vec<_> =
            register.obligations.iter().filter(|it| it.partner == partner.id).collect();
        let document = json!({
            "partner": partner, "suspended": register.is_suspended(&partner.id), "clients": clients,
            "builds": builds, "obligations": owed, "screening": register.screened(&partner.id),
        });
        let mut said = of_partner(partner, &register);
        for client in &clients {
            push_client(&mut said, client, &builds);
        }
        for owed in &owed {
            // Writing to a String cannot fail.
            let _ = write!(said, "\nowes       {}", describe::owed(owed));
        }
        output.say(&document, &said);
        Ok(ExitCode::SUCCESS)
    }
}

fn of_partner(partner: &Partner, register: &ShownRegister) -> String {
    let owners = partner.owners.iter().map(|owner| {
        format!("{} ({}, {} %)", text::shown(&owner.name), owner.country, owner.percent)
    });
    format!(
        "partner    {}\nname       {}\ncountry    {}, parent in {}\nowners     {}\nkey        {}\nscreening  {}\nsuspended  {}",
        partner.id,
        text::shown(&partner.name),
        partner.country,
        partner.parent_country,
        listed(owners),
        partner.key,
        screening(register, partner),
        yes(register.is_suspended(&partner.id)),
    )
}

fn push_client(said: &mut String, client: &ShownClient, builds: &[&ShownBuild]) {
    let kind = describe::kind(client.kind);
    let suspended = if client.suspended { ", suspended" } else { "" };
    // Writing to a String cannot fail.
    let _ = write!(said, "\nclient     {} ({kind}{suspended})", client.client);
    for contract in &client.agreements {
        let state = state_in_words(contract);
        let _ = write!(
            said,
            "\n  agreement {}: {state} (entry {})",
            contract.agreement, contract.entry
        );
    }
    for build in builds.iter().filter(|build| build.client == client.client) {
        let state = describe::build_state(build.state);
        let _ = write!(said, "\n  build {}: {state} (entry {})", build.build, build.entry);
    }
}
