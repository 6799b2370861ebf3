//! `countersign key`: key files for partners and reviewers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_people::keys::SecretKey;
use serde_json::json;

use super::{Failure, Output};

/// A key, made and shown.
const EXAMPLES: &str = "\
Examples:

  countersign key new aurora.key
  countersign key show aurora.key";

/// Make and show key files.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Key {
    New(New),
    Show(Show),
}

/// Make a new Ed25519 key, and print its public half.
///
/// Example: countersign key new aurora.key
#[derive(Args)]
pub(super) struct New {
    /// The file to write; an existing one is never overwritten.
    file: PathBuf,
}

/// Print the public half of a key.
///
/// Example: countersign key show aurora.key
#[derive(Args)]
pub(super) struct Show {
    /// The key file.
    file: PathBuf,
}

impl Key {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let key = match self {
            Self::New(New { file }) => {
                let key = SecretKey::generate()?;
                key.write_new(&file)?;
                key
            }
            Self::Show(Show { file }) => SecretKey::read(&file)?,
        };
        let public = key.public().to_string();
        output.say(&json!({ "public_key": public }), &public);
        Ok(ExitCode::SUCCESS)
    }
}
