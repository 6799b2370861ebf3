//! `countersign audit canary refresh`.

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_service::operations::canaries::{ShownCanaries, ShownCanary};
use serde_json::json;

use super::{line, list};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Give a canary, or all of them, new values, so that one that turns up tells when it left.
///
/// To a partner they look like a person who changed name and address, so do it seldom.
///
/// Example: countersign audit canary refresh --all
#[derive(Args)]
#[command(group(ArgGroup::new("which").required(true)))]
pub(in crate::commands) struct Refresh {
    #[command(flatten)]
    instance: InstanceDir,
    /// The account.
    #[arg(group = "which")]
    account: Option<String>,
    /// All canaries.
    #[arg(long, group = "which")]
    all: bool,
}

impl Refresh {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let accounts = match self.account {
            Some(account) => vec![account],
            None => {
                let all = list::all(&reach)?.canaries.into_iter();
                all.filter(|canary| canary.planted).map(|canary| canary.account).collect()
            }
        };
        let refreshed: Result<Vec<_>, _> =
            accounts.iter().map(|account| refresh(&reach, account)).collect();
        let canaries = refreshed?;
        let text = canaries.iter().map(line).collect::<Vec<_>>().join("\n");
        let text = if text.is_empty() { "there is no canary" } else { &text };
        output.say(&json!(ShownCanaries { canaries }), text);
        Ok(ExitCode::SUCCESS)
    }
}

fn refresh(reach: &Reach, account: &str) -> Result<ShownCanary, Failure> {
    let call = Call::bodiless("POST", format!("/canaries/{}/generations", path_part(account)));
    reach.call(&call, async |here| here.refresh_canary(account).await)
}
