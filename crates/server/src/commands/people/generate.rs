//! `countersign people generate`: a world of people whom nobody has to ask.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Beginning;
use crate::commands::reach::Reach;
use crate::commands::{Failure, Output};
use crate::people::generate::{self, GenerateOptions};
use crate::people::progress::Progress;
use crate::store::{People, StoreOptions};

/// The account that is generated first.
const FIRST_ACCOUNT: &str = "person-00000001";

/// Generate people with complete profiles and friendships: the same ones for the same seed.
///
/// Their accounts are called person-00000001 and up.
///
/// Example: countersign people generate platform --people 10000 --settings mixed
#[derive(Args)]
pub(in crate::commands) struct Generate {
    /// The folder of the instance.
    dir: PathBuf,
    /// How many people.
    #[arg(long)]
    people: u32,
    #[command(flatten)]
    beginning: Beginning,
}

impl Generate {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        let people = People::open(&reach.directory.people(), StoreOptions::default())?;
        let options = GenerateOptions {
            people: self.people,
            seed: self.beginning.seed,
            preset: self.beginning.preset()?,
            schema: &reach.schema()?,
            progress: Progress::Stderr,
        };
        let report = generate::run(&people, &options)?;
        let done = format!("Generated {FIRST_ACCOUNT} and up:");
        super::say(&report, &done, &self.beginning, output);
        Ok(ExitCode::SUCCESS)
    }
}
