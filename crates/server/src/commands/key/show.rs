//! `countersign key show`: the public half of a key file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_people::keys::SecretKey;

use crate::commands::{Failure, Output};

/// Print the public half of a key.
///
/// Example: countersign key show aurora.key
#[derive(Args)]
pub(in crate::commands) struct Show {
    /// The key file.
    file: PathBuf,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        super::say(&SecretKey::read(&self.file)?, output);
        Ok(ExitCode::SUCCESS)
    }
}
