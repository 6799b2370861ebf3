//! `countersign agreement import`: an agreement from a language that others write.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_policy::{agreement, odrl};
use serde_json::{Value, json};

use super::shipped;
use crate::commands::instance_dir::OptionalInstanceDir;
use crate::commands::{Failure, Output, files};

/// Print the agreement file for an ODRL 2.2 policy, and on standard error what had to be assumed.
///
/// A policy of which anything cannot be kept here is refused, with the place of it as a JSON pointer.
///
/// Example: countersign agreement import policy.json --odrl > aurora-2026.toml
#[derive(Args)]
pub(crate) struct Import {
    /// From ODRL, the only language that there is.
    #[arg(long, required = true)]
    odrl: bool,
    /// The policy, JSON-LD with ODRL's own terms.
    file: PathBuf,
    #[command(flatten)]
    instance: OptionalInstanceDir,
}

impl Import {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        debug_assert!(self.odrl, "clap asks for it");
        let schema = shipped::schema(self.instance.found())?;
        let policy: Value = files::read_json(&self.file)?;
        let odrl::Imported { document, assumed } = odrl::import(&policy, &schema)
            .map_err(|error| format!("{}: {error}", self.file.display()))?;
        let text = agreement::write(&document);
        let said = json!({ "file": text, "agreement": document, "assumed": assumed });
        output.say(&said, text.trim_end());
        for one in &assumed {
            output.note(&format!("assumed: {one}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
