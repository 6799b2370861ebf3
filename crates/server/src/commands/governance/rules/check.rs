//! `countersign governance rules check`: whether a file is rules, and what they mean.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::file::{FORMAT, in_words, read};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// Check a rules file against the field schema in force, and print what it means.
///
/// Example: countersign governance rules check rules.toml
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(in crate::commands) struct Check {
    #[command(flatten)]
    instance: InstanceDir,
    /// The rules as a TOML file.
    file: PathBuf,
}

impl Check {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let (document, own) = read(&self.file, &reach)?;
        output.say(&json!({ "ok": true, "rules": document }), &in_words(&document, &own));
        Ok(ExitCode::SUCCESS)
    }
}
