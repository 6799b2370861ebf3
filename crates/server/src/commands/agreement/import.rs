//! `countersign agreement import`: an agreement from a language that others write.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_policy::{agreement, odrl};
use serde_json::{Value, json};

use super::origin::schema_of;
use crate::commands::{Failure, Output, files};

/// Print the agreement file for an ODRL 2.2 policy, and on standard error what had to be assumed.
///
/// A policy of which anything cannot be kept here is refused, with the place of it as a JSON pointer.
///
/// Example: countersign agreement import --odrl policy.json --dir platform > aurora-2026.toml
#[derive(Args)]
pub(crate) struct Import {
    /// From ODRL, the only language that there is.
    #[arg(long, required = true)]
    odrl: bool,
    /// The policy, JSON-LD with ODRL's own terms.
    file: PathBuf,
    /// The instance whose field schema is used; without it, the schema that is shipped.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Import {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        debug_assert!(self.odrl, "clap asks for it");
        let schema = schema_of(self.dir.as_deref())?;
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
