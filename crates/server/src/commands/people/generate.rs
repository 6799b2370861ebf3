//! `countersign people generate`: a world of people whom nobody has to ask.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use countersign_demo::generate::{self, GenerateOptions};
use countersign_demo::generate_jsonl;
use countersign_service::clock;
use countersign_service::people::progress::Progress;
use serde_json::json;

use super::Beginning;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// The account that is generated first.
const FIRST_ACCOUNT: &str = "person-00000001";

/// Generate people with complete profiles and friendships: the same ones for the same seed.
///
/// Their accounts are called person-00000001 and up.
///
/// Example: countersign people generate --people 10000 --settings mixed
#[derive(Args)]
pub(in crate::commands) struct Generate {
    #[command(flatten)]
    instance: InstanceDir,
    /// How many people.
    #[arg(long)]
    people: u32,
    /// Write these people into this file, as JSON Lines, and leave the instance as it is: for other
    /// software that is to hold the same people.
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    #[command(flatten)]
    beginning: Beginning,
}

impl Generate {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let options = GenerateOptions {
            people: self.people,
            seed: self.beginning.seed,
            beginning: self.beginning.chosen()?,
            schema: &reach.schema()?,
            now: clock::now(),
            progress: Progress::Stderr,
        };
        if let Some(path) = &self.jsonl {
            write(path, &options)
                .map_err(|e| format!("{}: writing failed: {e}", path.display()))?;
            let text = format!("Wrote {} people to {}.", self.people, path.display());
            output
                .say(&json!({ "people": self.people, "file": path.display().to_string() }), &text);
            return Ok(ExitCode::SUCCESS);
        }
        super::check_source(&reach.config.source)?;
        let people = reach.people()?;
        let report = generate::run(&people, &options)?;
        let done = format!("Generated {FIRST_ACCOUNT} and up:");
        super::say(&report, &done, &self.beginning, output);
        Ok(ExitCode::SUCCESS)
    }
}

fn write(path: &Path, options: &GenerateOptions<'_>) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    generate_jsonl::write(&mut out, options)?;
    out.flush()
}
