//! `countersign log witness`: watches other people's logs.

use std::process::ExitCode;

use clap::Subcommand;

use crate::commands::{Failure, Output};

mod new;
mod serve;
mod show;

/// A witness, made and run.
const EXAMPLES: &str = "\
Examples:

  countersign log witness new --dir watching --name witness.example.org/w1
  countersign log witness show --dir watching
  countersign log witness serve --dir watching --listen 127.0.0.1:8200";

/// Be a witness of other people's logs: watch that their trees only grow, and say so with a key.
///
/// A log asks its witnesses to cosign its checkpoints (C2SP tlog-witness). A witness cosigns a tree only if
/// it is proved to continue the one that it has cosigned last, so a reader who requires its cosignature cannot
/// be shown two histories of a log. It sees no entries and holds no personal data.
///
/// A log of your own is not worth watching: be a witness for others, and have others be yours.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Witness {
    New(new::New),
    Serve(serve::Serve),
    Show(show::Show),
}

impl Witness {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::New(command) => command.run(output),
            Self::Serve(command) => command.run(output),
            Self::Show(command) => command.run(output),
        }
    }
}
