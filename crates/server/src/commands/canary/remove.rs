//! `countersign canary remove`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{change, say};
use crate::commands::reach::Reach;
use crate::commands::running::path_part;
use crate::commands::{Failure, Output};

/// Let a canary be a person like others again: its values are as the profile has them. What went out until then
/// can still be found.
///
/// Example: countersign canary remove platform person-17
#[derive(Args)]
pub(in crate::commands) struct Remove {
    /// The folder of the instance.
    dir: PathBuf,
    /// The account.
    account: String,
}

impl Remove {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        let account = &self.account;
        let canary = match reach.server() {
            Some(server) => {
                server.send("DELETE", &format!("/canaries/{}", path_part(account)), &json!({}))?
            }
            None => {
                change(&reach, &reach.people()?, |canaries, now| canaries.remove(account, now))?
            }
        };
        say(&canary, output)
    }
}
