//! `countersign audit canary remove`.

use std::process::ExitCode;

use clap::Args;

use super::say;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Let a canary be a person like others again: its values are as the profile has them. What went out until then
/// can still be found.
///
/// Example: countersign audit canary remove person-17
#[derive(Args)]
pub(in crate::commands) struct Remove {
    #[command(flatten)]
    instance: InstanceDir,
    /// The account.
    account: String,
}

impl Remove {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let account = &self.account;
        let call = Call::bodiless("DELETE", format!("/canaries/{}", path_part(account)));
        let canary = reach.call(&call, async |here| here.remove_canary(account).await)?;
        say(&canary, output)
    }
}
