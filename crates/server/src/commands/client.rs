//! `countersign client`: what clients' own servers need.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_service::operations::client_secrets::{Made, Removed};
use serde_json::json;

use super::reach::Reach;
use super::running::{Call, path_part};
use super::{Failure, Output};

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
            let call = Call::bodiless("DELETE", self.path());
            let Removed { client, removed } =
                reach.call(&call, async |here| here.remove_client_secret(&self.client).await)?;
            let text = if removed {
                format!("Removed the secret of {client}.")
            } else {
                format!("{client} has no secret.")
            };
            output.say(&json!({ "client": client, "removed": removed }), &text);
        } else {
            let call = Call::bodiless("POST", self.path());
            let Made { client, secret } =
                reach.call(&call, async |here| here.make_client_secret(&self.client).await)?;
            output.say(&json!({ "client": client, "secret": secret }), &secret);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn path(&self) -> String {
        format!("/clients/{}/secret", path_part(&self.client))
    }
}
