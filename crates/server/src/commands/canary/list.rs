//! `countersign canary list`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::canaries::ShownCanaries;

use super::line;
use crate::commands::reach::Reach;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// Name the canaries that there are or were, with the generations of their values.
///
/// The list tells canaries from people: keep it from partners.
///
/// Example: countersign canary list platform
#[derive(Args)]
pub(in crate::commands) struct List {
    /// The folder of the instance.
    dir: PathBuf,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let found = all(&Reach::open(&self.dir)?)?;
        let text = found.canaries.iter().map(line).collect::<Vec<_>>().join("\n");
        let text = if text.is_empty() { "there is no canary" } else { &text };
        output.say(&serde_json::to_value(&found)?, text);
        Ok(ExitCode::SUCCESS)
    }
}

/// All canaries.
pub(super) fn all(reach: &Reach) -> Result<ShownCanaries, Failure> {
    reach.call(&Call::get("/canaries"), async |here| Ok(here.canaries()))
}
