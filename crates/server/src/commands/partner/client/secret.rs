//! `countersign partner client secret`: what a client's own server proves itself with.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::client_secrets::{Made, Removed};
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Make a new secret for a client, for app access tokens and appsecret_proof. It is shown once.
///
/// An earlier secret ends, and what was made with it no longer counts.
///
/// Example: countersign partner client secret aurora-home
#[derive(Args)]
pub(in crate::commands) struct Secret {
    /// The client, as its agreement names it.
    client: String,
    #[command(flatten)]
    instance: InstanceDir,
    /// Remove the secret instead.
    #[arg(long)]
    remove: bool,
}

impl Secret {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
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
