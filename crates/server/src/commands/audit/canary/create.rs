//! `countersign audit canary create`.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::canaries::Wanted;

use super::say;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// Make an account a canary: a fictitious account that you planted, with profile, friends and settings like
/// those of others.
///
/// From now on its names, addresses and texts differ from partner to partner in answers. You plant the account in
/// the way every account arrives, with `people upsert` or `people import` or in your database, and open its
/// settings to the routes on which it should be seen.
///
/// Example: countersign audit canary create person-17
#[derive(Args)]
pub(in crate::commands) struct Create {
    #[command(flatten)]
    instance: InstanceDir,
    /// The account, as the platform names it.
    account: String,
}

impl Create {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let account = self.account;
        let wanted = Wanted { account };
        let call = Call::send("POST", "/canaries", &wanted)?;
        let canary = reach.call(&call, async |here| here.create_canary(&wanted.account).await)?;
        say(&canary, output)
    }
}
