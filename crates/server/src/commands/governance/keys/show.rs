//! `countersign governance keys show`: the public keys that the log names.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::Table;
use crate::commands::{Failure, Output};

/// Show the public keys that the log names: of root, of receipts, and of each reviewer.
///
/// Example: countersign governance keys show
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let keys = self.instance.reach()?.register()?.keys;
        let keys =
            keys.ok_or("the log names no keys yet; `countersign init` makes a new instance")?;
        let mut table = Table::new(["signer", "key"]);
        table.row(["root".to_owned(), keys.root.to_string()]);
        table.row(["receipts".to_owned(), keys.receipts.to_string()]);
        for reviewer in &keys.reviewers {
            table.row([format!("reviewer:{}", reviewer.id), reviewer.key.to_string()]);
        }
        output.say(&json!({ "keys": keys }), &table.text("key"));
        Ok(ExitCode::SUCCESS)
    }
}
