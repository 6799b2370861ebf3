//! `countersign audit canary list`.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::canaries::ShownCanaries;

use super::line;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// Name the canaries that there are or were, with the generations of their values.
///
/// The list tells canaries from people: keep it from partners.
///
/// Example: countersign audit canary list
#[derive(Args)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    instance: InstanceDir,
}

impl List {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let found = all(&self.instance.reach()?)?;
        let text = found.canaries.iter().map(line).collect::<Vec<_>>().join("\n");
        let text = if text.is_empty() { "there is no canary" } else { &text };
        output.say(&serde_json::to_value(&found)?, text);
        Ok(ExitCode::SUCCESS)
    }
}

/// All canaries.
pub(in crate::commands) fn all(reach: &Reach) -> Result<ShownCanaries, Failure> {
    reach.call(&Call::get("/canaries"), async |here| Ok(here.canaries()))
}
