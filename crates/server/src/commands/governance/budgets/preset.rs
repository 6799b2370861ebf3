//! `countersign governance budgets preset`: budgets to begin with.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_policy::budget::preset::Preset;
use serde_json::json;

use super::FORMAT;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output, files};

/// What stands above a preset.
const HEADING: &str = "# Look at this, change it, and put it in force: countersign governance budgets set FILE.\n\
                       # What it counts, and where it is stricter than the law: docs/budgets.md.\n\n";

/// Write budgets to begin with: us-bulk-2025 (28 CFR 202.205) or harvest.
///
/// Nothing is put in force.
///
/// Example: countersign governance budgets preset us-bulk-2025 --out budgets.toml
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(in crate::commands) struct PresetOf {
    /// us-bulk-2025 or harvest.
    name: Preset,
    #[command(flatten)]
    instance: InstanceDir,
    /// Write to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl PresetOf {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let document = self.name.document(&self.instance.reach()?.schema()?)?;
        let text = format!("{HEADING}{}", toml::to_string(&document)?);
        match &self.out {
            Some(file) => {
                files::replace(file, &text)?;
                let count = document.budgets.len();
                let done = format!("Wrote {count} budgets to {}", file.display());
                output.say(&json!({ "file": file.display().to_string(), "budgets": count }), &done);
            }
            None => output.say(&json!(document), text.trim_end()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
