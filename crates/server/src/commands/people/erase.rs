//! `countersign people erase`: erases a person, for good.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_service::operations::erasure::{AskedErasure, ExportFirst, ShownErasure};

use super::{erasures, export};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Erase a person, permanently.
///
/// From now on nothing of theirs is released, and profile, friendships, settings and grants are gone. What the log
/// needs for their last ledger is destroyed after the next close, or after the first one that follows a legal hold:
/// account, person id, secret, history, and what the log's private part says of them. The log stays valid, and what
/// remains in it reveals nothing about them. Their export cannot be made afterwards.
///
/// Example: countersign people erase ada --export ada.json
#[derive(Args)]
#[command(group(ArgGroup::new("export_first").required(true)))]
pub(in crate::commands) struct Erase {
    #[command(flatten)]
    instance: InstanceDir,
    /// The platform's own name for the person.
    account: String,
    /// First write everything that is kept about the person into this file, for them.
    #[arg(long, value_name = "FILE", group = "export_first")]
    export: Option<PathBuf>,
    /// The person has their export, or does not want it.
    #[arg(long, group = "export_first")]
    no_export: bool,
}

impl Erase {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        if let Some(file) = &self.export {
            export::write(&reach, &self.account, file)?;
        }
        let first = if self.export.is_some() { ExportFirst::Made } else { ExportFirst::Waived };
        let path = format!("/people/{}/erasure", path_part(&self.account));
        let call = Call::send("POST", path, &AskedErasure { export: first })?;
        let shown: ShownErasure =
            reach.call(&call, async |here| Ok(here.erase(&self.account).await?.now))?;
        let text = format!(
            "Nothing of {} is released from now on.\n{}",
            self.account,
            erasures::line(&shown)
        );
        output.say(&serde_json::to_value(&shown)?, &text);
        Ok(ExitCode::SUCCESS)
    }
}
