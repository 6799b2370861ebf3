//! `countersign init`: makes a new instance.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::identifier::Identifier;
use countersign_http::network::listen::Listen;
use serde_json::json;

use super::instance_dir::{CURRENT, DIR_VARIABLE, folder, option_for};
use super::{Failure, Output};
use crate::instance::NewInstance;

/// How the first people come in: invented ones where this program makes some.
const FIRST_PEOPLE: &str = if cfg!(feature = "demo") {
    "generate --people 1000 --settings mixed"
} else {
    "import jsonl people.jsonl"
};

/// Make a new instance: keys, a configuration with every setting documented, the field schema, and a
/// log that begins with them.
///
/// Example: countersign init --dir platform --origin log.example.org/2026
#[derive(Args)]
pub(super) struct Init {
    /// The folder to make the instance in; it must not exist, or be empty.
    #[arg(long, value_name = "DIR", env = DIR_VARIABLE, hide_env_values = true, default_value = CURRENT,
        value_parser = folder())]
    dir: PathBuf,
    /// The name of the log, for ever: a host and a path without scheme.
    #[arg(
        long,
        env = "COUNTERSIGN_ORIGIN",
        hide_env_values = true,
        default_value = "localhost/countersign"
    )]
    origin: String,
    /// Where to listen: a loopback address, or a socket file as unix:/run/countersign/http.sock. For
    /// others, set listen in countersign.toml afterwards.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: Listen,
    /// The address under which clients reach it, as https://platform.example. Without one, that at
    /// which it listens.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The reviewers, whose keys are made too. Approvals need two of them, so name at
    /// least two.
    #[arg(long, value_delimiter = ',', default_value = "reviewer-1,reviewer-2")]
    reviewers: Vec<Identifier>,
    /// Let POST /login give a token for any account that is named. For demonstrations on loopback.
    #[arg(long)]
    demo_login: bool,
    /// Begin without the budgets of the preset `harvest`, which stop a client that reaches far more people than
    /// granted.
    #[arg(long)]
    without_harvest_budget: bool,
}

impl Init {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let new = NewInstance {
            origin: self.origin,
            listen: self.listen,
            public_url: self.public_url,
            reviewers: self.reviewers,
            demo_login: self.demo_login,
            harvest_budget: !self.without_harvest_budget,
        };
        let created = new.create(&self.dir)?;
        let dir = self.dir.display();
        let document = json!({ "dir": dir.to_string(), "log_key": created.log_key, "entries": created.entries });
        let text = format!(
            "Made {dir}/ with {} entries in its log.

The log's key, which outsiders need to check it (give it to them by another way than this server);
it is in {dir}/log.vkey, and `countersign log key` prints it again:
  {}

Keys lie in {dir}/keys/, those of reviewers in {dir}/keys/reviewers/: hand each one to its reviewer
and delete it here; root.key belongs in a safe.

Next: countersign people {FIRST_PEOPLE}{option}
      countersign serve{option}",
            created.entries,
            created.log_key,
            option = option_for(&self.dir),
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}
