//! `countersign-verify completions`: what a shell needs to complete commands and options.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::CannotSay;

/// Print the completions of a shell, to be loaded by it.
///
/// Example: countersign-verify completions fish > ~/.config/fish/completions/countersign-verify.fish
#[derive(Args)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints them.
pub(crate) fn run(arguments: &Arguments) -> Result<u8, CannotSay> {
    let (mut command, mut script) = (crate::Arguments::command(), Vec::new());
    clap_complete::generate(arguments.shell, &mut command, "countersign-verify", &mut script);
    let written = std::io::stdout().lock().write_all(&script);
    written.map(|()| 0).map_err(|error| CannotSay(format!("standard output: {error}")))
}
