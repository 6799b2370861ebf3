//! `cargo xtask bench person_index`: what the index of a close costs. The measurement itself is an example of
//! `countersign-verifier`, since nothing here depends on the product.

use std::process::ExitCode;

use crate::failure::Outcome;
use crate::shell;

/// The arguments, of which there are none.
#[derive(clap::Args)]
pub(crate) struct PersonIndex {}

impl PersonIndex {
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let arguments =
            ["run", "--release", "--package", "countersign-verifier", "--example", "index_cost"];
        shell::run(shell::cargo().args(arguments))?;
        Ok(ExitCode::SUCCESS)
    }
}
