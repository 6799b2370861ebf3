//! `countersign source`: where profiles and friendships come from.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, Output};

mod check;

/// Look after where profiles and friendships come from.
#[derive(Subcommand)]
pub(super) enum Source {
    Check(check::Check),
}

impl Source {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Check(command) => command.run(output),
        }
    }
}
