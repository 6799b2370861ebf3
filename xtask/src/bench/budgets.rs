//! `cargo xtask bench budgets`: what counting people costs. The measurement itself is an example of
//! `countersign-policy`, since nothing here depends on the product.

use std::process::ExitCode;

use crate::failure::Outcome;
use crate::shell;

/// The arguments, of which there are none.
#[derive(clap::Args)]
pub(crate) struct Budgets {}

impl Budgets {
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let arguments =
            ["run", "--release", "--package", "countersign-policy", "--example", "budget_cost"];
        shell::run(shell::cargo().args(arguments))?;
        Ok(ExitCode::SUCCESS)
    }
}
