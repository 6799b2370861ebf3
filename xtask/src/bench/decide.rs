//! `cargo xtask bench decide`: the decision about 338 friends and 40 fields of each, in one thread, and in the
//! same run the same questions asked of general engines: Cedar, Rego on regorus, casbin.
//!
//! What it is not: the measuring itself, which `bench/engines` does, outside of the workspace.

use std::process::{Command, ExitCode};

use crate::failure::Outcome;
use crate::shell;

/// The arguments of the benchmark.
#[derive(clap::Args)]
pub(crate) struct Decide {
    /// What people's settings follow from.
    #[arg(long, default_value_t = 2018)]
    seed: u64,
}

impl Decide {
    /// Builds it and runs it; it refuses to time contenders that give different answers.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let target = shell::target_dir().join("bench/engines");
        let mut build = shell::cargo();
        build.args([
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            "bench/engines/Cargo.toml",
        ]);
        shell::run(build.arg("--target-dir").arg(&target))?;
        let program = target.join("release/countersign-bench-engines");
        let status = shell::status(Command::new(program).arg(self.seed.to_string()))?;
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
