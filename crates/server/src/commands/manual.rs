//! `countersign manual`: the manual pages of all commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use serde_json::json;

use super::{Cli, Failure, Output};

/// Write the manual pages of all commands, for man, into a folder.
///
/// Example: countersign manual --out ~/.local/share/man/man1
#[derive(Args)]
pub(super) struct Manual {
    /// The folder; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Manual {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let wrong = |error| format!("{}: {error}", self.out.display());
        std::fs::create_dir_all(&self.out).map_err(wrong)?;
        clap_mangen::generate_to(Cli::command(), &self.out).map_err(wrong)?;
        let out = self.out.display().to_string();
        output.say(&json!({ "out": out }), &format!("Wrote the manual pages into {out}/"));
        Ok(ExitCode::SUCCESS)
    }
}
