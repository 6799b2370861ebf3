//! `countersign log witness new`: makes a witness.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_http::witness;
use serde_json::json;

use crate::commands::instance_dir::{CURRENT, DIR_VARIABLE, folder, is_instance, option_for};
use crate::commands::{Failure, Output};

/// Make a witness: its key, and an empty list of the logs that it watches.
///
/// Example: countersign log witness new --dir watching --name witness.example.org/w1
#[derive(Args)]
pub(in crate::commands) struct New {
    /// The folder to make the witness in.
    #[arg(long, value_name = "DIR", env = DIR_VARIABLE, hide_env_values = true, default_value = CURRENT,
        value_parser = folder())]
    dir: PathBuf,
    /// The name of the key, for ever: a host and a path without scheme.
    #[arg(long)]
    name: String,
}

impl New {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        if is_instance(&self.dir) {
            let dir = self.dir.display();
            return Err(format!(
                "{dir}: an instance is in this folder, and a witness has one of its own: name that with --dir"
            )
            .into());
        }
        let key = witness::create(&self.dir, &self.name)?;
        let dir = self.dir.display();
        let text = format!(
            "Made {dir}/ for the witness

  {key}

Give this key, and the address at which it will be reached, to the logs and to those who read them: they
write `witness NAME KEY ADDRESS` into their policies. Write each log's key into {dir}/logs, then:

  countersign log witness serve{option}",
            option = option_for(&self.dir),
        );
        output.say(
            &json!({ "dir": self.dir.display().to_string(), "witness_key": key.to_string() }),
            &text,
        );
        Ok(ExitCode::SUCCESS)
    }
}
