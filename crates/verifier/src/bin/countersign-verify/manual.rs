//! `countersign-verify manual`: the manual pages of all commands.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::CannotSay;

/// Write the manual pages of all commands, for man, into a folder.
///
/// Example: countersign-verify manual --out ~/.local/share/man/man1
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes them.
pub(crate) fn run(arguments: &Arguments) -> Result<u8, CannotSay> {
    let out = &arguments.out;
    let made = std::fs::create_dir_all(out);
    made.and_then(|()| clap_mangen::generate_to(crate::Arguments::command(), out))
        .map(|()| 0)
        .map_err(|error| CannotSay(format!("{}: {error}", out.display())))
}
