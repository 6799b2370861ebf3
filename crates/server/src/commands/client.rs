//! `countersign client`: what clients' own servers need.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::identifier::Identifier;
use serde_json::json;

use super::reach::Reach;
use super::running::path_part;
use super::{Failure, Output};
use crate::gateway::admin::AdminError;
use crate::gateway::admin::secrets::{self, Made, Removed};
use crate::store::People;

/// Look after clients' secrets.
#[derive(Subcommand)]
pub(super) enum Client {
    Secret(Secret),
}

/// Make a new secret for a client, for app access tokens and appsecret_proof. It is shown once.
///
/// An earlier secret ends, and what was made with it no longer counts.
///
/// Example: countersign client secret aurora-home platform
#[derive(Args)]
pub(super) struct Secret {
    /// The client, as its agreement names it.
    client: String,
    /// The folder of the instance.
    dir: PathBuf,
    /// Remove the secret instead.
    #[arg(long)]
    remove: bool,
}

impl Client {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Secret(command) => command.run(output),
        }
    }
}

impl Secret {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        if self.remove {
            let Removed { client, removed } = self.removed(&reach)?;
            let text = if removed {
                format!("Removed the secret of {client}.")
            } else {
                format!("{client} has no secret.")
            };
            output.say(&json!({ "client": client, "removed": removed }), &text);
        } else {
            let Made { client, secret } = self.made(&reach)?;
            output.say(&json!({ "client": client, "secret": secret }), &secret);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn made(&self, reach: &Reach) -> Result<Made, Failure> {
        match reach.server() {
            Some(server) => Ok(server.send("POST", &self.path(), &json!({}))?),
            None => self.in_store(reach, secrets::make),
        }
    }

    fn removed(&self, reach: &Reach) -> Result<Removed, Failure> {
        match reach.server() {
            Some(server) => Ok(server.send("DELETE", &self.path(), &json!({}))?),
            None => self.in_store(reach, secrets::remove),
        }
    }

    fn path(&self) -> String {
        format!("/clients/{}/secret", path_part(&self.client))
    }

    /// The same without a server.
    fn in_store<T>(
        &self,
        reach: &Reach,
        act: impl FnOnce(&People, &Identifier) -> Result<T, AdminError>,
    ) -> Result<T, Failure> {
        let register = reach.log().ok_or("the log is not open")?.register();
        let is_registered = |client: &Identifier| register.clients().contains_key(client);
        let client = secrets::registered(&self.client, is_registered)?;
        let people = reach.people()?;
        Ok(act(&people, &client)?)
    }
}
