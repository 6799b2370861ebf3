//! `cargo xtask test [FILTER]`: formatting, lints, documentation and dependencies; what the tests need, the tests, the
//! totals.

pub(crate) mod apt;
mod needs;
mod summary;
mod supply_chain;
pub(crate) mod tools;

use std::io::{BufRead, BufReader, Write};
use std::process::ExitCode;

use crate::failure::{Failure, Outcome, While};
use crate::shell;
use needs::Need;
use summary::Summary;
use tools::Tools;

/// The arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Test {
    /// Runs only tests whose names hold this; without it, all, after formatting, lints, documentation and
    /// dependencies.
    filter: Option<String>,
    /// Adds the long runs, which read COUNTERSIGN_FULL=1 from their environment.
    #[arg(long)]
    full: bool,
}

/// What is shipped: the command without the demonstration.
const SHIPPED: [&str; 5] =
    ["--package", "countersign", "--no-default-features", "--features", "traces"];

/// What the first command builds.
const DEMONSTRATED: [&str; 2] = ["--package", "countersign"];

/// What is tested: everything, proofs and traces too, which the demonstration does without.
const WHAT: [&str; 3] = ["--workspace", "--features", "countersign/prove,countersign/traces"];

impl Test {
    /// Runs it. The exit code is that of the step that failed, or of `cargo test`.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        if self.filter.is_none() {
            shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
            let lints = ["--all-targets", "--", "-D", "warnings"];
            shell::run(shell::cargo().arg("clippy").args(WHAT).args(lints))?;
            shell::run(shell::cargo().arg("clippy").args(SHIPPED).args(&lints[1..]))?;
            shell::run(shell::cargo().arg("clippy").args(DEMONSTRATED).args(&lints[1..]))?;
            let mut doc = shell::cargo();
            doc.env("RUSTDOCFLAGS", "-D warnings").arg("doc").args(WHAT).arg("--no-deps");
            shell::run(&mut doc)?;
            supply_chain::check()?;
        }
        shell::run(shell::cargo().arg("test").args(WHAT).arg("--no-run"))?;
        let tools = Tools::set_up(&self.needs()?)?;
        self.run_tests(&tools)
    }

    /// What the tests that will run stand on, by their names.
    fn needs(&self) -> Outcome<Vec<Need>> {
        let mut list = shell::cargo();
        list.args(["test", "--quiet"])
            .args(WHAT)
            .args(["--lib", "--bins", "--tests"])
            .args(&self.filter)
            .args(["--", "--list", "--format", "terse"]);
        let names = shell::output(&mut list)
            .ok_or_else(|| Failure::new("`cargo test -- --list` failed; run it to see why"))?;
        Ok(needs::of_tests(&names, self.full))
    }

    fn run_tests(&self, tools: &Tools) -> Outcome<ExitCode> {
        let mut command = shell::cargo();
        command.arg("test").args(WHAT).arg("--no-fail-fast").args(&self.filter);
        command.args(["--", "--show-output"]);
        command.envs(tools.variables());
        if self.full {
            command.env("COUNTERSIGN_FULL", "1");
        }
        println!("$ cargo test --workspace {}", self.filter.as_deref().unwrap_or_default());
        // One pipe for both, so that what cargo says stands before the tests that it speaks of.
        let piping = || "starting cargo test".to_owned();
        let (output, input) = std::io::pipe().during(piping)?;
        command.stdout(input.try_clone().during(piping)?).stderr(input);
        let mut child = command.spawn().during(piping)?;
        // It holds the pipe's other end, which has to close when the tests are done.
        drop(command);
        let mut summary = Summary::default();
        show(BufReader::new(output), &mut summary)?;
        let status = child.wait().during(|| "waiting for cargo test".to_owned())?;
        println!("\n{summary}");
        Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
    }
}

/// Passes the runner's output on, line by line, but for what passing tests printed.
fn show(mut output: impl BufRead, summary: &mut Summary) -> Outcome<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read =
            output.read_until(b'\n', &mut line).during(|| "reading test output".to_owned())?;
        if read == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        if summary.take(text.trim_end()) {
            let mut out = std::io::stdout().lock();
            out.write_all(&line).and_then(|()| out.flush()).during(|| "printing".to_owned())?;
        }
    }
}
