//! `countersign agreement export`: an agreement in a language that others read.

use std::process::ExitCode;

use clap::Args;
use countersign_policy::odrl;
use serde_json::json;

use super::origin::{Origin, schema};
use crate::commands::instance_dir::OptionalInstanceDir;
use crate::commands::{Failure, Output};

/// Print an agreement as an ODRL 2.2 policy in JSON-LD, and on standard error what ODRL cannot say of it.
///
/// FILE is a file, or NAME@DIR for an agreement in the log of an instance, whose field schema is used unless
/// --dir says otherwise. What is signed is the
/// agreement's own document, not the policy; docs/agreements.md says what is lost.
///
/// Example: countersign agreement export aurora-2026.toml --odrl
#[derive(Args)]
pub(crate) struct Export {
    /// In ODRL, the only language that there is.
    #[arg(long, required = true)]
    odrl: bool,
    /// The agreement.
    file: Origin,
    #[command(flatten)]
    instance: OptionalInstanceDir,
}

impl Export {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        debug_assert!(self.odrl, "clap asks for it");
        let schema = schema(&self.instance, [&self.file])?;
        let odrl::Exported { policy, not_expressed } =
            odrl::export(&self.file.read(&schema)?, &schema);
        let text = serde_json::to_string_pretty(&policy)?;
        output.say(&json!({ "policy": policy, "not_expressed": not_expressed }), &text);
        for unsaid in &not_expressed {
            output.note(&format!("not expressed: {unsaid}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
