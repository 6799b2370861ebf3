//! `countersign key`: key files for partners and reviewers.

use std::process::ExitCode;

use clap::Subcommand;
use countersign_people::keys::SecretKey;
use serde_json::json;

use super::{Failure, Output};

mod new;
mod show;

/// A key, made and shown.
const EXAMPLES: &str = "\
Examples:

  countersign key new aurora.key
  countersign key show aurora.key";

/// Make and show key files.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum Key {
    New(new::New),
    Show(show::Show),
}

impl Key {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::New(command) => command.run(output),
            Self::Show(command) => command.run(output),
        }
    }
}

/// Prints the public half of a key.
fn say(key: &SecretKey, output: Output) {
    let public = key.public().to_string();
    output.say(&json!({ "public_key": public }), &public);
}
