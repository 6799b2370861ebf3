//! `countersign canary create`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::say;
use crate::commands::reach::Reach;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};
use crate::service::canaries::Wanted;

/// Make an account a canary: somebody whom nobody is, planted by you with profile, friends and settings like
/// anybody's.
///
/// In answers, names, addresses and texts of this account are from now on of the partner's own. Planting the
/// account is the platform's: let it come as everybody does, with `people upsert` or `people import`, or in your
/// database, and open its settings to whoever is to see it.
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
