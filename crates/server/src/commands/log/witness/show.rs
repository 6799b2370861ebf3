//! `countersign log witness show`: who a witness is, and what it watches.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_http::witness::WitnessFiles;
use serde_json::json;

use crate::commands::instance_dir::{CURRENT, DIR_VARIABLE, folder};
use crate::commands::{Failure, Output};

/// Show the key of a witness, and the keys of the logs that it watches.
///
/// Example: countersign log witness show --dir watching
#[derive(Args)]
pub(in crate::commands) struct Show {
    /// The folder that `countersign log witness new` made.
    #[arg(long, value_name = "DIR", env = DIR_VARIABLE, hide_env_values = true, default_value = CURRENT,
        value_parser = folder())]
    dir: PathBuf,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let WitnessFiles { key, logs } = WitnessFiles::read(&self.dir)?;
        let logs: Vec<String> = logs.iter().map(ToString::to_string).collect();
        let watched =
            if logs.is_empty() { "none yet".to_owned() } else { logs.join("\n         ") };
        let document = json!({ "witness_key": key.to_string(), "logs": logs });
        output.say(&document, &format!("key      {key}\nwatches  {watched}"));
        Ok(ExitCode::SUCCESS)
    }
}
