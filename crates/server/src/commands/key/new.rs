//! `countersign key new`: makes a key file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_people::keys::SecretKey;

use crate::commands::{Failure, Output};

/// Make a new Ed25519 key, and print its public half.
///
/// Example: countersign key new aurora.key
#[derive(Args)]
pub(in crate::commands) struct New {
    /// The file to write; an existing one is never overwritten.
    file: PathBuf,
}

impl New {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let key = SecretKey::generate()?;
        key.write_new(&self.file)?;
        super::say(&key, output);
        Ok(ExitCode::SUCCESS)
    }
}
