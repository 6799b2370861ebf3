//! `countersign log key`: the log's public key, for those who check it.

use std::process::ExitCode;

use clap::Args;
use countersign_service::instance::log;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};
use crate::config::Config;

/// Print the log's public key, as `countersign-verify --key` takes it.
///
/// `init` writes the same into the file log.vkey of the instance. It does not change for as long as there is the log.
/// Give it to people by another way than this server: a key that comes from the log that it is to prove proves
/// nothing.
///
/// Example: countersign log key
#[derive(Args)]
pub(in crate::commands) struct Key {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Key {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let directory = self.instance.data_dir()?;
        let config = Config::read(&directory.config())?;
        let key = log::key(&directory, config.origin())?;
        output.say(&json!({ "log_key": key }), &key);
        Ok(ExitCode::SUCCESS)
    }
}
