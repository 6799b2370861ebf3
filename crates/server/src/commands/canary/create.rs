//! `countersign canary create`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::canaries::Wanted;

use super::say;
use crate::commands::reach::Reach;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// Make an account a canary: a fictitious account that you planted, with profile, friends and settings like
/// those of others.
///
/// From now on its names, addresses and texts differ from partner to partner in answers. You plant the account in
/// the way every account arrives, with `people upsert` or `people import` or in your database, and open its
/// settings to the routes on which it should be seen.
///
/// Example: countersign canary create platform person-17
#[derive(Args)]
pub(in crate::commands) struct Create {
    /// The folder of the instance.
    dir: PathBuf,
    /// The account, as the platform names it.
    account: String,
}

impl Create {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        let account = self.account;
        let wanted = Wanted { account };
        let call = Call::send("POST", "/canaries", &wanted)?;
        let canary = reach.call(&call, async |here| here.create_canary(&wanted.account).await)?;
        say(&canary, output)
    }
}
