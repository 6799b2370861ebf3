//! `countersign governance rules show`: the rules in force.

use std::process::ExitCode;

use clap::Args;
use countersign_policy::cedar::rules::Rules as Own;
use serde_json::json;

use super::file::in_words;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// Show the rules in force.
///
/// Example: countersign governance rules show
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let document = reach.rules_document()?;
        let own = Own::read(&document.cedar)?;
        output.say(&json!({ "rules": document }), &in_words(&document, &own));
        Ok(ExitCode::SUCCESS)
    }
}
